//! `custodian export` and `verify` of a hundred thousand rows: how fast, in how much memory, and ended at every tenth.

use std::{fs, path::Path, time::Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use super::{
    Custodian,
    planted::{Like, stored},
};
use crate::support::{half::CLIENTS, runtime::PATIENCE, system::System};

/// Of each client, two rows each.
const SHARES: usize = 50;

/// What a run took.
struct Took {
    seconds: f64,
    /// The most memory that it had, in kB.
    peak: u64,
    last: Value,
}

/// Runs a command to its end, and looks at its memory on the way.
async fn measured(custodian: &Custodian) -> Took {
    let (mut command, start) = (custodian.command().await, Instant::now());
    let child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id().unwrap());
    let peak = tokio::task::spawn_blocking(move || peak_of(&status));
    let output = timeout(PATIENCE * 60, child.wait_with_output()).await.unwrap().unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let last = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    Took { seconds, peak: peak.await.unwrap(), last }
}

/// The last that a process said of its peak, as long as it runs. A process that has ended says nothing.
fn peak_of(status: &str) -> u64 {
    let mut peak = 0;
    while let Ok(text) = fs::read_to_string(status) {
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix(" kB"));
        let Some(kilobytes) = line else { break };
        peak = kilobytes.trim().parse().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    peak
}

fn export(system: &System, out: &Path) -> Custodian {
    Custodian::at(system).with(["export", "--half", "client", "--json"]).with([out]).fast()
}

fn verify(system: &System, export: Option<&Path>) -> Custodian {
    let verify = Custodian::at(system).with(["verify", "--half", "client", "--json"]).fast();
    export.map_or_else(|| verify.clone(), |export| verify.with(["--against"]).with([export]))
}

/// A table of so many rows, the two of the share that the others are made of included.
async fn table(rows: usize) -> (System, Like) {
    let (system, database, like) = stored(CLIENTS, 1).await;
    like.spread(&database, 0..rows / 2 / SHARES, SHARES);
    (system, like)
}

fn rows_of(export: &Path) -> Vec<String> {
    let text = fs::read_to_string(export).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    lines[1..lines.len() - 1].iter().map(|line| (*line).to_owned()).collect()
}

/// Measures the three commands on a table of so many rows, and gives their peaks.
#[expect(clippy::print_stderr, reason = "what a long run is for")]
async fn peaks(rows: u32, folder: &Path) -> (System, Vec<u64>) {
    let (system, _) = table(rows as usize).await;
    let out = folder.join(format!("of-{rows}"));
    let mut peaks = Vec::new();
    for (what, command) in [
        ("export", export(&system, &out)),
        ("verify", verify(&system, None)),
        ("verify --against", verify(&system, Some(&out))),
    ] {
        let Took { seconds, peak, last } = measured(&command).await;
        let rate = (f64::from(rows) / seconds).round();
        eprintln!("{what} of {rows} rows: {rate} rows a second, peak {peak} kB");
        let counted = if what == "export" { &last["rows"] } else { &last["halves"][0]["rows"] };
        assert_eq!(counted.as_u64(), Some(u64::from(rows) + 2), "{last}");
        peaks.push(peak);
    }
    (system, peaks)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: cargo test -p tests --profile soak -- --ignored --nocapture long_hundred_thousand_rows"]
async fn long_hundred_thousand_rows_are_exported_and_verified_in_the_memory_of_a_thousand() {
    let folder = TempDir::new().unwrap();
    let (_, few) = peaks(1000, folder.path()).await;
    let (system, many) = peaks(100_000, folder.path()).await;
    for (few, many) in few.iter().zip(&many) {
        assert!(many * 10 <= few * 11, "{many} kB are more than 1.1 times {few} kB");
    }
    let [whole, killed, resume] = ["of-100000", "killed", "resume"].map(|name| folder.path().join(name));
    // 500 pages of 200 rows; each run is ended after a tenth of them.
    for _ in 0..10 {
        export(&system, &killed).is_killed_at(&system, 51).await;
    }
    measured(&export(&system, &killed)).await;
    assert!(rows_of(&killed) == rows_of(&whole), "the export that was killed is another");
    let verify = verify(&system, Some(&whole)).with(["--resume"]).with([&resume]);
    for _ in 0..10 {
        verify.is_killed_at(&system, 51).await;
    }
    let last = measured(&verify).await.last;
    assert_eq!((&last["halves"][0]["rows"], &last["findings"]), (&100_002.into(), &0.into()));
}
