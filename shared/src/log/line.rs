//! The one line that a request leaves.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lambda_http::{Request, RequestExt, http::StatusCode};

use crate::{
    error::Error,
    http::context,
    ids::{ClientId, Method, PairId},
};

const TRACE_HEADER: &str = "X-Portal-Trace-Id";

/// Longer than any row's key. A stranger's line is under 1 KB, whatever they send.
const MAX_TEXT: usize = 128;

/// What a request's line says, as far as it is known.
#[derive(Default)]
pub struct Line {
    pub request_id: String,
    pub api_request_id: Option<String>,
    pub trace_id: Option<String>,
    pub route: String,
    pub cold: bool,
    pub took: Duration,
    pub source_ip: Option<IpAddr>,
    pub client: Option<ClientId>,
    pub method: Option<Method>,
    pub pair: Option<PairId>,
    pub webhook_secret: Option<usize>,
    pub webhook_secrets: Option<usize>,
    pub aws_calls: u32,
    pub opened: u32,
    pub stored: u32,
    pub repeated: Option<bool>,
    pub tampered: u32,
    pub left_out: bool,
}

impl Line {
    /// The line of a request that nobody has looked into yet.
    pub fn of(request: &Request) -> Self {
        static SERVED: AtomicBool = AtomicBool::new(false);
        let trace_id = request.headers().get(TRACE_HEADER);
        Self {
            request_id: request
                .lambda_context_ref()
                .map(|context| context.request_id.clone())
                .unwrap_or_default(),
            api_request_id: context(request).and_then(|context| context.request_id.clone()),
            trace_id: trace_id.map(|id| bounded(&String::from_utf8_lossy(id.as_bytes()))),
            // The route's key, not the path: paths hold whatever a caller writes.
            route: context(request).and_then(|context| context.route_key.clone()).unwrap_or_default(),
            cold: !SERVED.swap(true, Ordering::Relaxed),
            ..Line::default()
        }
    }

    /// Writes the request's one line: as an error when we failed, as a warning when the answer is not whole.
    pub fn write(self, outcome: Result<(), &Error>) {
        let (status, code) =
            outcome.map_or_else(|e| (e.public().0, e.public().1), |()| (StatusCode::OK, "ok"));
        macro_rules! write_at {
            ($level:ident) => {
                tracing::$level!(
                    request_id = self.request_id,
                    api_request_id = self.api_request_id,
                    trace_id = self.trace_id,
                    route = self.route,
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
                    ms = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
                    cold = self.cold,
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

/// Text from outside, cut to a length that a log line can bear. What is not plain ASCII is written as `\u{…}`: some of it
/// breaks a line (U+2028) or turns it round (U+202E) for whoever reads it.
pub fn bounded(text: &str) -> String {
    let plain = |c: &char| *c == ' ' || c.is_ascii_graphic();
    let written = |c: char| if plain(&c) { c.to_string() } else { c.escape_unicode().to_string() };
    let mut bounded: String = text.chars().take(MAX_TEXT).map(written).collect();
    bounded.truncate(MAX_TEXT);
    bounded
}
