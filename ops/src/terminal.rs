//! What a command says: lines, coloured only on a terminal and without `NO_COLOR`.
//!
//! A reader that has gone away is no reason to stop: that a line can't be written is passed over, and the exit code says
//! how it ended.

use std::{fmt::Display, io::Write};

use anstyle::{AnsiColor, Style};

/// Weak text: what a reader can skip.
pub const DIM: Style = Style::new().dimmed();
/// Headings.
pub const BOLD: Style = Style::new().bold();
/// Good news.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What deserves a look.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// What is wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Prints a line on standard output.
pub fn say(line: impl Display) {
    let _ = writeln!(anstream::stdout(), "{line}");
}

/// Prints a line on standard error, after a word that says how bad it is.
pub fn complain(style: Style, word: &str, line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{style}{word}{style:#} {line}");
}
