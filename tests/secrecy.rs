//! Nobody gets in, and nothing comes out: rights, the sealed form, logs, memory, time.

pub mod access;
pub mod constant_time;
pub mod envelope;
pub mod leaks;
pub mod logs;
pub mod memory;
pub mod rolling_back;
pub mod swapping;
pub mod tampering;
pub mod vectors;
