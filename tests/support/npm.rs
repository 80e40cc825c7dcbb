//! Tools of npm's.

use std::{fs, path::PathBuf};

use local::workspace::Workspace;
use tokio::process::Command;

use crate::support::project::root;

/// A copy of a folder's files under `target/tools`, with what its lock file pins.
pub async fn install(name: &str, folder: &str, files: &[&str]) -> PathBuf {
    let copy = Workspace::read().unwrap().target.join("tools").join(name);
    fs::create_dir_all(&copy).unwrap();
    for file in files {
        fs::copy(root().join(folder).join(file), copy.join(file)).unwrap();
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&copy);
    assert!(install.status().await.unwrap().success(), "npm can't install {name}");
    copy
}
