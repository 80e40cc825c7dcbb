//! Request bodies: what is acknowledged comes back byte for byte.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::functions::{Function, event, with};

/// The bytes are the body of an app that hands over its share.
pub fn store_body(bytes: &[u8]) {
    with(|functions| {
        let stored = functions.send(Function::Store, &event(bytes));
        let got = functions.send(Function::Get, &event(b""));
        if stored.status != 200 {
            assert_eq!(got.status, 404);
            return;
        }
        let share = got.body["cipherText"].as_str().expect("what was acknowledged is there");
        assert_eq!(got.body, json!({"cipherText": share, "backupShare": share}));
        if let Ok(body) = serde_json::from_slice(bytes) {
            assert!(holds(&body, share), "another share comes back than was sent");
        }
        assert_eq!(functions.send(Function::Store, &event(bytes)).status, 200, "repeating is safe");
    });
}

/// Whether this is one of the strings of a JSON value.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(values) => values.iter().any(|value| holds(value, text)),
        Value::Object(values) => values.values().any(|value| holds(value, text)),
        _ => false,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handover {
    client_id: String,
    share: String,
}

/// The bytes are the body of Portal's two requests: one with a share is also one that asks for it.
pub fn webhook_bodies(bytes: &[u8]) {
    with(|functions| {
        let stored = functions.send(Function::Backup, &event(bytes));
        let fetched = functions.send(Function::Fetch, &event(bytes));
        if stored.status != 200 {
            assert!(fetched.status != 200 || has_none(&fetched.body), "what was refused is there");
            return;
        }
        let sent: Handover = serde_json::from_slice(bytes).unwrap();
        assert_eq!(fetched.body, json!({"backupShares": [&sent.share], "backupShare": sent.share}));
        let other = json!({ "clientId": format!("not-{}", sent.client_id.len()) });
        let others = functions.send(Function::Fetch, &event(other.to_string().as_bytes()));
        assert!(others.status == 200 && has_none(&others.body), "another client gets the share");
    });
}

/// Whether Portal is answered that there are no shares.
fn has_none(body: &Value) -> bool {
    body["backupShares"] == json!([])
}
