//! What the gateway answers by itself, in API Gateway's words.

use axum::{
    http::{
        StatusCode,
        header::{CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Why a request gets no answer of a function.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request line and the headers are over the limit.
    HeadTooLarge,
    /// No such route.
    NotFound,
    /// More requests than the route takes.
    TooMany,
    /// There is nothing that the authorizer could look at.
    Unproven,
    /// The token is refused.
    Token(&'static str),
    /// The user's authorizer refuses.
    Forbidden,
    /// The user's authorizer failed.
    AuthorizerFailed,
    /// The body is over the limit.
    TooLarge,
    /// The body doesn't come.
    Stalled,
    /// The function failed, or can't be reached.
    Internal,
    /// The function took longer than an integration may.
    TimedOut,
    /// The functions are being rebuilt, or don't compile.
    Held(String),
}

impl Refusal {
    /// The status, and the gateway's name for what is wrong (`$context.error.responseType`). API Gateway's documentation
    /// lists these names and doesn't say which comes when; nobody has tried it yet.
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::HeadTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "DEFAULT_4XX"),
            Self::NotFound => (StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "THROTTLED"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "ACCESS_DENIED"),
            Self::Unproven | Self::Token(_) => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
            Self::AuthorizerFailed => (StatusCode::INTERNAL_SERVER_ERROR, "AUTHORIZER_FAILURE"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "REQUEST_TOO_LARGE"),
            Self::Stalled => (StatusCode::REQUEST_TIMEOUT, "DEFAULT_4XX"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTEGRATION_FAILURE"),
            Self::TimedOut => (StatusCode::SERVICE_UNAVAILABLE, "INTEGRATION_TIMEOUT"),
            Self::Held(_) => (StatusCode::SERVICE_UNAVAILABLE, "DEFAULT_5XX"),
        }
    }

    pub fn response_type(&self) -> &'static str {
        self.kind().1
    }

    /// What is wrong with a token.
    pub fn reason(&self) -> Option<&'static str> {
        if let Self::Token(reason) = self { Some(reason) } else { None }
    }

    /// What `www-authenticate` says.
    fn challenge(&self) -> Option<String> {
        match self {
            Self::Unproven => Some("Bearer".to_owned()),
            Self::Token(reason) => {
                Some(format!(r#"Bearer scope="" error="invalid_token" error_description="{reason}""#))
            }
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, _) = self.kind();
        let challenge = self.challenge().map(|challenge| [(WWW_AUTHENTICATE, challenge)]);
        let message = match &self {
            Self::Held(message) => message,
            // Its name in HTTP/1.1's first edition, which API Gateway keeps.
            Self::TooLarge => "Request Entity Too Large",
            _ => status.canonical_reason().unwrap_or_default(),
        };
        let body = json!({ "message": message }).to_string();
        (status, [(CONTENT_TYPE, "application/json")], challenge, body).into_response()
    }
}
