//! What is there beside what was exported: both in the order of their keys, so that one pass sees every difference.

use std::cmp::Ordering;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::json;

use super::finding::Kind;
use crate::{
    export::{
        archive::{Archive, hex_of},
        sort::{Line, Merged},
    },
    failed::Failed,
    scan::Key,
    times::{read, written},
};

/// How much earlier than an export a row must say that it is to be expected in it, in milliseconds: a store takes some
/// seconds from its time to its rows.
const MARGIN: u64 = 60 * 1000;

/// That a row is there: its key, what it holds, and its time.
pub struct Record {
    key: Key,
    holds: Held,
}

#[derive(Deserialize)]
struct Held {
    sha256: String,
    at: Option<u64>,
}

impl Record {
    /// A row's, by its line.
    pub fn new(key: Key, line: &[u8], at: Option<u64>) -> Self {
        Self { key, holds: Held { sha256: sha256(line), at } }
    }

    /// As a line that can be sorted.
    pub fn line(&self) -> String {
        let Self { key: Key { pk, sk }, holds: Held { sha256, at } } = self;
        json!({ "pk": { "S": pk }, "sk": { "S": sk }, "sha256": sha256, "at": at }).to_string()
    }

    fn read(line: Line) -> Option<Self> {
        Some(Self { holds: serde_json::from_slice(&line.text).ok()?, key: line.key })
    }
}

fn sha256(line: &[u8]) -> String {
    hex_of(&digest(&SHA256, line.strip_suffix(b"\n").unwrap_or(line)))
}

/// Compares an export with what is there, of the keys that are `asked` for. Gives how many rows are new.
///
/// # Errors
/// When one of the two can't be read.
pub fn compare(
    archive: &Archive,
    there: Merged,
    asked: impl Fn(&Key) -> bool,
    mut tell: impl FnMut(Kind, Key, String),
) -> Result<u64, Failed> {
    let started = read(&archive.header.started_at).map_err(Failed::not_done)?;
    let oldest = started.saturating_sub(MARGIN);
    let mut exported = archive.lines().filter(|line| line.as_ref().map_or(true, |line| asked(&line.key)));
    let mut there = there.map(|line| {
        let record = line.ok().and_then(Record::read);
        record.ok_or_else(|| Failed::not_done("what this run wrote down can't be read: run it again"))
    });
    let (mut one, mut other, mut new) = (exported.next().transpose()?, there.next().transpose()?, 0);
    loop {
        let order = match (&one, &other) {
            (None, None) => return Ok(new),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.key.cmp(&other.key),
        };
        let exported_row = if order == Ordering::Greater { None } else { take(&mut one, &mut exported)? };
        let row = if order == Ordering::Less { None } else { take(&mut other, &mut there)? };
        match (exported_row, row) {
            (Some(line), None) => {
                tell(Kind::Removed, line.key, "it was exported, and it is not there".into());
            }
            (Some(line), Some(row)) if sha256(&line.text) != row.holds.sha256 => {
                tell(Kind::Changed, row.key, "it is not what was exported".into());
            }
            (None, Some(row)) if row.holds.at.is_none_or(|at| at <= oldest) => {
                let says = old(&row, &archive.header.started_at);
                tell(Kind::PutBack, row.key, says);
            }
            (None, Some(_)) => new += 1,
            _ => {}
        }
    }
}

/// What stands first, and the next in its place.
fn take<T>(
    first: &mut Option<T>,
    others: &mut impl Iterator<Item = Result<T, Failed>>,
) -> Result<Option<T>, Failed> {
    Ok(std::mem::replace(first, others.next().transpose()?))
}

fn old(row: &Record, started_at: &str) -> String {
    let of = row
        .holds
        .at
        .map_or("doesn't say when it was made".into(), |at| format!("says it is of {}", written(at)));
    let text = format!(
        "it was not there in the export of {started_at}, and {of}: it was put back, or inserted with an old time"
    );
    // A store that died between its two rows is completed by a late repetition.
    let may_be_late = row.key.sk.starts_with("time#");
    if may_be_late { format!("{text}, or a store was repeated late") } else { text }
}
