//! An event as Lambda hands it over. API Gateway writes every claim of a token as text; a direct invocation need not, and must
//! not fail before this code can refuse it.

use lambda_http::request::LambdaRequest;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, value::RawValue};

/// A request, whatever the values of its claims are.
pub(crate) struct Event(pub LambdaRequest);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let read = serde_json::from_str(text.get()).or_else(|_| lenient(text.get()));
        // Without the parser's own words: they quote values.
        read.map(Self).map_err(|_| D::Error::custom("the event is not one of an HTTP API"))
    }
}

fn lenient(text: &str) -> serde_json::Result<LambdaRequest> {
    let mut event: Value = serde_json::from_str(text)?;
    if let Some(Value::Object(claims)) = event.pointer_mut("/requestContext/authorizer/jwt/claims") {
        claims.retain(|_, claim| !claim.is_null());
        claims.values_mut().for_each(|claim| *claim = as_text(claim).into());
    }
    serde_json::from_str(&event.to_string())
}

/// As API Gateway writes it: a list is `[a b]`.
fn as_text(claim: &Value) -> String {
    match claim {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(as_text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}
