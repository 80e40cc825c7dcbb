//! Everything that `cargo local` says: plain lines, coloured only on a terminal and without `NO_COLOR`.
//!
//! A terminal that has gone away is no reason to stop serving: that a line can't be written is passed over.

use std::{
    fmt::Display,
    io::{IsTerminal, Write},
};

use anstyle::{AnsiColor, Style};

/// Weak text: what a reader can skip.
pub const DIM: Style = Style::new().dimmed();
/// Strong text: headings, and what a reader copies.
pub const BOLD: Style = Style::new().bold();
/// Good news.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Warnings of functions and of the run itself.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// Errors.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Prints one line on standard output.
pub fn say(line: impl Display) {
    let _ = writeln!(anstream::stdout(), "{line}");
}

/// Prints one line in a style on standard output.
pub fn say_in(style: Style, line: impl Display) {
    say(format_args!("{style}{line}{style:#}"));
}

/// Prints one line on standard error, under a word that says how bad it is.
pub fn complain(style: Style, word: &str, line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{style}{word}{style:#} {line}");
}

/// Prints text that another program rendered (with its colours) on standard error, over its progress bar.
pub fn relay(text: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K");
    }
    let _ = write!(anstream::stderr(), "{text}");
}
