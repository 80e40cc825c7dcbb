//! `custodian`: the operators' commands for a custodian backend of Portal wallets. One file a command.

mod adopt;
mod ask;
mod drill;
mod exit;
mod export;
mod failed;
mod freeze;
mod half;
mod journal;
mod row;
mod scan;
mod show;
mod stops;
mod table;
mod terminal;
mod times;
mod verify;
mod wallet;
mod withdraw;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::{exit::Exit, failed::Failed};

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
    Show(show::Options),
    Freeze(freeze::Options),
    Thaw(freeze::Lifting),
    Withdraw(withdraw::Options),
    Reinstate(withdraw::Lifting),
    Export(export::Options),
    Verify(verify::Options),
    Adopt(adopt::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let exit = obey(&options.command, options.json).await;
    exit.unwrap_or_else(|failed| failed.say(options.json)).into()
}

async fn obey(command: &Command, json: bool) -> Result<Exit, Failed> {
    match command {
        Command::Drill(drill) => Ok(drill::run(drill, json).await),
        Command::Show(options) => show::run(options, json).await,
        Command::Freeze(options) => freeze::freeze(options, json).await,
        Command::Thaw(options) => freeze::thaw(options, json).await,
        Command::Withdraw(options) => withdraw::withdraw(options, json).await,
        Command::Reinstate(options) => withdraw::reinstate(options, json).await,
        Command::Export(options) => export::run(options, json).await,
        Command::Verify(options) => verify::run(options, json).await,
        Command::Adopt(options) => adopt::run(options, json).await,
    }
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
