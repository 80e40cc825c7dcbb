//! One function's process, and the Lambda Runtime API that it asks for events: AWS's Lambda Developer Guide, "Using the
//! Lambda runtime API for custom runtimes".

mod usage;

use std::{net::Ipv4Addr, process::Stdio, sync::Arc, time::Instant};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc},
    task::JoinSet,
};

pub use crate::usage::Usage;

/// What an instance says to the API.
#[derive(Debug)]
pub enum Said {
    /// It waits for an event.
    Ready,
    /// Its answer to an event.
    Answered(Bytes),
    /// It, or an invocation, has failed.
    Failed(Bytes),
}

/// A running instance.
pub struct Instance {
    /// Its process, which is killed when this is dropped.
    pub child: Child,
    /// When the process was started.
    pub begun: Instant,
    events: mpsc::UnboundedSender<String>,
    said: mpsc::UnboundedReceiver<(Instant, Said)>,
    _api: JoinSet<()>,
}

impl Instance {
    /// Starts a function.
    ///
    /// # Errors
    /// When the program can't be run.
    pub async fn start(mut command: Command) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (events, handed) = mpsc::unbounded_channel();
        let (say, said) = mpsc::unbounded_channel();
        let mut api = JoinSet::new();
        let routes = routes(Api { events: Arc::new(Mutex::new(handed)), say });
        api.spawn(async { axum::serve(listener, routes).await.unwrap_or_default() });
        command.env("AWS_LAMBDA_RUNTIME_API", address).stdin(Stdio::null()).kill_on_drop(true);
        let begun = Instant::now();
        let child = command.spawn().context("the function doesn't start")?;
        Ok(Self { child, begun, events, said, _api: api })
    }

    /// Hands it an event, which it takes once it is ready.
    ///
    /// # Errors
    /// When its API has ended.
    pub fn hand(&self, event: String) -> Result<()> {
        self.events.send(event).context("the API has ended")
    }

    /// What it says next, and when it said so. `None` once it has ended, and all that it said before was heard.
    pub async fn hear(&mut self) -> Option<(Instant, Said)> {
        tokio::select! {
            biased;
            said = self.said.recv() => said,
            _ended = self.child.wait() => None,
        }
    }

    /// What it has taken so far.
    ///
    /// # Errors
    /// When it has ended, or the system is not Linux.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id().context("the function has ended")?)
    }
}

#[derive(Clone)]
struct Api {
    events: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
    say: mpsc::UnboundedSender<(Instant, Said)>,
}

impl Api {
    fn heard(&self, said: Said) -> StatusCode {
        let heard = self.say.send((Instant::now(), said)).is_ok();
        if heard { StatusCode::ACCEPTED } else { StatusCode::GONE }
    }
}

fn routes(api: Api) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
        .route("/2018-06-01/runtime/init/error", post(failed))
        .with_state(api)
}

async fn next(State(api): State<Api>) -> Response {
    api.heard(Said::Ready);
    let Some(event) = api.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let headers = [
        ("lambda-runtime-aws-request-id", "request-1"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("lambda-runtime-trace-id", "Root=1-0-0"),
    ];
    (headers, event).into_response()
}

async fn answered(State(api): State<Api>, body: Bytes) -> StatusCode {
    api.heard(Said::Answered(body))
}

async fn failed(State(api): State<Api>, body: Bytes) -> StatusCode {
    api.heard(Said::Failed(body))
}
