//! What a long run has got to, so that it can be ended at any moment and go on: lines in a spool, and a checkpoint that
//! says how many bytes of it count.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::failed::Failed;

/// The lines of a run, and what it has got to.
pub struct Journal {
    spool: BufWriter<File>,
    bytes: u64,
    files: Option<Files>,
}

/// Where a journal lies.
#[derive(Clone, Debug)]
pub struct Files {
    /// Its checkpoint, replaced at one stroke.
    pub checkpoint: PathBuf,
    /// Its lines.
    pub spool: PathBuf,
}

/// What a checkpoint's file says.
#[derive(Deserialize, Serialize)]
struct Checkpoint<S> {
    /// What the run does, for people. Another run does not go on from here.
    run: String,
    /// So many bytes of the spool count.
    bytes: u64,
    state: S,
}

impl Journal {
    /// One that is gone with the process.
    ///
    /// # Errors
    /// When the folder for temporary files can't be written.
    pub fn passing() -> Result<Self, Failed> {
        let spool = tempfile::tempfile().map_err(|error| failed(&std::env::temp_dir())(error))?;
        Ok(Self { spool: BufWriter::new(spool), bytes: 0, files: None })
    }

    /// Goes on with a run, or starts it in a state.
    ///
    /// # Errors
    /// When the files are another run's, or can't be used.
    pub fn open<S: DeserializeOwned + Serialize>(
        files: &Files,
        run: &str,
        fresh: S,
    ) -> Result<(Self, S), Failed> {
        let checkpoint = match fs::read(&files.checkpoint) {
            Ok(bytes) => read(&files.checkpoint, &bytes, run)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => start(files, run, fresh)?,
            Err(error) => return Err(failed(&files.checkpoint)(error)),
        };
        let spool = spool(&files.spool, checkpoint.bytes)?;
        let journal =
            Self { spool: BufWriter::new(spool), bytes: checkpoint.bytes, files: Some(files.clone()) };
        Ok((journal, checkpoint.state))
    }

    /// Adds a line. It counts from the next checkpoint on.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add(&mut self, line: &str) -> Result<(), Failed> {
        let added = self.spool.write_all(line.as_bytes()).and_then(|()| self.spool.write_all(b"\n"));
        self.bytes += line.len() as u64 + 1;
        added.map_err(|error| self.failed(error))
    }

    /// Makes all lines count, durably, and the state the one to go on from.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep<S: Serialize>(&mut self, run: &str, state: S) -> Result<(), Failed> {
        let flushed = self.spool.flush();
        flushed.map_err(|error| self.failed(error))?;
        let Some(files) = &self.files else { return Ok(()) };
        // A checkpoint must not count bytes that a power cut takes away.
        self.spool.get_ref().sync_data().map_err(failed(&files.spool))?;
        write(&files.checkpoint, &Checkpoint { run: run.into(), bytes: self.bytes, state })
    }

    /// The lines that count after [`Journal::keep`], and how many bytes they are.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn lines(&self) -> Result<(File, u64), Failed> {
        let spool = self.spool.get_ref().try_clone();
        Ok((spool.map_err(|error| self.failed(error))?, self.bytes))
    }

    /// Removes it: the run is at its end. The checkpoint goes last, since a spool without one is nobody's.
    ///
    /// # Errors
    /// When a file can't be removed.
    pub fn remove(self) -> Result<(), Failed> {
        self.files.as_ref().map_or(Ok(()), Files::remove)
    }

    fn failed(&self, error: io::Error) -> Failed {
        let folder = std::env::temp_dir();
        failed(self.files.as_ref().map_or(&folder, |files| &files.spool))(error)
    }
}

