//! Whole events, as whoever may invoke a function can write them.

use serde_json::{Value, json};

use crate::{
    functions::{CLAIM, Function, SECRET, request, with},
    headers_and_ids::vouches,
};

/// The bytes are an event for each function: nobody gets in whom the event does not name.
pub fn event(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    with(|functions| {
        for function in Function::ALL {
            let Some(request) = request(text) else { return };
            let answer = functions.call(function, request);
            if matches!(answer.status, 401 | 403) {
                continue;
            }
            // lambda_http passes over a number too large for a value, where it has no field for it.
            let Ok(event) = serde_json::from_str::<Value>(text) else { continue };
            assert!(is_let_in(function, &event), "{function:?} answers {answer:?}");
        }
    });
}

/// Whether an event proves who calls.
fn is_let_in(function: Function, event: &Value) -> bool {
    let context = &event["requestContext"];
    if matches!(function, Function::Backup | Function::Fetch) {
        let headers = event["headers"].as_object().expect("a header is needed");
        return context["http"]["sourceIp"] == "127.0.0.1"
            && headers.values().any(|value| *value == SECRET || *value == json!([SECRET]));
    }
    let Some(named) = event["pathParameters"]["clientId"].as_str() else { return false };
    match &context["authorizer"]["jwt"]["claims"][CLAIM] {
        Value::String(claim) => vouches(claim, named),
        Value::Array(ids) => ids.iter().any(|id| id == named),
        other => vouches(&other.to_string(), named),
    }
}
