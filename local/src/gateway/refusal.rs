//! What the gateway answers by itself, in API Gateway's words.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::tokens;

/// Why a request gets no answer of a function.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No such route.
    NotFound,
    /// The authorizer refuses; with the status and the `www-authenticate` header.
    Unauthorized(StatusCode, String),
    /// The body is over the limit.
    TooLarge,
    /// The function failed, or can't be reached.
    Internal,
    /// The function took longer than an integration may.
    TimedOut,
    /// The functions are being rebuilt, or don't compile.
    Held(String),
}

impl Refusal {
    /// The authorizer's refusal, on a route that asks for scopes.
    pub fn unauthorized(refusal: tokens::Refusal, scopes: &[String]) -> Self {
        let scopes = scopes.join(" ");
        let challenge = |error: &str, description: &str| {
            format!("Bearer scope=\"{scopes}\" error=\"{error}\" error_description=\"{description}\"")
        };
        match refusal {
            tokens::Refusal::Missing => Self::Unauthorized(StatusCode::UNAUTHORIZED, "Bearer".to_owned()),
            tokens::Refusal::Invalid(reason) => {
                Self::Unauthorized(StatusCode::UNAUTHORIZED, challenge("invalid_token", reason))
            }
            tokens::Refusal::Scope => Self::Unauthorized(
                StatusCode::FORBIDDEN,
                challenge("insufficient_scope", "the token does not have a valid scope"),
            ),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unauthorized(status, _) => *status,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TimedOut | Self::Held(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let message = match &self {
            Self::Held(message) => message,
            // Its name in HTTP/1.1's first edition, which API Gateway keeps.
            Self::TooLarge => "Request Entity Too Large",
            _ => status.canonical_reason().unwrap_or_default(),
        };
        let body = json!({ "message": message }).to_string();
        let json = (CONTENT_TYPE, "application/json");
        match self {
            Self::Unauthorized(_, challenge) => {
                (status, [json], [(WWW_AUTHENTICATE, challenge)], body).into_response()
            }
            _ => (status, [json], body).into_response(),
        }
    }
}
