//! What a process has taken, as Linux tells it.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// How long a process has kept a processor busy, by all threads that it has. To the nanosecond, unlike
/// `/proc/PID/stat`.
///
/// # Errors
/// When the process has ended, or the system is not Linux.
pub fn processor(process: u32) -> Result<Duration> {
    let mut all = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task")).context("the process has ended")? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        let first = text.split(' ').next().context("an empty schedstat")?;
        all += Duration::from_nanos(first.parse()?);
    }
    Ok(all)
}

/// The most memory that a process has had at once, in bytes.
///
/// # Errors
/// When the process has ended, or the system is not Linux.
pub fn peak_memory(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: u64 = line.trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
