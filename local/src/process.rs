//! Other processes of this computer, by their ids: whether one still is what it was, and its end.

use std::io;

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
};
use serde::{Deserialize, Serialize};

/// A process by its id and its program. Ids are used again: the program tells whether it is still the same.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Process {
    id: u32,
    program: String,
}

impl Process {
    /// The process with this id, which was started by the name of this program.
    #[must_use]
    pub fn new(id: u32, program: String) -> Self {
        Self { id, program }
    }

    /// The process that asks.
    #[must_use]
    pub fn this() -> Self {
        Self::new(std::process::id(), std::env::args().next().unwrap_or_default())
    }

    /// Whether it still runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        command_line(self.id).is_some_and(|line| {
            line.strip_prefix(&self.program).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    }

    /// Ends it at once, if it still runs.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn end(&self) -> io::Result<()> {
        let id = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        let Some(id) = id.filter(|_| self.runs()) else { return Ok(()) };
        match kill_process(id, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(target_os = "linux")]
fn command_line(id: u32) -> Option<String> {
    let words = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    Some(String::from_utf8_lossy(&words).trim_end_matches('\0').replace('\0', " "))
}

#[cfg(not(target_os = "linux"))]
fn command_line(id: u32) -> Option<String> {
    let id = id.to_string();
    let output = std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", &id]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A child that has certainly started: it says so.
    fn cat() -> Child {
        let mut command = Command::new("cat");
        let mut child = command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        io::Write::write_all(child.stdin.as_mut().unwrap(), b"x").unwrap();
        io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        child
    }

    #[test]
    fn a_process_is_known_until_it_ends() {
        let mut child = cat();
        let process = Process::new(child.id(), "cat".into());
        assert!(process.runs());
        process.end().unwrap();
        child.wait().unwrap();
        assert!(!process.runs());
        process.end().unwrap();
    }

    #[test]
    fn a_process_of_another_program_is_left_alone() {
        let mut child = cat();
        Process::new(child.id(), "ca".into()).end().unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn this_process_runs() {
        assert!(Process::this().runs());
    }
}
