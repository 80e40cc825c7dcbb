//! The HTTP client: requests to an API, by TLS or on this computer, and their JSON answers.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, StatusCode, Uri,
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    credential::Credential,
    failure::{Failure, Result},
};

/// How long an app waits for an answer (docs/apps.md).
pub const PATIENCE: Duration = Duration::from_secs(15);
/// How long Portal waits (docs/contract.md, "Webhook").
pub const PORTALS_PATIENCE: Duration = Duration::from_secs(10);

/// More than Lambda's largest answer.
const MAX_ANSWER: usize = 8 << 20;

/// A client of any API. It follows no redirect: what proves who calls goes to the named address alone.
pub struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What is sent.
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Value>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The request's method and path.
    pub request: String,
    /// The status.
    pub status: StatusCode,
    /// The body; `null` where it is no JSON.
    pub body: Value,
    /// From the request's first byte to the answer's last.
    pub took: Duration,
}

impl Http {
    /// A client that trusts the authorities that this computer trusts.
    ///
    /// # Errors
    /// When it trusts none.
    pub fn new() -> Result<Self> {
        let connector = HttpsConnectorBuilder::new().with_native_roots();
        let connector = connector.map_err(|why| {
            Failure::Here(format!("this computer has no root certificates ({why}): install ca-certificates"))
        })?;
        let connector = connector.https_or_http().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// Sends a request, once, and waits for the whole answer.
    ///
    /// # Errors
    /// [`Failure::NoAnswer`].
    pub async fn send(&self, request: Request) -> Result<Answer> {
        let shown = request.shown();
        let start = Instant::now();
        let answered = timeout(PATIENCE, self.exchange(request)).await;
        let answered = answered.unwrap_or_else(|_| Err(format!("none in {} s", PATIENCE.as_secs())));
        let (status, body) = answered.map_err(|why| Failure::NoAnswer { request: shown.clone(), why })?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Answer { request: shown, status, body, took: start.elapsed() })
    }

    async fn exchange(&self, request: Request) -> Result<(StatusCode, Bytes), String> {
        let mut message = hyper::Request::builder().method(request.method).uri(request.url);
        for (name, value) in request.headers {
            message = message.header(name, value);
        }
        let body = request.body.map(|body| body.to_string()).unwrap_or_default();
        let message = message.body(Full::from(body)).map_err(|why| why.to_string())?;
        let response = self.client.request(message).await.map_err(|why| causes(&why))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        Ok((status, body.map_err(|why| causes(&*why))?.to_bytes()))
    }
}

/// An error and what is behind it, in one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Request {
    /// Asks for what is there.
    pub fn get(url: String) -> Self {
        Self { method: Method::GET, url, headers: vec![], body: None }
    }

    /// Hands over a JSON document.
    pub fn post(url: String, body: Value) -> Self {
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { method: Method::POST, url, headers: vec![json], body: Some(body) }
    }

    /// With a user's token.
    #[must_use]
    pub fn bearing(self, token: &Credential) -> Self {
        self.with(AUTHORIZATION, token.header("Bearer "))
    }

    /// With a header that is a proof by itself.
    #[must_use]
    pub fn proven(self, name: HeaderName, proof: &Credential) -> Self {
        self.with(name, proof.header(""))
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    fn shown(&self) -> String {
        let uri: Option<Uri> = self.url.parse().ok();
        format!("{} {}", self.method, uri.as_ref().map_or("/", Uri::path))
    }
}

impl Answer {
    /// The code that a function gives with a refusal. The API itself gives none.
    pub fn code(&self) -> Option<&str> {
        self.body["code"]
            .as_str()
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    }

    /// Whether the API itself has refused, before a function ran.
    pub fn is_the_apis_refusal(&self) -> bool {
        matches!(self.status.as_u16(), 401 | 403)
            && self.body["message"].is_string()
            && self.body["code"].is_null()
    }

    /// Whether a function has refused, with that status and code.
    pub fn refuses(&self, status: StatusCode, code: &str) -> bool {
        self.status == status && self.body["message"].is_string() && self.code() == Some(code)
    }

    /// The object that a good answer is: 200, and JSON, which is what Portal's SDKs need.
    ///
    /// # Errors
    /// [`Failure::Refused`] or [`Failure::Strange`].
    pub fn good(self) -> Result<Self> {
        if self.status != StatusCode::OK {
            let said = self.said();
            return Err(Failure::Refused { request: self.request, status: self.status, said });
        }
        if !self.body.is_object() {
            return Err(self.strange("the answer is no JSON object"));
        }
        Ok(self)
    }

    /// A good answer with something wrong in it.
    pub fn strange(&self, what: &'static str) -> Failure {
        Failure::Strange { request: self.request.clone(), what }
    }

    /// What may be shown of the answer beside its status: our codes and the API's short words. Any other text is left
    /// out, since a strange server may send back what it was sent.
    pub fn said(&self) -> String {
        const WORDS: [&str; 6] = [
            "Unauthorized",
            "Forbidden",
            "Not Found",
            "Too Many Requests",
            "Internal Server Error",
            "Service Unavailable",
        ];
        let word = WORDS.into_iter().find(|word| self.body["message"] == *word);
        match (self.code(), word) {
            (Some(code), _) if code.len() <= 32 => format!(" ({code})"),
            (_, Some(_)) => " by the API itself".into(),
            _ if self.body.is_object() => " with other words than ours".into(),
            _ => " without JSON".into(),
        }
    }
}
