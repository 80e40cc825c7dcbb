//! `cargo local`: the custodian backend on this computer.

mod session;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::Parser;
use local::{
    cargo_lambda,
    options::{Command, DataFolder, Options},
    reach::Reach,
    run,
    terminal::{self, BAD},
    workspace::Workspace,
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    log();
    match obey(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(BAD, "error:", format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// What the servers in this process have to say. The embedded DynamoDB warns of every repeated store, which is no
/// fault.
fn log() {
    let levels = Targets::new().with_default(LevelFilter::WARN).with_target("dynoxide", LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).without_time().compact();
    tracing_subscriber::registry().with(lines).with(levels).init();
}

async fn obey(options: Options) -> Result<()> {
    let workspace = Workspace::read()?;
    match options.command {
        None => {
            let folder = folder(&workspace, &options.serve.data);
            session::serve(workspace, &folder, options.serve).await
        }
        Some(Command::Token { client_ids, data }) => token(&folder(&workspace, &data), &client_ids),
        Some(Command::Env(data)) => environment(&workspace, &folder(&workspace, &data)),
    }
}

fn folder(workspace: &Workspace, data: &DataFolder) -> PathBuf {
    data.folder.clone().unwrap_or_else(|| workspace.target.join("local"))
}

fn token(folder: &Path, clients: &[String]) -> Result<()> {
    Reach::of(folder)?;
    terminal::say(run::token(folder, clients)?);
    Ok(())
}

/// cargo-lambda takes no port from the environment: `CARGO_LAMBDA_INVOKE_PORT` is for the user's `--invoke-port`.
fn environment(workspace: &Workspace, folder: &Path) -> Result<()> {
    let reach = Reach::of(folder)?;
    for (name, value) in reach.services.for_tools().into_iter().chain(reach.operators) {
        terminal::say(format_args!("export {name}={value}"));
    }
    terminal::say(format_args!("export CARGO_LAMBDA_INVOKE_PORT={}", reach.services.lambda));
    let tools = cargo_lambda::folder(&workspace.target);
    terminal::say(format_args!(
        "export PATH='{}':\"$PATH\"",
        tools.display().to_string().replace('\'', r"'\''")
    ));
    Ok(())
}
