//! Where the sources lie, and where cargo builds them.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The cargo workspace that this crate is a member of.
#[derive(Clone, Debug, Deserialize)]
pub struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Cargo's target directory: `target`, or what `CARGO_TARGET_DIR` says.
    #[serde(rename = "target_directory")]
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo about the workspace that this crate was built in.
    ///
    /// # Errors
    /// When cargo doesn't run, or finds the workspace's manifests broken.
    pub fn read() -> Result<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
            .output()
            .context("cargo doesn't start")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        serde_json::from_slice(&output.stdout)
            .context("`cargo metadata` answered in a form that isn't known here")
    }

    /// The stack that the workspace deploys as.
    #[must_use]
    pub fn template(&self) -> PathBuf {
        self.root.join("template.yaml")
    }
}

/// The cargo that started this program, or the one on the `PATH`.
#[must_use]
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
