//! AWS fails: every caller gets an honest answer in time.

pub mod batches;
pub mod connections;
pub mod every_fault;
pub mod honest_503;
