//! Where the sources lie, where cargo builds them, and which package holds which function.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The cargo workspace that this crate is a member of.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target directory: `target`, or what `CARGO_TARGET_DIR` says.
    pub target: PathBuf,
    packages: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
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
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .context("`cargo metadata` answered in a form that isn't known here")?;
        Ok(metadata.into())
    }

    /// The stack that the workspace deploys as.
    #[must_use]
    pub fn template(&self) -> PathBuf {
        self.root.join("template.yaml")
    }

    /// The package with that binary.
    ///
    /// # Errors
    /// When no package of the workspace has it.
    pub fn package(&self, binary: &str) -> Result<&str> {
        self.packages.get(binary).map(String::as_str).with_context(|| {
            format!("template.yaml names the binary `{binary}`, which no package here builds")
        })
    }
}

impl From<Metadata> for Workspace {
    fn from(metadata: Metadata) -> Self {
        let binaries = |package: Package| {
            let is_binary = |target: &Target| target.kind.iter().any(|kind| kind == "bin");
            let name = package.name;
            package.targets.into_iter().filter(is_binary).map(move |target| (target.name, name.clone()))
        };
        Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
            packages: metadata.packages.into_iter().flat_map(binaries).collect(),
        }
    }
}

/// The cargo that started this program, or the one on the `PATH`.
#[must_use]
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_package() {
        let workspace = Workspace::read().unwrap();
        assert_eq!(workspace.package("get-backup").unwrap(), "get-backup");
        assert!(workspace.template().is_file());
    }

    #[test]
    fn an_unknown_binary_is_named() {
        let error = Workspace::read().unwrap().package("nope").unwrap_err();
        assert!(error.to_string().contains("`nope`"));
    }
}
