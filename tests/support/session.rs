//! The program `local` as a user has it: a process of its own, on a folder and ports of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use local::{compile, process::Process, reach::Reach, workspace::Workspace};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    sync::OnceCell,
    task::JoinSet,
    time::timeout,
};

use crate::support::{
    client::{Reply, send},
    event::CLIENT,
    runtime::executables,
};

/// Another build can hold cargo's lock for as long.
const PATIENCE: Duration = Duration::from_mins(10);

/// The program `local`, built as `cargo local` builds it.
pub async fn executable() -> &'static Path {
    static BUILT: OnceCell<compile::Executables> = OnceCell::const_new();
    let build = || async {
        executables().await;
        compile::functions(&Workspace::read().unwrap(), &["local".into()]).await.unwrap()
    };
    &BUILT.get_or_init(build).await["local"]
}

/// `local` with these arguments.
async fn local(arguments: &[&str], folder: &TempDir) -> Command {
    let mut command = Command::new(executable().await);
    command.args(arguments).arg("--data").arg(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs `local` to its end, which it has to come to by itself.
pub async fn local_ends(arguments: &[&str], folder: &TempDir) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        timeout(PATIENCE, local(arguments, folder).await.output()).await.unwrap().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A `local` that serves.
pub struct Session {
    pub child: Child,
    stdout: BufReader<ChildStdout>,
    pub api: String,
    pub secret: String,
    data: PathBuf,
}

impl Session {
    /// Starts it on a free port; it serves once it has said where.
    pub async fn start(folder: &TempDir) -> Self {
        let mut child = local(&["--no-demo", "--port", "0"], folder).await.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let secret = timeout(PATIENCE, line_of(&mut stdout, "Secret ")).await.expect("serves in time");
        let api = Reach::of(folder.path()).unwrap().api;
        Self { child, stdout, api, secret, data: folder.path().to_owned() }
    }

    /// Those that it has started so far; none any more once it has stopped in order.
    pub fn children(&self) -> Vec<Process> {
        let children = fs::read_to_string(self.data.join("children.jsonl")).unwrap_or_default();
        children.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What Portal sends.
    async fn webhook(api: &str, secret: &str, path: &str, body: &Value) -> Reply {
        let secret = format!("x-webhook-secret: {secret}");
        send("POST", &format!("{api}/webhook/{path}"), &[&secret], &body.to_string()).await
    }

    pub fn stores(&self, shares: impl Iterator<Item = String>) -> JoinSet<Option<String>> {
        let store = |share: String| {
            let (api, secret) = (self.api.clone(), self.secret.clone());
            async move {
                let body = json!({"clientId": CLIENT, "share": share});
                let answer = Self::webhook(&api, &secret, "backup", &body).await;
                (answer.status == 200).then_some(share)
            }
        };
        shares.map(store).collect()
    }

    pub async fn fetch(&self) -> Vec<String> {
        let body = json!({ "clientId": CLIENT });
        let answer = Self::webhook(&self.api, &self.secret, "backup/fetch", &body).await.body;
        serde_json::from_value(answer["backupShares"].clone()).unwrap()
    }

    /// Ctrl-C; gives its exit code, and what it said on the way.
    pub async fn interrupt(mut self) -> (Option<i32>, String) {
        signal("INT", self.child.id().unwrap()).await;
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).await.unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
        (timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap().code(), said)
    }
}

/// A test that fails leaves no process either.
impl Drop for Session {
    fn drop(&mut self) {
        for child in self.children() {
            child.end().unwrap();
        }
    }
}

/// Reads up to the line that starts with that name, and gives the rest of it.
async fn line_of(output: &mut BufReader<ChildStdout>, name: &str) -> String {
    let mut said = String::new();
    loop {
        let start = said.len();
        let length = output.read_line(&mut said).await.unwrap();
        assert!(length > 0, "`local` ended: {said}");
        if let Some(rest) = said[start..].strip_prefix(name) {
            return rest.trim().to_owned();
        }
    }
}

async fn signal(name: &str, id: u32) {
    let kill = Command::new("kill").args(["-s", name, &id.to_string()]).status().await.unwrap();
    assert!(kill.success());
}
