//! `custodian export`: a copy of one half's rows, sealed as they are, for a place outside the account.

pub mod archive;
pub mod line;
pub mod sort;

use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempPath;

use self::archive::{Archive, Header, Trailer};
use crate::{
    exit::Exit,
    failed::Failed,
    half::{Half, Tables},
    journal::{self, Files, Journal, beside, failed, folder, sync_name},
    scan::{self, Key, Part, Place, Progress, Rate, Scan},
    table::Rows,
    terminal::{GOOD, say},
    times::written,
};

/// After so many rows the run can be ended and goes on from there.
const KEPT_EVERY: u64 = 1000;

/// Writes all rows of one half to a file: sealed as they are, nothing is opened.
///
/// Keep the file outside the account: it is what `custodian verify --against` measures the table by, and a copy that
/// nobody who has taken over the account can reach. It is personal data, and useless without the half's KMS key.
///
/// It can be stopped at any moment, and goes on when it is run again. On its way it takes the file's space three times over, in
/// the file's folder.
#[derive(Args, Debug)]
pub struct Options {
    /// Which half.
    #[arg(long)]
    half: Half,
    /// The file. One that is there is never replaced.
    #[arg(value_name = "OUT")]
    out: PathBuf,
    #[command(flatten)]
    rate: Rate,
    #[command(flatten)]
    tables: Tables,
}

/// What a run has got to.
#[derive(Deserialize, Serialize)]
struct State {
    started_at: String,
    rows: u64,
    places: Vec<Place>,
}

/// Exports a half.
///
/// # Errors
/// What AWS refuses, and what can't be written.
pub async fn run(options: &Options, json: bool) -> Result<Exit, Failed> {
    let [rows] = Rows::of([options.half], &options.tables).await?;
    let out = &options.out;
    let files = Files { checkpoint: beside(out, ".checkpoint"), spool: beside(out, ".partial") };
    let run = format!("export of the {} half, table {}", rows.half, rows.name);
    if out.exists() {
        return finished(out, &files, &run, json);
    }
    // Who may not read, or names no table, learns it before a file is made.
    let started_at = written(scan::now(&rows).await?);
    let places = vec![Place::Start; Part::of(None).len()];
    let (mut journal, mut state) = Journal::open(&files, &run, State { started_at, rows: 0, places })?;
    let rate = read(&rows, options.rate, &run, &mut journal, &mut state).await?;
    let header = Header::new(options.half, &rows.name, state.started_at);
    let trailer = sort(&journal, &header, out)?;
    journal.remove()?;
    tell(json, out, &header, &trailer, Some(rate));
    Ok(Exit::Good)
}

/// A run that was ended between its last two steps has left its notes beside the file.
fn finished(out: &Path, files: &Files, run: &str, json: bool) -> Result<Exit, Failed> {
    let refused = || Failed::usage(format!("{} is there already: name another file", out.display()));
    if !files.checkpoint.exists() {
        return Err(refused());
    }
    let state: State = journal::state(&files.checkpoint, run)?;
    let Archive { header, trailer, .. } = Archive::open(out)?;
    if header.started_at != state.started_at {
        return Err(refused());
    }
    files.remove()?;
    tell(json, out, &header, &trailer, None);
    Ok(Exit::Good)
}

/// Reads what is left to be read. Gives how many rows a second.
async fn read(
    rows: &Rows,
    rate: Rate,
    run: &str,
    journal: &mut Journal,
    state: &mut State,
) -> Result<u64, Failed> {
    let mut scan = Scan::new(rows, rate, Part::of(None), state.places.clone());
    let (mut progress, mut kept) = (Progress::new(run), state.rows);
    while let Some(page) = scan.next().await? {
        for item in &page.items {
            let key = Key::of(item).ok_or_else(|| scan::no_shares(&rows.name))?;
            let line = line::line(&key, item).ok_or_else(|| line::unknown_type(&key))?;
            journal.add(&line)?;
        }
        state.rows += page.items.len() as u64;
        scan.places().clone_into(&mut state.places);
        progress.add(page.items.len());
        if state.rows - kept >= KEPT_EVERY {
            journal.keep(run, &*state)?;
            kept = state.rows;
        }
    }
    journal.keep(run, &*state)?;
    Ok(progress.rate())
}

/// Makes the file of the lines, at one stroke.
fn sort(journal: &Journal, header: &Header, out: &Path) -> Result<Trailer, Failed> {
    let (spool, bytes) = journal.lines()?;
    let sorting = beside(out, ".sorting");
    let lines = sort::sorted(sort::Section::new(Rc::new(spool), 0, bytes), folder(out));
    let trailer = lines.and_then(|lines| archive::write(&sorting, header, lines)).map_err(failed(out))?;
    let sorted = TempPath::try_from_path(&sorting).map_err(failed(out))?;
    sorted.persist_noclobber(out).map_err(|error| failed(out)(error.error))?;
    sync_name(out).map_err(failed(out))?;
    Ok(trailer)
}

fn tell(json: bool, out: &Path, header: &Header, trailer: &Trailer, rate: Option<u64>) {
    let Header { half, table, started_at, .. } = header;
    let Trailer { rows, sha256 } = trailer;
    if json {
        return say(json!({
            "exported": out.display().to_string(), "half": half, "table": table, "startedAt": started_at, "rows": rows,
            "sha256": sha256, "rowsPerSecond": rate, "exit": Exit::Good as u8,
        }));
    }
    let rate = rate.map_or(String::new(), |rate| format!(", {rate} a second"));
    say(format_args!("{GOOD}{rows} rows{GOOD:#} of the {half} half, table {table}, from {started_at}{rate}"));
    say(format_args!("   in {}, sha256 {sha256}", out.display()));
}
