//! The programs that are typed.

use std::{
    env,
    ffi::OsString,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::support::{
    project::root,
    python::{Script, environment},
};

/// The stand-in, beside which the AWS CLI is pinned.
pub const SCRIPT: Script = Script { name: "stand_in", folder: "tests/stack/rehearsal" };

/// The folder of the pinned `aws`, and of its `python3`.
pub async fn pinned() -> PathBuf {
    SCRIPT.programs().await
}

/// The folder of the pinned `sam`.
pub async fn sam() -> PathBuf {
    environment("sam", &root().join(".ci/sam.txt")).await.join("bin")
}

/// The `PATH` of whoever runs the tests.
pub fn inherited() -> OsString {
    env::var_os("PATH").expect("there is a PATH")
}

/// A `PATH` of these folders, and then that of whoever runs the tests.
pub fn path(first: impl IntoIterator<Item = PathBuf>) -> OsString {
    env::join_paths(first.into_iter().chain(env::split_paths(&inherited()))).unwrap()
}

/// Scripts that take the place of programs, in a folder of their own.
pub fn wrap<'a>(folder: &Path, scripts: impl IntoIterator<Item = (&'a str, &'a str)>) -> PathBuf {
    let wrappers = folder.join("bin");
    fs::create_dir(&wrappers).unwrap();
    for (name, script) in scripts {
        fs::write(wrappers.join(name), script).unwrap();
        fs::set_permissions(wrappers.join(name), Permissions::from_mode(0o755)).unwrap();
    }
    wrappers
}
