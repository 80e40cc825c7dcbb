//! `cargo local`: AWS on a desk, and the real binaries behind it.

pub mod custodian;
pub mod drill;
pub mod kms_emulator;
pub mod restarting;
mod template;
pub mod whole_system;
