//! Stand-ins for the whole system.
