//! The data folder of a run: one run at a time, its secret, its logs, and its children for the next start to end.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

use crate::{durable, process::Process};

/// A data folder that this process runs on, alone, as long as the value lives.
#[derive(Debug)]
pub struct Data {
    folder: PathBuf,
    shields_children: bool,
    _lock: File,
}

impl Data {
    /// Takes the folder, made when it isn't there; ends what a killed run left behind, and empties the logs.
    ///
    /// # Errors
    /// When another run has it, or when it can't be written.
    pub fn take(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("the data folder {shown} can't be made"))?;
        let folder = folder.canonicalize()?;
        let lock = private(&folder.join("lock")).with_context(|| format!("can't write to {shown}"))?;
        if !locked(&lock).with_context(|| format!("{shown} can't be locked"))? {
            bail!(
                "another `cargo local` runs on {shown}: stop that one, or choose another folder with --data"
            );
        }
        let data = Self { folder, shields_children: false, _lock: lock };
        data.end_leftovers()?;
        empty_files(&data.logs()).with_context(|| format!("the logs in {shown} can't be emptied"))?;
        Ok(data)
    }

    /// Keeps the terminal's Ctrl-C away from the children, for a process that answers it by ending them in order.
    /// Otherwise they get it together with this process, which may die of it at once, as a test does.
    #[must_use]
    pub fn shielding_children(self) -> Self {
        Self { shields_children: true, ..self }
    }

    /// A file of this folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The secret that Portal's calls carry: 32 random bytes as hex digits, made on first use.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn webhook_secret(&self) -> Result<String> {
        let path = self.file("webhook-secret");
        match fs::read_to_string(&path) {
            Ok(secret) => Ok(secret.trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut bytes = [0; 32];
                aws_lc_rs::rand::fill(&mut bytes).context("no random numbers")?;
                let secret = hex::encode(bytes);
                durable::write(&path, secret.as_bytes())
                    .with_context(|| format!("{} can't be written", path.display()))?;
                Ok(secret)
            }
            Err(error) => Err(error).with_context(|| format!("{} can't be read", path.display())),
        }
    }

    /// The file that a function, or another child, logs to.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// Opens that file; what this run has written to it stays.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn open_log(&self, name: &str) -> Result<File> {
        let path = self.log(name);
        let file = File::options().create(true).append(true).open(&path);
        file.with_context(|| format!("{} can't be written", path.display()))
    }

    /// The folder of those files.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.file("logs")
    }

    /// Starts a child and remembers it, so that the next start can end it if this process gets no chance to.
    ///
    /// # Errors
    /// When it doesn't start, or can't be remembered.
    pub fn spawn(&self, mut command: Command) -> Result<Child> {
        if self.shields_children {
            command.process_group(0);
        }
        let child = command.kill_on_drop(true).spawn()?;
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        if let Some(id) = child.id() {
            self.remember(&Process::new(id, program))?;
        }
        Ok(child)
    }

    fn remember(&self, child: &Process) -> Result<()> {
        let mut line = serde_json::to_vec(child)?;
        line.push(b'\n');
        let path = self.children();
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(file.write_all(&line)?)
    }

    /// Forgets the children: all have ended.
    ///
    /// # Errors
    /// When their file can't be removed.
    pub fn forget(&self) -> Result<()> {
        remove(&self.children())
    }

    fn children(&self) -> PathBuf {
        self.file("children.jsonl")
    }

    fn end_leftovers(&self) -> Result<()> {
        let lines = match fs::read_to_string(self.children()) {
            Ok(lines) => lines,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).context("the record of an earlier run's processes can't be read");
            }
        };
        // A last line that was cut off names no process that can be told apart.
        for child in lines.lines().filter_map(|line| serde_json::from_str::<Process>(line).ok()) {
            child.end().context("a process that an earlier run left behind can't be ended")?;
        }
        self.forget()
    }
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} can't be removed", path.display()))
        }
        _ => Ok(()),
    }
}

/// Makes the folder when it isn't there; its files stay, so that whoever follows one sees what comes.
fn empty_files(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        File::create(entry?.path())?;
    }
    Ok(())
}

/// Tries for a moment: a process that is just being started holds a copy of its parent's locks until its program runs,
/// and a run that was stopped takes a moment to end.
fn locked(file: &File) -> io::Result<bool> {
    for _ in 0..10 {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, process::Stdio};

    use rustix::process::{Pid, getpgid, getpgrp};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn a_folder_has_one_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Data::take(folder.path()).unwrap();
        let refused = Data::take(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("another `cargo local` runs on"), "{refused}");
        drop(first);
        Data::take(folder.path()).unwrap();
    }

    #[test]
    fn the_webhook_secret_stays_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let secret = Data::take(folder.path()).unwrap().webhook_secret().unwrap();
        let data = Data::take(folder.path()).unwrap();
        assert_eq!(data.webhook_secret().unwrap(), secret);
        assert_eq!(secret.len(), 64);
        let mode = fs::metadata(data.file("webhook-secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn logs_grow_within_a_run_and_are_empty_at_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::take(folder.path()).unwrap();
        for line in [b"1", b"2"] {
            data.open_log("child").unwrap().write_all(line).unwrap();
        }
        assert_eq!(fs::read(data.log("child")).unwrap(), b"12");
        drop(data);
        let data = Data::take(folder.path()).unwrap();
        assert_eq!(fs::read(data.log("child")).unwrap(), b"");
    }

    #[tokio::test]
    async fn only_a_run_that_answers_ctrl_c_keeps_it_from_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let gets_ctrl_c = |data: &Data| {
            let mut command = Command::new("cat");
            command.stdin(Stdio::piped());
            let child = data.spawn(command).unwrap();
            let id = Pid::from_raw(child.id().unwrap().try_into().unwrap());
            getpgid(id).unwrap() == getpgrp()
        };
        let data = Data::take(folder.path()).unwrap();
        assert!(gets_ctrl_c(&data));
        assert!(!gets_ctrl_c(&data.shielding_children()));
    }

    #[tokio::test]
    async fn the_next_start_ends_what_a_killed_run_left() {
        let folder = tempfile::tempdir().unwrap();
        let killed = Data::take(folder.path()).unwrap();
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = killed.spawn(command).unwrap();
        child.stdin.as_mut().unwrap().write_all(b"x").await.unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).await.unwrap();
        drop(killed);
        Data::take(folder.path()).unwrap();
        assert!(!child.wait().await.unwrap().success());
    }
}
