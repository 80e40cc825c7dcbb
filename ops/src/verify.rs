//! `custodian verify`: whether a table's rows are whole, agree with each other, and are those of an export.

mod against;
mod book;
mod check;
mod finding;

use std::path::PathBuf;

use backup_shares::{ids::ClientId, key_ring::KeyRing, stop::partition};
use clap::Args;
use serde_json::json;

use self::{
    book::{Book, Reached},
    check::{Checker, Counts},
    finding::Finding,
};
use crate::{
    exit::Exit,
    export::archive::Archive,
    failed::Failed,
    half::{Half, Keys, Tables},
    scan::{self, Key, Part, Place, Progress, Rate, Scan},
    stops::client,
    table::{self, Rows},
    terminal::{BAD, DIM, GOOD, WARN, say},
};

/// After so many rows the run can be ended and goes on from there.
const KEPT_EVERY: u64 = 1000;

/// Checks every row of a table: its form, its key, its time, and that share and time row agree. It opens nothing.
///
/// With an export it names each row that was removed, put back or changed since, and so an old copy in the table's place.
#[derive(Args, Debug)]
#[command(after_help = MORE)]
pub struct Options {
    /// One half alone [default: both, one after the other].
    #[arg(long)]
    half: Option<Half>,
    /// One client's rows alone.
    #[arg(long, value_name = "ID", value_parser = client)]
    client: Option<ClientId>,
    /// Another table of that half, such as a restored one.
    #[arg(long, value_name = "NAME", requires = "half")]
    table: Option<String>,
    /// A file of `custodian export`, of that half.
    #[arg(long, value_name = "FILE", requires = "half")]
    against: Option<PathBuf>,
    /// Keep in this file what has been done, so that the same command goes on after it was ended. It is removed at the end.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    #[command(flatten)]
    rate: Rate,
    #[command(flatten)]
    tables: Tables,
    #[command(flatten)]
    keys: Keys,
}

const MORE: &str = "\
Exit codes:
  0  all rows are well
  1  findings, a line each
  2  an option, a variable or a file can't be used
  4  not done: AWS refuses, or the export is cut or was edited";

/// A half that is checked.
struct Checked {
    rows: Rows,
    keys: Option<KeyRing>,
}

/// Verifies one table, or both.
///
/// # Errors
/// What AWS refuses, and files that can't be used.
pub async fn run(options: &Options, json: bool) -> Result<Exit, Failed> {
    let halves = checked(options).await?;
    let archive =
        options.half.zip(options.against.as_ref()).map(|(half, path)| Archive::of(path, half)).transpose()?;
    for half in &halves {
        scan::now(&half.rows).await?;
    }
    let parts = Part::of(options.client.as_ref());
    let fresh = Reached { places: vec![Place::Start; parts.len()], counts: Counts::default() };
    let run = described(options, &halves, archive.as_ref());
    let mut book = Book::open(options.resume.as_deref(), run, vec![fresh; halves.len()], json)?;
    let mut progress = Progress::new("verify");
    for (number, half) in halves.iter().enumerate() {
        read(half, number, &parts, options, &mut book, &mut progress).await?;
    }
    progress.hide();
    book.say_what_waited()?;
    let new = archive.map(|archive| compare(&archive, &mut book, options, json)).transpose()?;
    let findings = tell(json, &halves, &book, new, progress.rate());
    book.remove()?;
    Ok(if findings == 0 { Exit::Good } else { Exit::Found })
}

async fn checked(options: &Options) -> Result<Vec<Checked>, Failed> {
    let mut halves = Vec::new();
    let dynamodb = table::client().await;
    for half in options.half.map_or_else(|| Half::BOTH.to_vec(), |half| vec![half]) {
        let name = options.table.as_deref().map_or_else(|| options.tables.of(half), Ok)?.to_owned();
        let rows = Rows { half, name, dynamodb: dynamodb.clone() };
        halves.push(Checked { rows, keys: options.keys.of(half)? });
    }
    Ok(halves)
}

/// What a run does: another does not go on with its file.
fn described(options: &Options, halves: &[Checked], archive: Option<&Archive>) -> String {
    let halves = halves.iter().map(|half| format!("the {} half, table {}", half.rows.half, half.rows.name));
    let halves = halves.collect::<Vec<_>>().join(" and ");
    let client = options.client.as_ref().map_or(String::new(), |client| format!(", client {client}"));
    let against = archive.map_or(String::new(), |archive| format!(", against {}", archive.trailer.sha256));
    format!("verify of {halves}{client}{against}")
}

