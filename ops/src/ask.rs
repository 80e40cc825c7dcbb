//! Before something changes: what it will do, and a person's yes.

use std::io::{self, BufRead, IsTerminal};

use clap::Args;

use crate::{
    failed::Failed,
    terminal::{BOLD, say},
};

/// How a command that changes something is confirmed.
#[derive(Args, Clone, Copy, Debug)]
pub struct Confirm {
    /// Change nothing: say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

impl Confirm {
    /// Whether to go on.
    ///
    /// # Errors
    /// When there is nobody to be asked, or they say no.
    pub fn go_on(self, what: &str, json: bool) -> Result<bool, Failed> {
        if self.dry_run || self.yes {
            return Ok(self.yes);
        }
        if json || !io::stdin().is_terminal() {
            return Err(Failed::usage(format!(
                "{what}: nobody can be asked here. Add --yes, or --dry-run to look"
            )));
        }
        say(format_args!("{BOLD}{what}? Type yes:{BOLD:#}"));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        match read {
            Ok(_) if answer.trim() == "yes" => Ok(true),
            _ => Err(Failed::not_done("that was no yes: nothing was changed")),
        }
    }
}
