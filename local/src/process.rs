//! Other processes of this computer, by their ids: whether one still is what it was, and its end.

use std::io;

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// A process as it was seen once. Ids are used again, so its command line is kept to know it by.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Process {
    id: u32,
    command: String,
}

impl Process {
    /// The process that has this id now; `None` when there is none.
    #[must_use]
    pub fn of(id: u32) -> Option<Self> {
        command_line(id).map(|command| Self { id, command })
    }

    /// Whether it still runs: that id, with that command line.
    #[must_use]
    pub fn runs(&self) -> bool {
        command_line(self.id).as_deref() == Some(self.command.as_str())
    }

    /// Ends it at once, if it still runs.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn end(&self) -> io::Result<()> {
        let id = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        let Some(id) = id.filter(|_| self.runs()) else { return Ok(()) };
        match kill_process(id, Signal::KILL) {
            Err(rustix::io::Errno::SRCH) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(target_os = "linux")]
fn command_line(id: u32) -> Option<String> {
    let words = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&words).replace('\0', " ").trim_end().to_owned();
    (!line.is_empty()).then_some(line)
}

#[cfg(not(target_os = "linux"))]
fn command_line(id: u32) -> Option<String> {
    let output = std::process::Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &id.to_string()])
        .output()
        .ok()?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_is_known_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::of(child.id()).unwrap();
        assert!(process.runs());
        process.end().unwrap();
        child.wait().unwrap();
        assert!(!process.runs());
        process.end().unwrap();
    }

    #[test]
    fn a_process_with_another_command_is_left_alone() {
        let mut child = Command::new("sleep").arg("61").spawn().unwrap();
        let stranger = Process { id: child.id(), command: "sleep 60".into() };
        stranger.end().unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
