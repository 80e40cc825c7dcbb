//! What a run has found: said at once, or kept until its end where it can be resumed, so that every finding is said once.

use std::{
    io::BufReader,
    path::{Path, PathBuf},
    rc::Rc,
};

use serde::{Deserialize, Serialize};

use super::{
    check::{Counts, Seen},
    finding::Finding,
};
use crate::{
    export::sort::{Merged, Section, next_line, sorted},
    failed::Failed,
    journal::{Files, Journal, beside, failed, folder},
    scan::Place,
};

/// What a run has got to, for each half.
#[derive(Clone, Deserialize, Serialize)]
pub struct Reached {
    /// In each part of the scan.
    pub places: Vec<Place>,
    /// Of the rows so far.
    pub counts: Counts,
}

/// A run's findings, and what it has got to.
pub struct Book {
    /// What it has got to.
    pub reached: Vec<Reached>,
    run: String,
    journal: Journal,
    /// Findings wait in the journal for the end.
    waits: bool,
    /// Where files can be made that are gone with the process.
    folder: PathBuf,
    json: bool,
}

impl Book {
    /// One that goes on from a file, or starts it; without a file one that is gone with the process.
    ///
    /// # Errors
    /// When the file is another run's, or can't be used.
    pub fn open(resume: Option<&Path>, run: String, fresh: Vec<Reached>, json: bool) -> Result<Self, Failed> {
        let Some(checkpoint) = resume else {
            let (journal, folder) = (Journal::passing()?, std::env::temp_dir());
            return Ok(Self { reached: fresh, run, journal, waits: false, folder, json });
        };
        let files = Files { checkpoint: checkpoint.into(), spool: beside(checkpoint, ".findings") };
        let (journal, reached) = Journal::open(&files, &run, fresh)?;
        Ok(Self { reached, run, journal, waits: true, folder: folder(checkpoint).into(), json })
    }

    /// Takes what a page showed.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn take(&mut self, seen: &Seen) -> Result<(), Failed> {
        for finding in &seen.findings {
            if self.waits {
                self.journal.add(&serde_json::json!(finding).to_string())?;
            } else {
                finding.say(self.json);
            }
        }
        seen.records.iter().try_for_each(|record| self.journal.add(&record.line()))
    }

    /// Makes all that was taken count.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep(&mut self) -> Result<(), Failed> {
        self.journal.keep(&self.run, &self.reached)
    }

    /// Says the findings that have waited.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn say_what_waited(&self) -> Result<(), Failed> {
        let mut lines = BufReader::new(self.lines()?);
        loop {
            let line = next_line(&mut lines).map_err(failed(&self.folder))?;
            if line.is_empty() {
                return Ok(());
            }
            if let Ok(finding) = serde_json::from_slice::<Finding>(&line) {
                finding.say(self.json);
            }
        }
    }

    /// What is there, in the order of the keys.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn records(&self) -> Result<Merged, Failed> {
        sorted(self.lines()?, &self.folder).map_err(failed(&self.folder))
    }

    /// Removes it: the run is at its end.
    ///
    /// # Errors
    /// When a file can't be removed.
    pub fn remove(self) -> Result<(), Failed> {
        self.journal.remove()
    }

    fn lines(&self) -> Result<Section, Failed> {
        let (file, bytes) = self.journal.lines()?;
        Ok(Section::new(Rc::new(file), 0, bytes))
    }
}
