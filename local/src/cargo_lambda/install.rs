//! Makes sure of cargo-lambda: a pinned wheel, never compiled.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{python, terminal};

const VERSION: &str = "1.9.2";

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
    let _one_at_a_time = python::lock(&tools.join("lock")).await?;
    if !executable.is_file() {
        terminal::say(format_args!("Installing cargo-lambda {VERSION} (14 MB, once)"));
        install(&tools.join("partial"), &executable).await?;
    }
    Ok(executable)
}

/// Installs aside and moves the one file that is needed, so that an interrupted start leaves nothing half-made.
/// The virtual environment itself can't move: its scripts hold absolute paths. cargo-lambda's one dependency, a C
/// compiler for cross builds, isn't pinned beside it: it isn't used here.
async fn install(partial: &Path, executable: &Path) -> Result<()> {
    let requirements = partial.with_file_name("cargo-lambda.txt");
    fs::write(&requirements, PINNED)
        .with_context(|| format!("{} can't be written", requirements.display()))?;
    python::environment(partial, &requirements)
        .await
        .with_context(|| format!("cargo-lambda {VERSION} can't be installed"))?;
    fs::create_dir_all(executable.parent().unwrap_or(Path::new(".")))?;
    fs::rename(partial.join("bin/cargo-lambda"), executable)?;
    fs::remove_dir_all(partial)?;
    fs::remove_file(requirements)?;
    Ok(())
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
}
