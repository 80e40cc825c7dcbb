//! The Lambda Runtime API for one instance of one function, with a clock in it.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use crate::usage;

/// Long enough for a function on a busy machine, also while its instructions are counted.
const PATIENCE: Duration = Duration::from_mins(3);

/// What an instance says to the API.
enum Said {
    /// It waits for an event, and takes it here.
    Ready(oneshot::Sender<String>),
    /// It has answered.
    Answered(Bytes),
    /// It, or an invocation, has failed.
    Failed(Bytes),
}

type Heard = mpsc::UnboundedSender<(Instant, Said)>;

/// A running instance that waits for an event.
pub struct Instance {
    child: Child,
    said: mpsc::UnboundedReceiver<(Instant, Said)>,
    next: oneshot::Sender<String>,
    /// What it took to become ready.
    pub start: Took,
    _api: JoinSet<()>,
}

/// What something took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// Time on the clock.
    pub clock: Duration,
    /// Time on a processor, by the function's process alone.
    pub processor: Duration,
}

impl Instance {
    /// Starts a function, and waits until it asks for its first event.
    pub async fn start(mut command: Command, environment: &BTreeMap<String, String>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (heard, mut said) = mpsc::unbounded_channel();
        let mut api = JoinSet::new();
        api.spawn(async { axum::serve(listener, routes(heard)).await.unwrap_or_default() });
        let begun = Instant::now();
        let mut child = command
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the function doesn't start")?;
        let (at, next) = ready(&mut child, &mut said).await?;
        let start = Took { clock: at - begun, processor: processor(&child)? };
        Ok(Self { child, said, next, start, _api: api })
    }

    /// Hands it an event; gives the answer's body, which has to bear status 200, and what it took until the instance
    /// was ready for the next.
    pub async fn call(&mut self, event: &Value) -> Result<(Value, Took)> {
        let before = processor(&self.child)?;
        let begun = Instant::now();
        let (none, _) = oneshot::channel();
        let next = std::mem::replace(&mut self.next, none);
        next.send(event.to_string()).ok().context("the function no longer waits")?;
        let (at, Said::Answered(answer)) = hear(&mut self.child, &mut self.said).await? else {
            bail!("the function asks for the next event before it has answered");
        };
        (_, self.next) = ready(&mut self.child, &mut self.said).await?;
        let took = Took { clock: at - begun, processor: processor(&self.child)?.saturating_sub(before) };
        Ok((body(&answer)?, took))
    }

    /// Asks the process to end, and waits until it has.
    pub async fn end(mut self) -> Result<()> {
        let id = self.child.id().context("the function has ended")?;
        let id = Pid::from_raw(id.try_into()?).context("no process has the id 0")?;
        kill_process(id, Signal::TERM)?;
        self.child.wait().await?;
        Ok(())
    }

    /// The most memory that it has had, in bytes.
    pub fn peak_memory(&self) -> Result<u64> {
        usage::peak_memory(self.child.id().context("the function has ended")?)
    }
}

fn processor(child: &Child) -> Result<Duration> {
    usage::processor(child.id().context("the function has ended")?)
}

async fn ready(
    child: &mut Child,
    said: &mut mpsc::UnboundedReceiver<(Instant, Said)>,
) -> Result<(Instant, oneshot::Sender<String>)> {
    match hear(child, said).await? {
        (at, Said::Ready(next)) => Ok((at, next)),
        _ => bail!("the function answers what it was not asked"),
    }
}

async fn hear(
    child: &mut Child,
    said: &mut mpsc::UnboundedReceiver<(Instant, Said)>,
) -> Result<(Instant, Said)> {
    let heard = tokio::select! {
        heard = timeout(PATIENCE, said.recv()) => heard.context("the function says nothing")?,
        status = child.wait() => bail!("the function has ended: {}", status?),
    };
    match heard.context("the API has ended")? {
        (_, Said::Failed(what)) => bail!("the function fails: {}", String::from_utf8_lossy(&what)),
        said => Ok(said),
    }
}

/// The body of an answer in payload format 2.0.
fn body(answer: &[u8]) -> Result<Value> {
    let answer: Value = serde_json::from_slice(answer)?;
    ensure!(answer["statusCode"] == 200, "the function answers {answer}");
    Ok(serde_json::from_str(answer["body"].as_str().context("no body")?)?)
}

/// AWS's Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
fn routes(heard: Heard) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(error))
        .with_state(heard)
}

async fn next(State(heard): State<Heard>) -> Response {
    let (give, given) = oneshot::channel();
    let told = heard.send((Instant::now(), Said::Ready(give)));
    let Ok(event) = given.await else { return StatusCode::GONE.into_response() };
    let headers = [
        ("lambda-runtime-aws-request-id", "request-1"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("lambda-runtime-trace-id", "Root=1-0-0"),
    ];
    told.map_or(StatusCode::GONE.into_response(), |()| (headers, event).into_response())
}

async fn response(State(heard): State<Heard>, body: Bytes) -> StatusCode {
    accepted(heard.send((Instant::now(), Said::Answered(body))).is_ok())
}

async fn error(State(heard): State<Heard>, body: Bytes) -> StatusCode {
    accepted(heard.send((Instant::now(), Said::Failed(body))).is_ok())
}

const fn accepted(heard: bool) -> StatusCode {
    if heard { StatusCode::ACCEPTED } else { StatusCode::GONE }
}
