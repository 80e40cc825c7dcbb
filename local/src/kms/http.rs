//! KMS over HTTP: AWS's JSON 1.1 protocol. Signatures are not looked at.

use std::{future::Future, io};

use axum::{
    Router,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{account::Kms, error::KmsException};

impl Kms {
    /// Serves the KMS API until `shutdown` resolves and the requests under way are answered.
    ///
    /// # Errors
    /// Those of the listener.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let router = Router::new().fallback(call).with_state(self);
        axum::serve(listener, router).with_graceful_shutdown(shutdown).await
    }
}

async fn call(State(kms): State<Kms>, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Response {
    let answer = body
        .map_err(|rejection| KmsException::validation(rejection.body_text()))
        .and_then(|body| kms.answer(operation(&headers), &body));
    respond(answer)
}

/// The name of the operation; empty, which is none, without a target of the KMS API.
fn operation(headers: &HeaderMap) -> &str {
    headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .and_then(|target| target.strip_prefix("TrentService."))
        .unwrap_or_default()
}

fn respond(answer: Result<Value, KmsException>) -> Response {
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => (refusal.status(), json!({"__type": refusal.code, "message": refusal.message})),
    };
    let headers = [
        (CONTENT_TYPE.as_str(), "application/x-amz-json-1.1"),
        ("x-amzn-requestid", &Uuid::new_v4().to_string()),
    ];
    (status, headers, body.to_string()).into_response()
}
