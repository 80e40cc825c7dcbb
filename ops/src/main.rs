//! `custodian`: the operators' commands for a custodian backend of Portal wallets. One file a command.

mod drill;
mod exit;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The operators' commands for a custodian backend of Portal wallets.
#[derive(Debug, Parser)]
#[command(name = "custodian", version)]
struct Options {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON object a line, for a script.
    #[arg(long, global = true, display_order = 100)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Drill(drill::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let exit = match options.command {
        Command::Drill(drill) => drill::run(&drill, options.json).await,
    };
    exit.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_options_are_consistent() {
        Options::command().debug_assert();
    }
}
