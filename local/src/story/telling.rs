//! How the story looks on a terminal of 80 columns.

use std::fmt::Display;

use crate::terminal::{self, BOLD, DIM};

/// The heading of an act.
pub fn act(number: u8, title: &str) {
    terminal::say("");
    terminal::say_in(BOLD, format_args!("{number}. {title}"));
}

/// What no request shows.
pub fn aside(text: &str) {
    terminal::say(format_args!("   {text}"));
}

/// One request: who asked, and what it carried and brought.
pub fn exchange(who: &str, request: &str, what: impl Display) {
    terminal::say(format_args!("   {who:<6}  {request}"));
    terminal::say_in(DIM, format_args!("           {what}"));
}
