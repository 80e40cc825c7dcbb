//! The process that stands in for AWS: `stand_in.py`, in a folder of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use local::terminal::{DIM, say_in};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdin},
};

use super::{
    account::Account,
    listening,
    programs::{self, SCRIPT},
};
use crate::local::drill;

/// A stand-in that serves, until it is dropped.
pub struct StandIn {
    pub account: Account,
    child: Child,
    // Dropped first: the process ends once it can read no more.
    _stdin: ChildStdin,
    _folder: TempDir,
}

/// Where it serves, and an administrator's credentials.
#[derive(Deserialize)]
struct Served {
    url: String,
    key: String,
    secret: String,
}

impl StandIn {
    /// Starts one, empty, and says how it was patched.
    pub async fn start(name: &'static str) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = SCRIPT.command(&[folder.path().to_str().unwrap()]).await;
        command.stderr(fs::File::create(folder.path().join("errors.log")).unwrap());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let served = loop {
            let line = lines.next_line().await.unwrap().expect("the stand-in serves");
            match serde_json::from_str::<Served>(&line) {
                Ok(served) => break served,
                Err(_) => say_in(DIM, format_args!("{name}: {line}")),
            }
        };
        let stdin = child.stdin.take().unwrap();
        let account = account(name, folder.path(), &served).await;
        Self { account, child, _stdin: stdin, _folder: folder }
    }

    /// Nobody else on the network can reach what is here.
    pub fn listens_on_loopback_alone(&self) {
        let open = listening::beyond_loopback(self.child.id().unwrap());
        assert!(open.is_empty(), "the stand-in listens beyond 127.0.0.1: {open:?}");
    }
}

/// The terminal of its account.
async fn account(name: &'static str, folder: &Path, served: &Served) -> Account {
    let wrapped = [("cargo", include_str!("cargo.sh")), ("curl", include_str!("curl.sh"))];
    let wrappers = programs::wrap(folder, wrapped);
    let path = programs::path([wrappers, programs::pinned().await, programs::sam().await]);
    let home = PathBuf::from(env::var_os("HOME").unwrap());
    let rust = |name: &str, folder: &str| env::var_os(name).unwrap_or_else(|| home.join(folder).into());
    let variables = [
        ("PATH", path),
        ("REAL_PATH", programs::inherited()),
        ("CUSTODIAN", drill::program::executable().await.into()),
        ("HOME", folder.into()),
        ("CARGO_HOME", rust("CARGO_HOME", ".cargo")),
        ("RUSTUP_HOME", rust("RUSTUP_HOME", ".rustup")),
        ("AWS_ENDPOINT_URL", served.url.clone().into()),
        ("AWS_ACCESS_KEY_ID", served.key.clone().into()),
        ("AWS_SECRET_ACCESS_KEY", served.secret.clone().into()),
        ("AWS_DEFAULT_REGION", "us-east-1".into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ("BRIEF_SECONDS", "1".into()),
        ("SAM_CLI_POLL_DELAY", "0.2".into()),
        ("SAM_CLI_TELEMETRY", "0".into()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
    Account { name, variables, is_stand_in: true }
}
