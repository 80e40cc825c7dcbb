//! What API Gateway checks in a token's claims, and how it passes them on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Refusal;
use crate::template::JwtAuthorizer;

/// `iss`, `aud`, `exp`, `nbf` and `iat`. API Gateway's documentation gives its words for the audience alone.
pub(super) fn check(
    claims: &Map<String, Value>,
    authorizer: &JwtAuthorizer,
    now: u64,
) -> Result<(), Refusal> {
    // NumericDate may have a fraction (RFC 7519, section 2).
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in an f64")]
    let now = now as f64;
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            Some(time) => Ok(Some(time)),
            None => Err(Refusal::Invalid("a time in the token is not a number")),
        },
    };
    if claims.get("iss").and_then(Value::as_str) != Some(&authorizer.issuer) {
        return Err(Refusal::Invalid("the token does not have a valid issuer"));
    }
    let audience = words(claims.get("aud").or_else(|| claims.get("client_id")), false);
    if !audience.iter().any(|audience| authorizer.audience.contains(audience)) {
        return Err(Refusal::Invalid("the token does not have a valid audience"));
    }
    if time("exp")?.is_none_or(|expiry| expiry <= now) {
        return Err(Refusal::Invalid("the token has expired"));
    }
    if time("nbf")?.is_some_and(|start| start > now) {
        return Err(Refusal::Invalid("the token is not valid yet"));
    }
    if time("iat")?.is_some_and(|issued| issued > now) {
        return Err(Refusal::Invalid("the token was issued in the future"));
    }
    Ok(())
}

/// The token's scopes if the route asks for any; one of the route's must be among them.
pub(super) fn check_scopes(
    claims: &Map<String, Value>,
    wanted: &[String],
) -> Result<Option<Vec<String>>, Refusal> {
    if wanted.is_empty() {
        return Ok(None);
    }
    let scopes = words(claims.get("scope").or_else(|| claims.get("scp")), true);
    if scopes.iter().any(|scope| wanted.contains(scope)) { Ok(Some(scopes)) } else { Err(Refusal::Scope) }
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
