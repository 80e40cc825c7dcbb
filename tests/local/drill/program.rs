//! The program `custodian`, as an operator has it.

use std::{
    ffi::OsString,
    path::Path,
    process::{Output, Stdio},
};

use local::{compile, reach::Reach, run::Running, workspace::Workspace};
use serde_json::Value;
use tokio::{
    process::Command,
    sync::{Notify, OnceCell},
    time::timeout,
};

use crate::support::runtime::PATIENCE;

/// The program, built as `cargo custodian` builds it.
pub async fn executable() -> &'static Path {
    static BUILT: OnceCell<compile::Executables> = OnceCell::const_new();
    let build =
        || async { compile::functions(&Workspace::read().unwrap(), &["custodian".into()]).await.unwrap() };
    &BUILT.get_or_init(build).await["custodian"]
}

/// A drill that is about to be run: its words, and its variables.
#[derive(Clone)]
pub struct Drill {
    words: Vec<String>,
    variables: Vec<(String, OsString)>,
}

/// How it ended, and what it said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Drill {
    /// One at a running system, under that client.
    pub fn at(running: &Running, client: &str) -> Self {
        let token = running.token(client).unwrap();
        let drill =
            Self::of(&running.url, &format!("{}/webhook", running.url), &token, &running.webhook_secret);
        drill.with("--client").with(client)
    }

    /// One with these.
    pub fn of(client_api: &str, webhook: &str, token: &str, secret: &str) -> Self {
        let words = ["drill", "--client-api", client_api, "--webhook", webhook].map(str::to_owned).into();
        let drill = Self { words, variables: Vec::new() };
        drill.setting("DRILL_TOKEN", token).setting("WEBHOOK_SECRET", secret)
    }

    /// With one word more.
    pub fn with(mut self, word: &str) -> Self {
        self.words.push(word.into());
        self
    }

    /// With another value of a variable.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// With what an operator's terminal has.
    pub fn by_an_operator(self, running: &Running) -> Self {
        let Reach { services, operators, .. } = running.reach();
        let all = services.for_tools().into_iter().chain(operators);
        all.fold(self, |drill, (name, value)| drill.setting(&name, &value))
    }

    /// For a script.
    pub fn json(&self) -> Self {
        self.clone().with("--json")
    }

    /// Both APIs at that base URL.
    pub fn moved_to(mut self, url: &str) -> Self {
        [self.words[2], self.words[4]] = [url.to_owned(), format!("{url}/webhook")];
        self
    }

    /// First asking Portal.
    pub fn asking(self, portal: &str, token: &str) -> Self {
        self.with("--portal-api").with(portal).setting("PORTAL_CLIENT_TOKEN", token)
    }

    /// Runs it to its end.
    pub async fn ends(&self) -> Said {
        let output = timeout(PATIENCE * 3, self.command().await.output()).await.unwrap().unwrap();
        let Output { status, stdout, stderr } = output;
        let [out, err] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
        Said { code: status.code(), out, err }
    }

    /// Killed while it waits for an answer that never comes, which `waits` is told of.
    pub async fn is_killed_while_it(&self, waits: &Notify) {
        let mut child = self.command().await.spawn().unwrap();
        timeout(PATIENCE, waits.notified()).await.expect("it gets that far");
        // Not by Ctrl-C's signal: where the tests run in the background of a script, all their processes ignore that.
        child.start_kill().unwrap();
        let status = timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), None, "it has not ended by itself");
    }

    async fn command(&self) -> Command {
        let mut command = Command::new(executable().await);
        command.args(&self.words).env_clear().envs(self.variables.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

impl Said {
    /// All of it.
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// The lines, where they are JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
