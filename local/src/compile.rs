//! Builds the functions and says what is wrong when they don't build.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{ChildStdout, Command},
};

use crate::{
    terminal,
    workspace::{Workspace, cargo},
};

/// Each function's executable, by the name of its binary.
pub type Executables = BTreeMap<String, PathBuf>;

/// Builds these binaries in the dev profile; cargo's progress and the compiler's messages go to the terminal.
///
/// # Errors
/// With the compiler's first error, or with cargo's own failure.
pub async fn functions(workspace: &Workspace, binaries: &[String]) -> Result<Executables> {
    let mut cargo = command(workspace, binaries).spawn().context("cargo doesn't start")?;
    let stdout = cargo.stdout.take().context("cargo has no output")?;
    let built = collect(BufReader::new(stdout).lines()).await?;
    let status = cargo.wait().await?;
    if let Some(error) = built.first_error {
        bail!("{error}");
    }
    if !status.success() {
        bail!("cargo can't build the functions: it says why on the terminal of `cargo local`");
    }
    built.executables_of(binaries)
}

/// Each function's package has the name of its binary. Packages are named, so that the features of `local`'s own
/// dependencies stay out of the functions.
fn command(workspace: &Workspace, binaries: &[String]) -> Command {
    let mut command = Command::new(cargo());
    command.args(["build", "--message-format", "json-diagnostic-rendered-ansi"]);
    for binary in binaries {
        command.args(["--package", binary, "--bin", binary]);
    }
    command.current_dir(&workspace.root).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

async fn collect(mut lines: Lines<BufReader<ChildStdout>>) -> Result<Built> {
    let mut built = Built::default();
    while let Some(line) = lines.next_line().await? {
        if let Some(text) = built.take(&line) {
            terminal::relay(&text);
        }
    }
    Ok(built)
}

#[derive(Default)]
struct Built {
    executables: Executables,
    first_error: Option<String>,
}

/// The part of cargo's messages that is read here: the Cargo Book, "External tools".
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-message")]
    Diagnostic { message: Diagnostic },
    #[serde(rename = "compiler-artifact")]
    Artifact { target: Target, executable: Option<PathBuf> },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Built {
    /// Takes in one line of cargo's output, and gives back what a person should see.
    fn take(&mut self, line: &str) -> Option<String> {
        match serde_json::from_str(line).unwrap_or(Message::Other) {
            Message::Diagnostic { message } => {
                let rendered = message.rendered?;
                if message.level == "error" && self.first_error.is_none() {
                    self.first_error = Some(anstream::adapter::strip_str(&rendered).to_string());
                }
                Some(rendered)
            }
            Message::Artifact { target, executable: Some(path) } => {
                self.executables.insert(target.name, path);
                None
            }
            Message::Artifact { .. } | Message::Other => None,
        }
    }

    fn executables_of(mut self, binaries: &[String]) -> Result<Executables> {
        let path = |binary: &String| {
            let path = self.executables.remove(binary);
            Ok((binary.clone(), path.with_context(|| format!("cargo built no `{binary}`"))?))
        };
        binaries.iter().map(path).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(level: &str, rendered: &str) -> String {
        let message = serde_json::json!({"level": level, "rendered": rendered});
        serde_json::json!({"reason": "compiler-message", "message": message}).to_string()
    }

    #[test]
    fn the_first_error_is_kept_without_its_colours() {
        let mut built = Built::default();
        built.take(&message("warning", "unused"));
        let shown = built.take(&message("error", "\u{1b}[31merror\u{1b}[0m: first"));
        built.take(&message("error", "error: second"));
        assert_eq!(shown.unwrap(), "\u{1b}[31merror\u{1b}[0m: first");
        assert_eq!(built.first_error.unwrap(), "error: first");
    }

    #[test]
    fn a_binary_that_was_not_built_is_named() {
        let mut built = Built::default();
        built.take(r#"{"reason":"compiler-artifact","target":{"name":"a"},"executable":"/t/a"}"#);
        let error = built.executables_of(&["a".into(), "b".into()]).unwrap_err();
        assert_eq!(error.to_string(), "cargo built no `b`");
    }

    #[test]
    fn lines_of_other_programs_are_passed_over() {
        assert!(Built::default().take("a build script's word").is_none());
    }
}