/// Checks what is left of one half.
async fn read(
    half: &Checked,
    number: usize,
    parts: &[Part],
    options: &Options,
    book: &mut Book,
    progress: &mut Progress,
) -> Result<(), Failed> {
    let places = book.reached[number].places.clone();
    let mut checker = Checker::new(&half.rows, half.keys.as_ref(), options.against.is_some(), parts.len());
    let mut scan = Scan::new(&half.rows, options.rate, parts.to_vec(), places);
    let mut kept = book.reached[number].counts.rows;
    while let Some(page) = scan.next().await? {
        progress.add(page.items.len());
        let reached = &mut book.reached[number];
        let seen = checker.page(page, &mut reached.counts).await?;
        scan.places().clone_into(&mut reached.places);
        let rows = reached.counts.rows;
        if !seen.findings.is_empty() {
            progress.hide();
        }
        book.take(&seen)?;
        if rows - kept >= KEPT_EVERY {
            book.keep()?;
            kept = rows;
        }
    }
    book.keep()
}

/// Says what differs from the export. Gives how many rows are new.
fn compare(archive: &Archive, book: &mut Book, options: &Options, json: bool) -> Result<u64, Failed> {
    let asked = |key: &Key| {
        options.client.as_ref().is_none_or(|client| key.pk == client.as_str() || key.pk == partition(client))
    };
    let (mut findings, half) = (0, &archive.header.half);
    let new = against::compare(archive, book.records()?, asked, |kind, row, says| {
        findings += 1;
        Finding { kind, half: half.clone(), row, says }.say(json);
    })?;
    for reached in &mut book.reached {
        reached.counts.findings += findings;
    }
    Ok(new)
}

/// Says how it ended. Gives how many findings there are.
fn tell(json: bool, halves: &[Checked], book: &Book, new: Option<u64>, rate: u64) -> u64 {
    let counted = || halves.iter().zip(book.reached.iter().map(|reached| reached.counts));
    let findings = counted().map(|(_, counts)| counts.findings).sum();
    if json {
        let halves: Vec<_> = counted().map(|(half, counts)| as_json(half, &counts)).collect();
        say(json!({
            "halves": halves, "findings": findings, "new": new, "rowsPerSecond": rate, "exit": u8::from(findings > 0),
        }));
        return findings;
    }
    for (half, counts) in counted() {
        tell_half(half, &counts);
    }
    if let Some(new) = new {
        say(format_args!("   {new} rows are newer than the export"));
    }
    match findings {
        0 => say(format_args!("{GOOD}All rows are well.{GOOD:#} Whether they open, only opening them says.")),
        1 => say(format_args!("{BAD}1 finding.{BAD:#}")),
        _ => say(format_args!("{BAD}{findings} findings.{BAD:#}")),
    }
    findings
}

fn as_json(half: &Checked, counts: &Counts) -> serde_json::Value {
    json!({
        "half": half.rows.half.to_string(), "table": half.rows.name, "rows": counts.rows, "shares": counts.shares,
        "timeRows": counts.times, "unacknowledged": counts.unacknowledged(), "stopRows": counts.stops,
        "foreign": counts.foreign, "keysChecked": half.keys.is_some(),
    })
}

fn tell_half(half: &Checked, counts: &Counts) {
    let Checked { rows, keys } = half;
    let Counts { shares, times, stops, foreign, .. } = counts;
    say(format_args!("The {} half, table {}: {} rows", rows.half, rows.name, counts.rows));
    let unacknowledged = counts.unacknowledged();
    say(format_args!(
        "{DIM}   {shares} shares, {times} time rows, {stops} rows of stops, {foreign} foreign; {unacknowledged} shares were never \
         acknowledged{DIM:#}"
    ));
    if keys.is_none() {
        let variable = if rows.half == Half::Client { "CLIENT_KEYS" } else { "CUSTODIAN_KEYS" };
        say(format_args!(
            "   {WARN}which keys they are sealed under was not checked: export {variable}{WARN:#}"
        ));
    }
}
