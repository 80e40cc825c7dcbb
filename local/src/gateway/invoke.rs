//! The Lambda Invoke API, as cargo-lambda serves it.

use std::{collections::BTreeMap, fmt::Display, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    http::{Request, StatusCode},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{sync::Semaphore, time::timeout};

use super::refusal::Refusal;

/// The largest answer of a function (Lambda quotas: invocation payload, synchronous).
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// Invocations of one function that are under way at once; the others wait. cargo-lambda takes about a hundred: with
/// more it answers no function any more.
const AT_ONCE: usize = 64;

pub(super) struct Invoker {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    functions: BTreeMap<String, Function>,
    /// How long any function may take.
    longest: Duration,
}

struct Function {
    timeout: Duration,
    places: Arc<Semaphore>,
}

impl Invoker {
    pub fn new(url: String, timeouts: BTreeMap<String, Duration>, longest: Duration) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let function = |timeout| Function { timeout, places: Arc::new(Semaphore::new(AT_ONCE)) };
        let functions = timeouts.into_iter().map(|(name, timeout)| (name, function(timeout)));
        Self { client, url, functions: functions.collect(), longest }
    }

    /// Sends an event to a function and waits for its answer. The invocation goes on when the caller is gone, as it
    /// does on AWS.
    pub async fn invoke(&self, name: &str, event: String) -> Result<Bytes, Refusal> {
        let url = format!("{}/2015-03-31/functions/{name}/invocations", self.url);
        let request = Request::post(url).body(Full::from(event)).map_err(|error| failed(name, &error))?;
        let function = self.functions.get(name).ok_or_else(|| failed(name, &"no such function"))?;
        let (own, places, client) = (function.timeout, Arc::clone(&function.places), self.client.clone());
        let served = async move {
            let _place = places.acquire_owned().await.map_err(|error| error.to_string())?;
            // Lambda stops a function at its own timeout, which is an error of the function.
            timeout(own, call(client, request)).await.unwrap_or_else(|_elapsed| Err("timed out".into()))
        };
        match tokio::spawn(timeout(self.longest, served)).await {
            Ok(Ok(answer)) => answer.map_err(|error| failed(name, &error)),
            Ok(Err(_elapsed)) => Err(Refusal::TimedOut),
            Err(panicked) => Err(failed(name, &panicked)),
        }
    }
}

fn failed(function: &str, problem: &dyn Display) -> Refusal {
    tracing::error!(function, %problem, "invocation failed");
    Refusal::Internal
}

/// One invocation. Lambda tells a function's error by a header, cargo-lambda by the status.
async fn call(
    client: Client<HttpConnector, Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Bytes, String> {
    let response = client.request(request).await.map_err(|error| error.to_string())?;
    let status = response.status();
    if status != StatusCode::OK || response.headers().contains_key("x-amz-function-error") {
        return Err(format!("the function failed, status {status}"));
    }
    let body = Limited::new(response.into_body(), LARGEST_ANSWER);
    let body = body.collect().await.map_err(|error| error.to_string())?;
    Ok(body.to_bytes())
}
