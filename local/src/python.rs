//! Pinned packages from Python's registry, in a virtual environment of their own.

use std::{
    fs::{File, TryLockError},
    path::Path,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::{process::Command, time::sleep};

const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Makes a virtual environment with what a requirements file lists, every one by its digest and as a wheel: nothing is
/// compiled, and nothing comes along that the file does not name. What was in the folder is gone.
///
/// # Errors
/// When Python 3 or its `venv` is missing, the registry is out of reach, or a wheel isn't there for this platform.
pub async fn environment(folder: &Path, requirements: &Path) -> Result<()> {
    let mut python = Command::new("python3");
    python.args(["-m", "venv", "--clear"]).arg(folder);
    let failure = run(python).await.context("Python 3 is needed, and `python3` doesn't start")?;
    if failure.is_some() {
        bail!(
            "`python3 -m venv` fails: install Python's venv module (Debian and Ubuntu: apt install python3-venv)"
        );
    }
    let mut pip = Command::new(folder.join("bin/python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip.args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(requirements);
    if let Some(failure) = run(pip).await? {
        let wanted = requirements.display();
        bail!("pip can't get what {wanted} lists; is the package registry within reach? pip says: {failure}");
    }
    Ok(())
}

/// Waits for its turn: another process may be making the same environment.
///
/// # Errors
/// When the file can't be made or locked.
pub async fn lock(path: &Path) -> Result<File> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_program_is_quoted_by_its_last_line() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo first >&2; echo last >&2; exit 1"]);
        assert_eq!(run(shell).await.unwrap().unwrap(), "last");
    }
}
