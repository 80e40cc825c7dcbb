//! A small HTTP client: requests to the API and their JSON answers.

use anyhow::{Context, Result, ensure};
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The API, as both parties reach it.
pub struct Http {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// The header by which a party proves who it is.
pub type Proof<'a> = (HeaderName, &'a str);

impl Http {
    /// A client of the API at that base URL.
    pub fn new(base: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { base: base.into(), client }
    }

    /// Asks for a JSON object.
    pub async fn get(&self, path: &str, proof: Proof<'_>) -> Result<Value> {
        self.send(Method::GET, path, proof, Bytes::new()).await
    }

    /// Sends a JSON object and gets one.
    pub async fn post(&self, path: &str, proof: Proof<'_>, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, proof, body.to_string().into()).await
    }

    /// Anything but 200 with a JSON object is an error: that is what Portal's SDKs need.
    async fn send(&self, method: Method, path: &str, proof: Proof<'_>, body: Bytes) -> Result<Value> {
        let shown = format!("{method} {path}");
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/json")
            .header(proof.0, proof.1)
            .body(Full::new(body))?;
        let response =
            self.client.request(request).await.with_context(|| format!("{shown} gets no answer"))?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status == StatusCode::OK, "{shown} is answered {status}: {}", String::from_utf8_lossy(&body));
        let answer: Value =
            serde_json::from_slice(&body).with_context(|| format!("{shown}: the answer isn't JSON"))?;
        ensure!(answer.is_object(), "{shown}: the answer is no JSON object");
        Ok(answer)
    }
}
