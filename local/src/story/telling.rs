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

/// One request: who asked, what it carried, and what came back.
pub fn exchange(who: &str, request: &str, sent: impl Display, got: impl Display) {
    terminal::say(format_args!("   {who:<6}  {request}"));
    for (word, what) in [("sent", sent.to_string()), ("got", got.to_string())] {
        if !what.is_empty() {
            terminal::say(format_args!("           {DIM}{word:<4}{DIM:#}  {what}"));
        }
    }
}
