//! What API Gateway checks in a token's claims beyond what the library does, and how it passes them on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Why a token is not good for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProblem {
    /// It is not good for this API, and why. API Gateway's documentation gives its words for the audience alone.
    Invalid(&'static str),
    /// It has none of the scopes that the route asks for.
    Scope,
}

impl TokenProblem {
    /// What `www-authenticate` says of it in a word (RFC 6750, section 3.1).
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_token",
            Self::Scope => "insufficient_scope",
        }
    }

    /// The same in words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Invalid(reason) => reason,
            Self::Scope => "the token does not have a valid scope",
        }
    }
}

/// `aud`, or `client_id` where there is none, and `iat`.
pub(super) fn check(claims: &Map<String, Value>, wanted: &[String], now: u64) -> Result<(), TokenProblem> {
    let audience = words(claims.get("aud").or_else(|| claims.get("client_id")), false);
    if !audience.iter().any(|audience| wanted.contains(audience)) {
        return Err(TokenProblem::Invalid("the token does not have a valid audience"));
    }
    // It may have a fraction (RFC 7519, section 2).
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in an f64")]
    match claims.get("iat").map(|issued| issued.as_f64().map(|issued| issued > now as f64)) {
        None | Some(Some(false)) => Ok(()),
        Some(Some(true)) => Err(TokenProblem::Invalid("the token was issued in the future")),
        Some(None) => Err(TokenProblem::Invalid("a time in the token is not a number")),
    }
}

/// The token's scopes if the route asks for any; one of the route's must be among them.
pub(super) fn scopes(
    claims: &Map<String, Value>,
    wanted: &[String],
) -> Result<Option<Vec<String>>, TokenProblem> {
    if wanted.is_empty() {
        return Ok(None);
    }
    let scopes = words(claims.get("scope").or_else(|| claims.get("scp")), true);
    if scopes.iter().any(|scope| wanted.contains(scope)) {
        Ok(Some(scopes))
    } else {
        Err(TokenProblem::Scope)
    }
}

/// A claim that is a text or a list of texts; a text of scopes has spaces between them.
fn words(claim: Option<&Value>, split: bool) -> Vec<String> {
    match claim {
        Some(Value::String(text)) if split => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Every claim as text: API Gateway prints lists as `[a b]` and maps as `map[a:b]`.
pub(super) fn texts(claims: &Map<String, Value>) -> BTreeMap<String, String> {
    claims.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" "))
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(name, value)| format!("{name}:{}", text(value)));
            format!("map[{}]", entries.collect::<Vec<_>>().join(" "))
        }
    }
}
