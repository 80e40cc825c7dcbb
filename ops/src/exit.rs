//! How a command ends, as a script sees it.

use std::process::ExitCode;

/// The exit code. Once it is given away, a number keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and all is well.
    Good = 0,
    /// Done, and something is wrong with the stack.
    Found = 1,
    /// The command line or what it names can't be used: nothing was sent. The parser of the command line gives it too.
    Usage = 2,
    /// Only a part could be done, and that is well.
    Half = 3,
    /// Not done: what was given doesn't fit what is there. It says nothing about the stack.
    NotDone = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