impl Files {
    /// Removes them, where they are.
    ///
    /// # Errors
    /// When one can't be removed.
    pub fn remove(&self) -> Result<(), Failed> {
        for file in [&self.spool, &self.checkpoint] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(file)(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What a file could not do.
pub fn failed(path: &Path) -> impl FnOnce(io::Error) -> Failed {
    let path = path.display().to_string();
    move |error| Failed::not_done(format!("{path}: {error}"))
}

/// A new file that nobody else can read.
///
/// # Errors
/// When it can't be written.
pub fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A file beside another, under its name with an ending.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The folder that a file lies in.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a file's name as durable as its bytes.
///
/// # Errors
/// When the folder can't be written.
pub fn sync_name(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// What a run has got to.
///
/// # Errors
/// When the file is another run's, or can't be read.
pub fn state<S: DeserializeOwned>(checkpoint: &Path, run: &str) -> Result<S, Failed> {
    let bytes = fs::read(checkpoint).map_err(failed(checkpoint))?;
    Ok(read(checkpoint, &bytes, run)?.state)
}

fn read<S: DeserializeOwned>(path: &Path, bytes: &[u8], run: &str) -> Result<Checkpoint<S>, Failed> {
    let refuse = |why: String| Failed::usage(format!("{}: {why}", path.display()));
    let checkpoint: Checkpoint<serde_json::Value> = serde_json::from_slice(bytes)
        .map_err(|_| refuse("this is no checkpoint of this command. Name another file".into()))?;
    if checkpoint.run != run {
        let other = checkpoint.run;
        return Err(refuse(format!(
            "this is the checkpoint of another run ({other}): end that, or name another file"
        )));
    }
    let state = serde_json::from_value(checkpoint.state)
        .map_err(|_| refuse("this checkpoint is of another build: remove it and start again".into()))?;
    Ok(Checkpoint { run: checkpoint.run, bytes: checkpoint.bytes, state })
}

/// A spool without a checkpoint is nobody's: the checkpoint is there first.
fn start<S: Serialize>(files: &Files, run: &str, state: S) -> Result<Checkpoint<S>, Failed> {
    if files.spool.exists() {
        return Err(Failed::usage(format!("{} is in the way: remove it", files.spool.display())));
    }
    let checkpoint = Checkpoint { run: run.into(), bytes: 0, state };
    write(&files.checkpoint, &checkpoint)?;
    Ok(checkpoint)
}

fn write<S: Serialize>(path: &Path, checkpoint: &Checkpoint<S>) -> Result<(), Failed> {
    let new = beside(path, ".new");
    let written = || {
        let mut file = private(&new)?;
        serde_json::to_writer(&mut file, checkpoint)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        sync_name(path)
    };
    written().map_err(failed(path))
}

/// Opens a spool, cuts it to the bytes that count, and keeps other processes out.
fn spool(path: &Path, bytes: u64) -> Result<File, Failed> {
    let mut options = OpenOptions::new();
    let open = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let mut spool = open.map_err(failed(path))?;
    match spool.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Failed::usage(format!("{}: another process is at it", path.display())));
        }
        Err(TryLockError::Error(error)) => return Err(failed(path)(error)),
    }
    if spool.metadata().map_err(failed(path))?.len() < bytes {
        let why = "a part of it is missing: remove it and its checkpoint, and start again";
        return Err(Failed::not_done(format!("{}: {why}", path.display())));
    }
    let ready = spool.set_len(bytes).and_then(|()| spool.seek(SeekFrom::End(0)));
    ready.map_err(failed(path))?;
    Ok(spool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn files(folder: &Path) -> Files {
        Files { checkpoint: folder.join("run"), spool: folder.join("run.lines") }
    }

    fn lines(journal: &Journal) -> String {
        let (mut file, bytes) = journal.lines().unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut text = String::new();
        file.take(bytes).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_run_goes_on_from_its_checkpoint_and_what_came_after_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let (mut journal, state) = Journal::open(&files, "one", 7).unwrap();
        assert_eq!(state, 7);
        journal.add("kept").unwrap();
        journal.keep("one", 8).unwrap();
        journal.add("lost").unwrap();
        journal.spool.flush().unwrap();
        drop(journal);
        let (mut journal, state) = Journal::open(&files, "one", 7).unwrap();
        assert_eq!((state, lines(&journal)), (8, "kept\n".into()));
        journal.add("more").unwrap();
        journal.keep("one", 9).unwrap();
        assert_eq!(lines(&journal), "kept\nmore\n");
        journal.remove().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_not_this_runs_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        drop(Journal::open(&files, "one", 7).unwrap());
        assert!(Journal::open(&files, "other", 7).is_err(), "another run's");
        assert!(Journal::open(&files, "one", String::new()).is_err(), "another build's");
        let (first, _) = Journal::open(&files, "one", 7).unwrap();
        assert!(Journal::open(&files, "one", 7).is_err(), "another process's");
        drop(first);
        fs::remove_file(&files.checkpoint).unwrap();
        assert!(Journal::open(&files, "one", 7).is_err(), "nobody's");
        fs::write(&files.checkpoint, "a letter").unwrap();
        assert!(Journal::open(&files, "one", 7).is_err(), "somebody's");
        assert_eq!(fs::read_to_string(&files.checkpoint).unwrap(), "a letter");
    }
}
