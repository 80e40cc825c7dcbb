//! The Lambda runtime API for one invocation of one real binary, whose every line is caught.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use faults::message;
use local::{
    compile::{self, Executables},
    template::Template,
    workspace::Workspace,
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    join,
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    select,
    sync::{OnceCell, mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use crate::support::event::Event;

/// Long enough for a binary on a busy machine, short enough for a person to wait.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What one invocation came to.
pub struct Invoked {
    /// `response` or `error`, as the runtime reported.
    pub outcome: String,
    /// What it reported.
    pub answer: Value,
    /// All that the process wrote, to standard output and standard error.
    pub written: String,
    /// What it took until then, where the system tells (Linux).
    pub usage: Option<Usage>,
}

/// What a process has taken.
pub struct Usage {
    /// The most memory that it has had, in bytes.
    pub peak_memory: usize,
    /// The time that it has kept a processor busy.
    pub processor: Duration,
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

/// A binary that runs, and the runtime API that it asks for events.
pub struct Instance {
    /// The process.
    pub child: Child,
    events: mpsc::UnboundedSender<String>,
    reports: mpsc::UnboundedReceiver<(String, Value)>,
    _api: JoinSet<()>,
}

impl Instance {
    /// Starts it; `output` says where its lines go.
    pub async fn start(
        executable: &Path,
        environment: &BTreeMap<String, String>,
        output: fn() -> Stdio,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, handed) = mpsc::unbounded_channel();
        let (report, reports) = mpsc::unbounded_channel();
        let mut api = JoinSet::new();
        api.spawn(serve(listener, handed, report));
        let child = start(executable, environment, &address, output);
        Self { child, events, reports, _api: api }
    }

    /// Hands it an event.
    pub fn hand(&self, event: &Event) {
        self.events.send(event.0.to_string()).unwrap();
    }

    /// What it reports of the event: `response` or `error`, and the answer. `None` if it ends before.
    pub async fn report(&mut self) -> Option<(String, Value)> {
        select! {
            biased;
            report = self.reports.recv() => report,
            _ended = self.child.wait() => None,
        }
    }
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
    let mut instance = Instance::start(executable, environment, Stdio::piped).await;
    instance.hand(event);
    let id = instance.child.id().unwrap();
    let (end, ended) = oneshot::channel();
    let process = tokio::spawn(run_until(instance.child, ended));
    let report = timeout(PATIENCE, instance.reports.recv()).await;
    let usage = usage(id);
    // A process that has ended by itself no longer listens.
    let _gone = end.send(());
    let written = written(&process.await.unwrap());
    let Ok(Some((outcome, answer))) = report else {
        panic!("{} reported nothing: {written}", executable.display())
    };
    Invoked { outcome, answer, written, usage }
}

fn usage(process: u32) -> Option<Usage> {
    let read = |name: &str| fs::read_to_string(format!("/proc/{process}/{name}")).ok();
    let peak = read("status")?
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix(" kB")?.trim().parse().ok());
    // Of the fields behind the name, the 12th and 13th are user and system time, in hundredths of a second.
    let fields = read("stat")?.rsplit_once(") ")?.1.to_owned();
    let hundredths: u64 = fields.split(' ').skip(11).take(2).map(|time| time.parse::<u64>().unwrap()).sum();
    Some(Usage {
        peak_memory: peak.map(|kib: usize| kib * 1024)?,
        processor: Duration::from_millis(hundredths * 10),
    })
}

/// Runs a binary that is expected to end by itself, and gives its exit code and all that it wrote.
pub async fn fail_to_start(function: &str, environment: &BTreeMap<String, String>) -> (Option<i32>, String) {
    let child = start(&executables().await[function], environment, "127.0.0.1:1", Stdio::piped);
    let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    (output.status.code(), written(&output))
}

/// Reads what a process writes as long as it runs, so that a full pipe never stops it.
async fn run_until(mut child: Child, ended: oneshot::Receiver<()>) -> Output {
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let kill = async {
        drop(ended.await);
        child.start_kill().unwrap();
        child.wait().await.unwrap()
    };
    let (_, _, status) = join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err), kill);
    Output { status, stdout: out, stderr: err }
}

fn start(
    executable: &Path,
    environment: &BTreeMap<String, String>,
    runtime_api: &str,
    output: fn() -> Stdio,
) -> Child {
    Command::new(executable)
        .env_clear()
        .envs(environment)
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
        .stdin(Stdio::null())
        .stdout(output())
        .stderr(output())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn written(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

async fn serve(
    listener: TcpListener,
    mut events: mpsc::UnboundedReceiver<String>,
    reports: mpsc::UnboundedSender<(String, Value)>,
) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        while let Some((head, body)) = message(&mut stream).await {
            let path = head.split(' ').nth(1).unwrap();
            let answer = if path.ends_with("/next") {
                let Some(event) = events.recv().await else { return };
                event
            } else {
                let outcome = path.rsplit('/').next().unwrap().to_owned();
                reports.send((outcome, serde_json::from_slice(&body).unwrap())).unwrap();
                String::new()
            };
            // A process that has been killed takes no answer.
            if reply(&mut stream, &answer).await.is_err() {
                break;
            }
        }
    }
}

async fn reply(stream: &mut TcpStream, body: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: request-1\r\nlambda-runtime-deadline-ms: 4102444800000\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:000000000000:function:f\r\n\
         lambda-runtime-trace-id: Root=1-0-0\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await
}
