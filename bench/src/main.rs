//! Measures the functions: their start, first and warm requests, as Lambda would run them, with calls to AWS that take their
//! time. Prints tables, and writes the same figures as JSON.

mod authority;
mod events;
mod front;
mod instructions;
mod measured;
mod scene;
mod shares;
mod timed;

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Result, ensure};
use clap::Parser;
use local::{
    terminal::say,
    workspace::{Workspace, cargo},
};
use measured::{Request, Start, TRIVIAL};
use scene::Scene;
use serde_json::json;

/// Builds the functions as they are deployed, but for this computer's processor, and measures them.
#[derive(Parser)]
struct Options {
    /// Measures the binaries of this folder and builds none.
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Counts instructions by valgrind, and measures no time.
    #[arg(long)]
    instructions: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Options { binaries, instructions } = Options::parse();
    let workspace = Workspace::read()?;
    let functions = functions(&workspace)?;
    let binaries = binaries.map_or_else(|| build(&workspace, &functions), Ok)?;
    let scene = Scene::start(&workspace, binaries).await?;
    if instructions {
        say(format_args!("{:#}", json!(instructions::count(&scene).await?)));
        return Ok(());
    }
    let starts = measured::starts(&scene, &functions).await?;
    say(Start::HEAD);
    for start in &starts {
        say(start.row());
    }
    let requests = measured::requests(&scene, measured::kinds()?).await?;
    say(format_args!("\n{}", Request::HEAD));
    for request in &requests {
        say(request.row());
    }
    let file = workspace.target.join("bench.json");
    fs::write(&file, format!("{:#}\n", json!({"starts": starts, "requests": requests})))?;
    say(format_args!("\nThe same as JSON: {}", file.display()));
    Ok(())
}

/// The binaries' names, the yardstick's first.
fn functions(workspace: &Workspace) -> Result<Vec<String>> {
    let mut names = vec![TRIVIAL.to_owned()];
    for entry in fs::read_dir(workspace.root.join("functions"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names[1..].sort();
    Ok(names)
}

fn build(workspace: &Workspace, packages: &[String]) -> Result<PathBuf> {
    let mut command = Command::new(cargo());
    command.args(["build", "--release", "--locked"]).current_dir(&workspace.root);
    for package in packages {
        command.args(["--package", package]);
    }
    ensure!(command.status()?.success(), "cargo can't build the functions");
    Ok(workspace.target.join("release"))
}
