//! API Gateway events, made from those in `events/`.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The secret that the events present.
pub const WEBHOOK_SECRET: &str = "an-example-of-32-bytes-not-kept.";

/// The client that the events are about.
pub const CLIENT: &str = "c19vjk2158y5o9bhedinl6agl";

/// The event of a function, as it lies in `events/`.
pub fn of(function: &str) -> Result<Value> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../events"));
    let text = fs::read_to_string(folder.join(function).with_extension("json"))
        .with_context(|| format!("events/{function}.json isn't there"))?;
    Ok(serde_json::from_str(&text)?)
}

/// An app hands over its share.
pub fn store(share: &str) -> Result<Value> {
    with_body("store-backup", &json!({"backupMethod": "GDRIVE", "cipherText": share}))
}

/// Portal hands over its share of a client.
pub fn handover(client: &str, share: &str) -> Result<Value> {
    with_body("webhook-backup", &json!({"clientId": client, "backupMethod": "GDRIVE", "share": share}))
}

/// Portal asks for the shares of a client.
pub fn fetch(client: &str) -> Result<Value> {
    with_body("webhook-fetch", &json!({ "clientId": client }))
}

fn with_body(function: &str, body: &Value) -> Result<Value> {
    let mut event = of(function)?;
    event["body"] = json!(body.to_string());
    Ok(event)
}
