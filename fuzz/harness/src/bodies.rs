//! Request bodies: what is acknowledged comes back byte for byte.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::functions::{Function, Functions, event, with};

/// The bytes are the body of an app that hands over its share.
pub fn store_body(bytes: &[u8]) {
    with(|functions| {
        let stored = functions.send(Function::Store, &event(bytes));
        let got = functions.send(Function::Get, &event(b""));
        let listed = functions.send(Function::List, &event(b""));
        let listed = listed.body["backups"].as_array().expect("a list is one, whatever was sent");
        if stored.status != 200 {
            assert!(got.status == 404 && listed.is_empty(), "what was refused is there");
            return;
        }
        let share = got.body["cipherText"].as_str().expect("what was acknowledged is there");
        assert_eq!(got.body, json!({"cipherText": share, "backupShare": share}));
        let by_id: Vec<String> = listed.iter().map(|backup| by_id(functions, backup)).collect();
        assert!(by_id.iter().any(|listed| listed == share), "the newest is not in the list");
        if let Ok(body) = serde_json::from_slice(bytes) {
            assert!(by_id.iter().all(|share| holds(&body, share)), "another share comes back than was sent");
        }
        assert_eq!(functions.send(Function::Store, &event(bytes)).status, 200, "repeating is safe");
    });
}

/// The share that a list names; the list goes on behind it, without it.
fn by_id(functions: &Functions, listed: &Value) -> String {
    let id = listed["id"].as_str().expect("each has an id");
    let asked = |name: &str| {
        let mut event = event(b"");
        event["rawQueryString"] = json!(format!("{name}={id}"));
        event
    };
    let older = functions.send(Function::List, &asked("before"));
    let older = older.body["backups"].as_array().expect("it is listed");
    assert!(older.len() < 2 && older.iter().all(|older| older["id"] != id), "{older:?} is behind {id}");
    let got = functions.send(Function::Get, &asked("backupId"));
    got.body["cipherText"].as_str().expect("what is listed is there").into()
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
