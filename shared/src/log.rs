//! What is written down: one JSON line a request, and never a share, a secret, a token, a header block or a body.

use std::{cell::RefCell, io, net::IpAddr, time::Duration};

use lambda_http::http::StatusCode;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    filter::Targets,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{
    config,
    error::Error,
    share::{ClientId, Method, PairId},
};

/// Longer than any row's key. A stranger's line is under 1 KB, whatever they send.
const MAX_TEXT: usize = 128;

/// Starts logging to standard output, as JSON, from the level that `LOG_LEVEL` names (`info` by default).
///
/// # Errors
/// Names `LOG_LEVEL` when it is no level.
pub fn start() -> Result<(), lambda_http::Error> {
    subscriber(config::log_level()?, io::stdout).try_init()?;
    Ok(())
}

/// Writes JSON lines from this level on.
///
/// Only this crate's lines follow the level. Every library is held at `warn`, whatever `LOG_LEVEL` or `RUST_LOG` say:
/// at `trace` the Lambda runtime prints whole events and the SDK whole answers.
pub fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let json = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    tracing_subscriber::registry().with(json.with_writer(writer)).with(capped(level))
}

fn capped(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(env!("CARGO_CRATE_NAME"), level)
}

/// What is learnt about a request while it is served.
#[derive(Default)]
pub(crate) struct Learnt {
    request_id: String,
    source_ip: Option<IpAddr>,
    client: Option<ClientId>,
    method: Option<Method>,
    pair: Option<PairId>,
    webhook_secret: Option<usize>,
    webhook_secrets: Option<usize>,
    aws_calls: u32,
    opened: u32,
    stored: u32,
    repeated: Option<bool>,
    tampered: u32,
    left_out: bool,
}

tokio::task_local! {
    static LEARNT: RefCell<Learnt>;
}

fn learn(what: impl FnOnce(&mut Learnt)) {
    // Outside of a request there is no line to add to.
    let _ = LEARNT.try_with(|learnt| what(&mut learnt.borrow_mut()));
}

/// Notes whose share the request is about.
pub fn client(client: &ClientId) {
    learn(|learnt| learnt.client = Some(client.clone()));
}

/// Notes the share's method.
pub fn method(method: &Method) {
    learn(|learnt| learnt.method = Some(method.clone()));
}

/// Notes the share's pair.
pub fn pair(pair: &PairId) {
    learn(|learnt| learnt.pair = Some(pair.clone()));
}

/// Notes where the webhook was called from: if Portal ever changes its addresses, the log knows to what.
pub(crate) fn source_ip(address: IpAddr) {
    learn(|learnt| learnt.source_ip = Some(address));
}

/// Notes which of the configured webhook secrets was presented, 1 for the first, and how many there are: once nobody
/// presents the old one any more, it can go.
pub fn webhook_secret(which: usize, of: usize) {
    learn(|learnt| {
        learnt.webhook_secret = Some(which);
        learnt.webhook_secrets = Some(of);
    });
}

/// Counts a call to AWS. The SDK's own retries are not counted.
pub(crate) fn aws_call() {
    learn(|learnt| learnt.aws_calls += 1);
}

/// Counts a share that is stored now and was not before.
pub(crate) fn stored() {
    learn(|learnt| learnt.stored += 1);
}

/// Counts a share that was opened.
pub(crate) fn opened() {
    learn(|learnt| learnt.opened += 1);
}

/// Notes whether the share was stored before, by an earlier request or an earlier attempt of this one.
pub(crate) fn repeated(repeated: bool) {
    learn(|learnt| learnt.repeated = Some(repeated));
}

/// Counts a stored share that will never open, and names its row. Of an error that may pass it says nothing.
pub(crate) fn never_opens(client: &ClientId, row_key: &str, error: &Error) {
    if !error.is_of_the_row() {
        return;
    }
    learn(|learnt| {
        learnt.tampered += 1;
        let (request_id, row) = (learnt.request_id.as_str(), bounded(row_key));
        let (client, why) = (client.as_str(), tracing::field::display(error));
        tracing::error!(request_id, client, row, why, "a stored share will never open");
    });
}

/// Notes that there are shares for which the answer has no room.
pub(crate) fn left_out() {
    learn(|learnt| learnt.left_out = true);
}

/// Text from outside, cut to a length that a log line can bear. What is not plain ASCII is written as `\u{…}`: some of it
/// breaks a line (U+2028) or turns it round (U+202E) for whoever reads it.
pub(crate) fn bounded(text: &str) -> String {
    let plain = |c: &char| *c == ' ' || c.is_ascii_graphic();
    let written = |c: char| if plain(&c) { c.to_string() } else { c.escape_unicode().to_string() };
    let mut bounded: String = text.chars().take(MAX_TEXT).map(written).collect();
    bounded.truncate(MAX_TEXT);
    bounded
}

/// What a request's line says besides what was learnt while it was served.
pub(crate) struct Line {
    pub request_id: String,
    pub api_request_id: Option<String>,
    pub trace_id: Option<String>,
    pub route: String,
    pub cold: bool,
    pub took: Duration,
}

/// Serves a request within the scope of its line.
pub(crate) async fn request<T>(line: &Line, serving: impl Future<Output = T>) -> (T, Learnt) {
    let served = async {
        let served = serving.await;
        (served, LEARNT.with(RefCell::take))
    };
    let learnt = Learnt { request_id: line.request_id.clone(), ..Learnt::default() };
    LEARNT.scope(RefCell::new(learnt), served).await
}

impl Learnt {
    /// Writes the request's one line: as an error when we failed, as a warning when the answer is not whole.
    pub(crate) fn write(self, line: &Line, outcome: Result<(), &Error>) {
        let (status, code) =
            outcome.map_or_else(|e| (e.public().0, e.public().1), |()| (StatusCode::OK, "ok"));
        macro_rules! write_at {
            ($level:ident) => {
                tracing::$level!(
                    request_id = self.request_id,
                    api_request_id = line.api_request_id,
                    trace_id = line.trace_id,
                    route = line.route,
                    status = status.as_u16(),
                    code,
                    reason = outcome.err().map(tracing::field::display),
                    source_ip = self.source_ip.map(tracing::field::display),
                    client = self.client.as_ref().map(ClientId::as_str),
                    method = self.method.as_ref().map(Method::as_str),
                    pair = self.pair.as_ref().map(PairId::as_str),
                    webhook_secret = self.webhook_secret,
                    webhook_secrets = self.webhook_secrets,
                    aws_calls = self.aws_calls,
                    opened = self.opened,
                    stored = self.stored,
                    repeated = self.repeated,
                    tampered = self.tampered,
                    left_out = self.left_out,
                    ms = u64::try_from(line.took.as_millis()).unwrap_or(u64::MAX),
                    cold = line.cold,
                    "request"
                )
            };
        }
        if status.is_server_error() {
            write_at!(error);
        } else if self.left_out || self.tampered > 0 {
            write_at!(warn);
        } else {
            write_at!(info);
        }
    }
}
