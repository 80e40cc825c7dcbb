//! The operators' commands of `custodian`: the real binary, against the embedded AWS.

mod at_scale;
mod exporting;
mod planted;
mod stopping;
mod verifying;

use std::{
    ffi::OsString,
    process::{Output, Stdio},
};

use tokio::{process::Command, time::timeout};

use crate::{
    local::drill::program::{Said, executable},
    support::{runtime::PATIENCE, system::System},
};

/// A command that is about to be run, with an operator's variables.
#[derive(Clone)]
pub struct Custodian {
    words: Vec<OsString>,
    variables: Vec<(String, OsString)>,
}

impl Custodian {
    /// At a running system.
    pub fn at(system: &System) -> Self {
        Self { words: Vec::new(), variables: variables(system) }
    }

    /// With these words more.
    pub fn with<T: Into<OsString>>(&self, words: impl IntoIterator<Item = T>) -> Self {
        let mut more = self.clone();
        more.words.extend(words.into_iter().map(Into::into));
        more
    }

    /// With another value of a variable; without it for an empty one.
    pub fn setting(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.variables.retain(|(known, _)| known != name);
        other.variables.extend((!value.is_empty()).then(|| (name.to_owned(), value.into())));
        other
    }

    /// The process, about to be started.
    pub async fn command(&self) -> Command {
        let mut command = Command::new(executable().await);
        command.args(&self.words).env_clear().envs(self.variables.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub async fn ends(&self) -> Said {
        let output = timeout(PATIENCE * 6, self.command().await.output()).await.unwrap().unwrap();
        let Output { status, stdout, stderr } = output;
        let [out, err] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
        Said { code: status.code(), out, err }
    }
}

fn variables(system: &System) -> Vec<(String, OsString)> {
    let mut variables = system.environment("get-backup");
    variables.retain(|name, _| name.starts_with("AWS_") && !name.starts_with("AWS_LAMBDA"));
    let named = [
        ("CLIENT_TABLE", system.table("get-backup")),
        ("CUSTODIAN_TABLE", system.table("webhook-fetch")),
        ("CLIENT_KEYS", system.keys("get-backup")),
        ("CUSTODIAN_KEYS", system.keys("webhook-fetch")),
        ("USER", "ada"),
    ];
    variables.extend(named.map(|(name, value)| (name.to_owned(), value.to_owned())));
    variables.into_iter().map(|(name, value)| (name, value.into())).collect()
}
