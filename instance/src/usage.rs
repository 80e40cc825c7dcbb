//! What a process has taken, as Linux tells it.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// What a process has taken.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// The most memory that it has had at once, in bytes.
    pub peak_memory: u64,
    /// How long its threads have kept a processor busy, to the nanosecond.
    pub processor: Duration,
}

impl Usage {
    pub(crate) fn of(process: u32) -> Result<Self> {
        Ok(Self { peak_memory: peak_memory(process)?, processor: processor(process)? })
    }
}

// `/proc/PID/stat` counts hundredths of a second.
fn processor(process: u32) -> Result<Duration> {
    let mut all = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task")).context("the process has ended")? {
        // A thread that has ended meanwhile keeps no processor busy.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let first = text.split(' ').next().context("an empty schedstat")?;
        all += Duration::from_nanos(first.parse()?);
    }
    Ok(all)
}

fn peak_memory(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: u64 = line.trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
