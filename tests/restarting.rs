//! The program `local` as a user has it: started, killed and started again, stopped, asked from another terminal.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use local::{
    cargo_lambda, compile,
    data::{Data, Reach},
    process::Process,
    run::{Running, Settings},
    workspace::Workspace,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    sync::OnceCell,
    task::JoinSet,
    time::timeout,
};

use crate::{
    client::{Reply, send},
    event::{CLIENT, WEBHOOK_SECRET},
    runtime::executables,
};

/// Another build can hold cargo's lock for as long.
const PATIENCE: Duration = Duration::from_mins(10);

/// `local` with these arguments, built as `cargo local` builds it.
async fn local(arguments: &[&str], folder: &TempDir) -> Command {
    static BUILT: OnceCell<compile::Executables> = OnceCell::const_new();
    let build = || async {
        executables().await;
        compile::functions(&Workspace::read().unwrap(), &["local".into()]).await.unwrap()
    };
    let mut command = Command::new(&BUILT.get_or_init(build).await["local"]);
    command.args(arguments).arg("--data").arg(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs `local` to its end, which it has to come to by itself.
async fn local_ends(arguments: &[&str], folder: &TempDir) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        timeout(PATIENCE, local(arguments, folder).await.output()).await.unwrap().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A `local` that serves.
struct Session {
    child: Child,
    stdout: BufReader<ChildStdout>,
    api: String,
    secret: String,
    data: PathBuf,
}

impl Session {
    /// Starts it on a free port; it serves once it has said where.
    async fn start(folder: &TempDir) -> Self {
        let mut child = local(&["--no-demo", "--port", "0"], folder).await.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let secret = timeout(PATIENCE, line_of(&mut stdout, "Secret ")).await.expect("serves in time");
        let api = Reach::of(folder.path()).unwrap().api;
        Self { child, stdout, api, secret, data: folder.path().to_owned() }
    }

    /// Those that it has started so far; none any more once it has stopped in order.
    fn children(&self) -> Vec<Process> {
        let children = fs::read_to_string(self.data.join("children.jsonl")).unwrap_or_default();
        children.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What Portal sends.
    async fn webhook(api: &str, secret: &str, path: &str, body: &Value) -> Reply {
        let secret = format!("x-webhook-secret: {secret}");
        send("POST", &format!("{api}/webhook/{path}"), &[&secret], &body.to_string()).await
    }

    fn stores(&self, shares: impl Iterator<Item = String>) -> JoinSet<Option<String>> {
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

    async fn fetch(&self) -> Vec<String> {
        let body = json!({ "clientId": CLIENT });
        let answer = Self::webhook(&self.api, &self.secret, "backup/fetch", &body).await.body;
        serde_json::from_value(answer["backupShares"].clone()).unwrap()
    }

    /// Ctrl-C; gives its exit code, and what it said on the way.
    async fn interrupt(mut self) -> (Option<i32>, String) {
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

fn shares(name: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{name} {number}"))
}

#[tokio::test]
async fn a_killed_run_loses_no_acknowledged_share_and_leaves_no_process_to_the_next() {
    let folder = TempDir::new().unwrap();
    let mut first = Session::start(&folder).await;
    let mut acknowledged = first.stores(shares("calm", 20)).join_all().await;
    assert!(acknowledged.iter().all(Option::is_some), "{acknowledged:?}");
    let mut under_way = first.stores(shares("storm", 40));
    acknowledged.push(under_way.join_next().await.unwrap().unwrap());
    first.child.kill().await.unwrap();
    acknowledged.extend(under_way.join_all().await);
    let children = first.children();
    let second = Session::start(&folder).await;
    let held = second.fetch().await;
    let lost: Vec<_> = acknowledged.iter().flatten().filter(|share| !held.contains(share)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(children.len() > 1 && !children.iter().any(Process::runs), "{children:?}");
    assert_eq!(second.interrupt().await.0, Some(0));
}

#[tokio::test]
async fn ctrl_c_ends_a_run_and_all_its_children_and_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let session = Session::start(&folder).await;
    assert_eq!(session.stores(shares("calm", 1)).join_all().await, [Some("calm 0".into())]);
    let children = session.children();
    assert!(children.len() > 1 && children.iter().any(Process::runs), "{children:?}");
    let (code, said) = session.interrupt().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("error"), "{said}");
    assert!(!children.iter().any(Process::runs), "{children:?}");
}

#[tokio::test]
async fn another_terminal_gets_tokens_and_variables_while_a_run_lasts() {
    let folder = TempDir::new().unwrap();
    let session = Session::start(&folder).await;
    let (code, token, _) = local_ends(&["token", CLIENT], &folder).await;
    let bearer = format!("authorization: Bearer {}", token.trim());
    let url = format!("{}/portal/clients/{CLIENT}/backup", session.api);
    assert_eq!((code, token.lines().count()), (Some(0), 1), "{token}");
    assert_eq!(send("POST", &url, &[&bearer], r#"{"cipherText":"kept"}"#).await.status, 200);
    assert_eq!(send("GET", &url, &[&bearer], "").await.body["cipherText"], "kept");
    let (code, variables, _) = local_ends(&["env"], &folder).await;
    let services = Reach::of(folder.path()).unwrap().services;
    assert_eq!(code, Some(0));
    for line in [
        format!("export AWS_ENDPOINT_URL_DYNAMODB={}", services.dynamodb),
        format!("export AWS_ENDPOINT_URL_KMS={}", services.kms),
        format!("export CARGO_LAMBDA_INVOKE_PORT={}", services.lambda),
    ] {
        assert!(variables.lines().any(|printed| printed == line), "{line} is not in {variables}");
    }
    session.interrupt().await;
}

#[tokio::test]
async fn another_terminal_is_told_in_one_line_that_nothing_runs() {
    let folder = TempDir::new().unwrap();
    for arguments in [&["token", CLIENT][..], &["env"]] {
        let (code, printed, error) = local_ends(arguments, &folder).await;
        assert_eq!((code, printed.as_str(), error.lines().count()), (Some(1), "", 1), "{error}");
        assert!(error.starts_with("error: nothing runs on "), "{error}");
    }
}

#[tokio::test]
async fn a_port_in_use_ends_the_start_with_one_line_that_names_it() {
    let folder = TempDir::new().unwrap();
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let (code, printed, error) = local_ends(&["--no-demo", "--port", &port], &folder).await;
    assert_eq!((code, printed.as_str(), error.lines().count()), (Some(1), "", 1), "{error}");
    assert!(error.starts_with(&format!("error: port {port} is in use: ")), "{error}");
}

/// The same in this process, with cargo-lambda at that path.
async fn start(folder: &TempDir, cargo_lambda: PathBuf) -> Running {
    let settings = Settings {
        workspace: Workspace::read().unwrap(),
        data: Data::take(folder.path()).unwrap(),
        listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
        cargo_lambda,
        executables: executables().await.clone(),
        webhook_secret: Some(WEBHOOK_SECRET.replace(' ', "-")),
    };
    Running::start(settings).await.unwrap()
}

async fn installed() -> PathBuf {
    cargo_lambda::installed(&Workspace::read().unwrap().target).await.unwrap()
}

#[tokio::test]
async fn a_held_system_says_why_and_a_reloaded_one_serves_the_same_data_at_the_same_place() {
    let folder = TempDir::new().unwrap();
    let mut running = start(&folder, installed().await).await;
    let bearer = format!("authorization: Bearer {}", running.token(CLIENT).unwrap());
    let url = format!("{}/portal/clients/{CLIENT}/backup", running.url);
    assert_eq!(send("POST", &url, &[&bearer], r#"{"cipherText":"kept"}"#).await.status, 200);
    running.hold("error: expected `;`");
    let held = send("GET", &url, &[&bearer], "").await;
    assert_eq!((held.status, held.body), (503, json!({"message": "error: expected `;`"})));
    let reach = running.reach();
    let plan = running.plan(executables().await.clone()).unwrap();
    running.reload(plan).await.unwrap();
    assert_eq!(running.reach(), reach);
    let kept = send("GET", &url, &[&bearer], "").await;
    assert_eq!((kept.status, kept.body), (200, json!({"cipherText": "kept", "backupShare": "kept"})));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_reload_that_cannot_start_says_what_did_not_and_the_run_still_stops_in_order() {
    let (folder, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let linked = tools.path().join("cargo-lambda");
    symlink(installed().await, &linked).unwrap();
    let mut running = start(&folder, linked.clone()).await;
    fs::remove_file(&linked).unwrap();
    let plan = running.plan(executables().await.clone()).unwrap();
    let error = running.reload(plan).await.unwrap_err();
    assert!(format!("{error:#}").starts_with("cargo-lambda doesn't start: "), "{error:#}");
    running.stop().await.unwrap();
    assert!(!folder.path().join("children.jsonl").exists());
}
