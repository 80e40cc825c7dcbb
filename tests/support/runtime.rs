//! One invocation of one real binary, whose every line is caught.

use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use instance::{Instance, Said, Usage};
use local::{
    compile::{self, Executables},
    template::Template,
    workspace::Workspace,
};
use serde_json::Value;
use tokio::{
    io::AsyncReadExt,
    join,
    process::{ChildStderr, ChildStdout, Command},
    sync::OnceCell,
    time::timeout,
};

use crate::support::event::Event;

/// Long enough for a binary on a busy machine, short enough for a person to wait.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What one invocation came to.
pub struct Invoked {
    /// `response` or `error`, as the runtime reported.
    pub outcome: &'static str,
    /// What it reported.
    pub answer: Value,
    /// All that the process wrote, to standard output and standard error.
    pub written: String,
    /// What it took until then, where the system tells (Linux).
    pub usage: Option<Usage>,
}

/// The functions' binaries, built as `cargo local` builds them.
pub async fn executables() -> &'static Executables {
    static BUILT: OnceCell<Executables> = OnceCell::const_new();
    let build = || async {
        let workspace = Workspace::read().unwrap();
        let template = Template::read(&workspace.template()).unwrap();
        compile::functions(&workspace, &template.binaries).await.unwrap()
    };
    BUILT.get_or_init(build).await
}

/// Starts a function's binary, hands it the event, and ends it once it has answered.
pub async fn invoke(function: &str, environment: &BTreeMap<String, String>, event: Event) -> Invoked {
    invoke_executable(&executables().await[function], environment, &event).await
}

/// The same with the binary at that path.
pub async fn invoke_executable(
    executable: &Path,
    environment: &BTreeMap<String, String>,
    event: &Event,
) -> Invoked {
    let mut instance = start(executable, environment, Stdio::piped).await;
    let written = tokio::spawn(read_all(instance.child.stdout.take(), instance.child.stderr.take()));
    instance.hand(event.0.to_string()).unwrap();
    let report = timeout(PATIENCE, report(&mut instance)).await;
    let usage = instance.usage().ok();
    drop(instance);
    let written = written.await.unwrap();
    let Ok(Some((outcome, answer))) = report else {
        panic!("{} reported nothing: {written}", executable.display())
    };
    Invoked { outcome, answer, written, usage }
}

/// Starts a binary; `output` says where its lines go.
pub async fn start(
    executable: &Path,
    environment: &BTreeMap<String, String>,
    output: fn() -> Stdio,
) -> Instance {
    Instance::start(command(executable, environment, output)).await.unwrap()
}

/// What an instance reports of the event that it was handed: `response` or `error`, and the answer. `None` if it ends
/// before.
pub async fn report(instance: &mut Instance) -> Option<(&'static str, Value)> {
    loop {
        let (outcome, answer) = match instance.hear().await?.1 {
            Said::Ready => continue,
            Said::Answered(answer) => ("response", answer),
            Said::Failed(answer) => ("error", answer),
        };
        return Some((outcome, serde_json::from_slice(&answer).unwrap()));
    }
}

/// Runs a binary that is expected to end by itself, and gives its exit code and all that it wrote.
pub async fn fail_to_start(function: &str, environment: &BTreeMap<String, String>) -> (Option<i32>, String) {
    let mut command = command(&executables().await[function], environment, Stdio::piped);
    let ended =
        command.stdin(Stdio::null()).env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1").kill_on_drop(true).output();
    let output = timeout(PATIENCE, ended).await.unwrap().unwrap();
    (output.status.code(), text(&output.stdout, &output.stderr))
}

/// Reads what a process writes as long as it runs, so that a full pipe never stops it.
async fn read_all(stdout: Option<ChildStdout>, stderr: Option<ChildStderr>) -> String {
    let (mut stdout, mut stderr) = (stdout.unwrap(), stderr.unwrap());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (first, second) = join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err));
    first.and(second).unwrap();
    text(&out, &err)
}

fn command(executable: &Path, environment: &BTreeMap<String, String>, output: fn() -> Stdio) -> Command {
    let mut command = Command::new(executable);
    command.env_clear().envs(environment).stdout(output()).stderr(output());
    command
}

fn text(stdout: &[u8], stderr: &[u8]) -> String {
    [stdout, stderr].map(String::from_utf8_lossy).concat()
}
