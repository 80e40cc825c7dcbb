//! Who may pass: what an authorizer says of a request.

use std::{path::PathBuf, process::Stdio, time::Duration};

use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use super::{event::Arrival, refusal::Refusal};
use crate::{template::Authorizer, tokens::Tokens};

/// How long an authorizer may take (API Gateway quotas: timeout for Lambda authorizer response).
const LONGEST: Duration = Duration::from_secs(10);

/// What authorizers look with.
pub(super) struct Authorizers {
    /// The identity provider, whose tokens are good.
    pub tokens: Tokens,
    /// The user's own program.
    pub program: Option<PathBuf>,
}

/// An authorizer's answer, in the simple form of payload format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    is_authorized: bool,
    #[serde(default)]
    context: Map<String, Value>,
}

impl Authorizers {
    /// What a function is told of whoever may pass (`requestContext.authorizer`).
    pub async fn authorize(&self, authorizer: &Authorizer, arrival: &Arrival<'_>) -> Result<Value, Refusal> {
        let source = |header| source(&arrival.head.headers, header).ok_or(Refusal::Unproven);
        match authorizer {
            Authorizer::Token { header, issuer, audience } => {
                let claims = self.tokens.verify(token(source(header)?), issuer, audience);
                Ok(json!({"jwt": {"claims": claims.map_err(Refusal::Token)?, "scopes": null}}))
            }
            Authorizer::Program { header } => {
                let event = arrival.for_authorizer(source(header)?);
                let asked = timeout(LONGEST, self.ask(event));
                let decision = asked.await.unwrap_or_else(|_elapsed| Err("it takes over 10 s".to_owned()));
                let decision = decision.map_err(|problem| {
                    tracing::error!(problem, "the authorizer failed");
                    Refusal::AuthorizerFailed
                })?;
                decision
                    .is_authorized
                    .then(|| json!({ "lambda": decision.context }))
                    .ok_or(Refusal::Forbidden)
            }
        }
    }

    /// Starts the program: the event is its input, the decision its output.
    async fn ask(&self, event: Value) -> Result<Decision, String> {
        let program = self.program.as_ref().ok_or("there is none")?;
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        if let Some(mut input) = child.stdin.take() {
            // Who decides without it may leave it unread.
            let _unread = input.write_all(event.to_string().as_bytes()).await;
        }
        let output = child.wait_with_output().await.map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("it ended with {}", output.status));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("its answer is no decision: {error}"))
    }
}

fn source<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().filter(|source| !source.is_empty())
}

/// The token, with or without `Bearer `.
fn token(source: &str) -> &str {
    match source.split_at_checked("Bearer ".len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer ") => token.trim(),
        _ => source,
    }
}
