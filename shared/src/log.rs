//! What is written down: one JSON line a request, and never a share, a secret, a token, a header block or a body.

mod line;

use std::{cell::RefCell, io, net::IpAddr};

use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    filter::Targets,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub(crate) use self::line::{Line, bounded};
use crate::{
    error::Error,
    ids::{ClientId, Method, PairId},
};

/// Starts logging to standard output, as JSON.
///
/// # Errors
/// When something logs already.
pub fn start() -> Result<(), lambda_http::Error> {
    subscriber(io::stdout).try_init()?;
    Ok(())
}

/// Writes this crate's lines, which alarms count, and warnings of libraries, as JSON.
///
/// No variable makes it more: at `trace` the Lambda runtime prints whole events and the SDK whole answers. A release has
/// no code for lines below `info` at all (Cargo.toml).
pub fn subscriber<W>(writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let levels = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target(env!("CARGO_CRATE_NAME"), LevelFilter::INFO);
    let json = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    tracing_subscriber::registry().with(json.with_writer(writer)).with(levels)
}

tokio::task_local! {
    static LINE: RefCell<Line>;
}

fn learn(what: impl FnOnce(&mut Line)) {
    // Outside of a request there is no line to add to.
    let _ = LINE.try_with(|line| what(&mut line.borrow_mut()));
}

/// Notes whose share the request is about.
pub fn client(client: &ClientId) {
    learn(|line| line.client = Some(client.clone()));
}

/// Notes the share's method.
pub fn method(method: &Method) {
    learn(|line| line.method = Some(method.clone()));
}

/// Notes the share's pair.
pub fn pair(pair: &PairId) {
    learn(|line| line.pair = Some(pair.clone()));
}

/// Notes where the webhook was called from: if Portal ever changes its addresses, the log knows to what.
pub(crate) fn source_ip(address: IpAddr) {
    learn(|line| line.source_ip = Some(address));
}

/// Notes which of the configured webhook secrets was presented, 1 for the first, and how many there are: once nobody
/// presents the old one any more, it can go.
pub fn webhook_secret(which: usize, of: usize) {
    learn(|line| {
        line.webhook_secret = Some(which);
        line.webhook_secrets = Some(of);
    });
}

/// Counts a call to AWS. The SDK's own retries are not counted.
pub(crate) fn aws_call() {
    learn(|line| line.aws_calls += 1);
}

/// Counts a share that is stored now and was not before.
pub(crate) fn stored() {
    learn(|line| line.stored += 1);
}

/// Counts a share that was opened.
pub(crate) fn opened() {
    learn(|line| line.opened += 1);
}

/// Notes whether the share was stored before, by an earlier request or an earlier attempt of this one.
pub(crate) fn repeated(repeated: bool) {
    learn(|line| line.repeated = Some(repeated));
}

/// Counts a stored share that will never open, and names its row. Of an error that may pass it says nothing.
pub(crate) fn never_opens(client: &ClientId, row_key: &str, error: &Error) {
    if !error.is_of_the_row() {
        return;
    }
    learn(|line| {
        line.tampered += 1;
        let (request_id, row) = (line.request_id.as_str(), bounded(row_key));
        let (client, why) = (client.as_str(), tracing::field::display(error));
        tracing::error!(request_id, client, row, why, "a stored share will never open");
    });
}

/// Notes that there are shares for which the answer has no room.
pub(crate) fn left_out() {
    learn(|line| line.left_out = true);
}

/// Serves a request, whose line learns meanwhile.
pub(crate) async fn request<T>(line: Line, serving: impl Future<Output = T>) -> (T, Line) {
    let served = async {
        let served = serving.await;
        (served, LINE.with(RefCell::take))
    };
    LINE.scope(RefCell::new(line), served).await
}
