//! Between Lambda and a handler: the deadline, the mapping of errors, and the request's line in the log.

use std::{convert::Infallible, panic::AssertUnwindSafe, time::Instant};

use futures_util::FutureExt;
use lambda_http::{
    Adapter, Body, LambdaEvent, Request, Response, lambda_runtime, service_fn, tower::ServiceExt,
};

use crate::{
    error::{Error, Result},
    event::Event,
    http,
    log::{self, Line},
    time_limits::DEADLINE,
};

/// Serves Lambda's invocations with `handle` until the process ends.
///
/// # Errors
/// When the Lambda runtime API can't be reached.
pub async fn serve<H, F>(handle: H) -> Result<(), lambda_http::Error>
where
    H: Fn(Request) -> F + Sync,
    F: Future<Output = Result<Response<Body>>> + Send,
{
    warm_up()?;
    let answer = service_fn(|request| async { Ok::<_, Infallible>(answer(&handle, request).await) });
    let read = |event: LambdaEvent<Event>| LambdaEvent::new(event.payload.0, event.context);
    lambda_runtime::run(Adapter::from(answer).map_request(read)).await
}

/// Without it AWS-LC takes tens of milliseconds of CPU for the first random number (docs/decisions/0018).
const _: () = assert!(
    option_env!("AWS_LC_SYS_NO_JITTER_ENTROPY").is_some(),
    "build in this project's folder: .cargo/config.toml sets AWS_LC_SYS_NO_JITTER_ENTROPY"
);

/// Draws the first random number while Lambda still starts, so that no request is the first to find that there is none.
fn warm_up() -> Result<(), lambda_http::Error> {
    aws_lc_rs::rand::fill(&mut [0]).map_err(|_| "the random number generator failed".into())
}

/// Answers one request: with what `handle` makes of it, or with the refusal that its error maps to. Writes its
/// log line.
pub async fn answer<H, F>(handle: &H, request: Request) -> Response<Body>
where
    H: Fn(Request) -> F,
    F: Future<Output = Result<Response<Body>>>,
{
    let start = Instant::now();
    let line = Line::of(&request);
    // A handler that panicked keeps nothing that a later request could see.
    let handled = AssertUnwindSafe(handle(request)).catch_unwind();
    let (outcome, mut line) = log::request(line, tokio::time::timeout(DEADLINE, handled)).await;
    let panicked = |_| Err(Error::Internal("the handler panicked: see the lines before"));
    let outcome = outcome.map_or(Err(Error::Deadline), |handled| handled.unwrap_or_else(panicked));
    line.took = start.elapsed();
    line.write(outcome.as_ref().map(|_| ()));
    outcome.unwrap_or_else(|error| http::refusal(&error))
}
