//! Makes sure of cargo-lambda: a pinned wheel, never compiled.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;
use tokio::time::sleep;

use crate::terminal;

const VERSION: &str = "1.9.2";
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The version with the digest of each platform's wheel, so that no other program runs in its place.
const PINNED: &str = include_str!("../../cargo-lambda.txt");

/// The folder of the executable, which a `PATH` can name: it holds nothing else.
#[must_use]
pub fn folder(target: &Path) -> PathBuf {
    target.join("tools").join(format!("cargo-lambda-{VERSION}"))
}

/// The path of cargo-lambda under cargo's target directory, installed on first use.
///
/// # Errors
/// When Python 3 or its `venv` is missing, the registry is out of reach, or there is no wheel for this platform.
pub async fn installed(target: &Path) -> Result<PathBuf> {
    let executable = folder(target).join("cargo-lambda");
    if executable.is_file() {
        return Ok(executable);
    }
    let tools = target.join("tools");
    fs::create_dir_all(&tools).with_context(|| format!("{} can't be made", tools.display()))?;
    let _one_at_a_time = lock(&tools.join("lock")).await?;
    if !executable.is_file() {
        terminal::say(format_args!("Installing cargo-lambda {VERSION} (14 MB, once)"));
        install(&tools.join("partial"), &executable).await?;
    }
    Ok(executable)
}

/// Installs aside and moves the one file that is needed, so that an interrupted start leaves nothing half-made.
/// The virtual environment itself can't move: its scripts hold absolute paths.
async fn install(partial: &Path, executable: &Path) -> Result<()> {
    if partial.exists() {
        fs::remove_dir_all(partial).with_context(|| format!("{} can't be removed", partial.display()))?;
    }
    virtual_environment(partial).await?;
    let requirements = partial.join("requirements.txt");
    fs::write(&requirements, PINNED)?;
    wheel(partial, &requirements).await?;
    fs::create_dir_all(executable.parent().unwrap_or(Path::new(".")))?;
    fs::rename(partial.join("bin/cargo-lambda"), executable)?;
    fs::remove_dir_all(partial)?;
    Ok(())
}

async fn virtual_environment(folder: &Path) -> Result<()> {
    let mut python = Command::new("python3");
    python.args(["-m", "venv"]).arg(folder);
    let failure = run(python).await.context("Python 3 is needed, and `python3` doesn't start")?;
    if failure.is_some() {
        bail!(
            "`python3 -m venv` fails: install Python's venv module (Debian and Ubuntu: apt install python3-venv)"
        );
    }
    Ok(())
}

/// cargo-lambda's one dependency, a C compiler for cross builds, isn't used here: hence `--no-deps`.
async fn wheel(environment: &Path, requirements: &Path) -> Result<()> {
    let mut pip = Command::new(environment.join("bin/python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip.args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(requirements);
    if let Some(failure) = run(pip).await? {
        bail!(
            "pip can't get cargo-lambda {VERSION}; is the package registry within reach? pip says: {failure}"
        );
    }
    Ok(())
}

/// Runs a program to its end: `None` when all is well, else the last thing that it said.
async fn run(mut command: Command) -> Result<Option<String>> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing");
    Ok(Some(last.trim().to_owned()))
}

/// Waits for its turn: another start may be installing the same file.
async fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("{} can't be made", path.display()))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(LOOK_AGAIN).await,
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} can't be locked", path.display()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_version_is_the_one_in_the_folder_name() {
        assert!(PINNED.contains(&format!("cargo-lambda=={VERSION} ")));
    }

    #[tokio::test]
    async fn an_installed_tool_is_used_without_python() {
        let target = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder(target.path())).unwrap();
        fs::write(folder(target.path()).join("cargo-lambda"), "").unwrap();
        let found = installed(target.path()).await.unwrap();
        assert_eq!(found.parent().unwrap(), folder(target.path()));
    }

    #[tokio::test]
    async fn a_failed_program_is_quoted_by_its_last_line() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo first >&2; echo last >&2; exit 1"]);
        assert_eq!(run(shell).await.unwrap().unwrap(), "last");
    }
}
