//! What an operator does without any function (docs/operating.md): page through a client's rows, and open each by its
//! key, with `tools/open-row`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::primitives::Blob;
use backup_shares::{aws::Aws, slot::Kind};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::support::{
    many::as_json,
    python::{Script, printed},
    system::Item,
};

/// The opener that depends on nothing else of this project.
pub const OPENER: Script = Script { name: "open_row", folder: "tools/open-row" };

/// How many rows are opened at once.
const AT_ONCE: usize = 256;

/// What KMS is asked of a row.
#[derive(Deserialize)]
struct Asked {
    wrapped: String,
    context: HashMap<String, String>,
}

/// The sort keys of all shares of a client, by pages of that many.
pub async fn row_keys(aws: &Aws, table: &str, client: &str, page: i32) -> Vec<String> {
    let query = aws.dynamodb.query().table_name(table).consistent_read(true).limit(page);
    let query =
        query.key_condition_expression("pk = :client AND begins_with(sk, :kind)").projection_expression("sk");
    let query = query.expression_attribute_values(":client", AttributeValue::S(client.into()));
    let query = query.expression_attribute_values(":kind", AttributeValue::S("share#".into()));
    let mut items = query.into_paginator().items().send();
    let mut keys = Vec::new();
    while let Some(item) = items.next().await {
        keys.push(item.unwrap()["sk"].as_s().unwrap().clone());
    }
    keys
}

/// Reads one row by its key.
pub async fn row(aws: &Aws, table: &str, client: &str, row_key: &str) -> Item {
    let get = aws.dynamodb.get_item().table_name(table).consistent_read(true);
    let get = get.key("pk", AttributeValue::S(client.into())).key("sk", AttributeValue::S(row_key.into()));
    get.send().await.unwrap().item.unwrap()
}

/// Reads a client's rows by their keys, and opens each.
pub async fn open(aws: &Aws, table: &str, kind: Kind, client: &str, row_keys: &[String]) -> Vec<String> {
    let mut opened = Vec::new();
    for row_keys in row_keys.chunks(AT_ONCE) {
        let mut rows = Vec::new();
        for row_key in row_keys {
            rows.push(row(aws, table, client, row_key).await);
        }
        let named = |row: &Item, data_key| json!([kind.as_str(), client, as_json(row), data_key]);
        let closed = rows.iter().map(|row| named(row, Value::Null)).collect();
        let asked: Vec<Asked> = opener_says("asked", closed).await;
        let mut keyed = Vec::new();
        for (row, asked) in rows.iter().zip(asked) {
            let data_key = unwrap(aws, row, &asked.wrapped, asked.context).await;
            keyed.push(named(row, data_key.into()));
        }
        opened.extend(opener_says::<Vec<String>>("opened", keyed).await);
    }
    opened
}

async fn opener_says<T: DeserializeOwned>(what: &str, rows: Vec<Value>) -> T {
    let script = OPENER.beside("tests/support/open_rows.py", &[what]).await;
    serde_json::from_str(&printed(script, Value::from(rows).to_string().as_bytes()).await).unwrap()
}

/// A row's data key, in base64.
pub async fn unwrap(aws: &Aws, row: &Item, wrapped: &str, context: HashMap<String, String>) -> String {
    let wrapped = Blob::new(BASE64_STANDARD.decode(wrapped).unwrap());
    let decrypt = aws.kms.decrypt().key_id(row["key_id"].as_s().unwrap());
    let decrypt = decrypt.set_encryption_context(Some(context)).ciphertext_blob(wrapped);
    BASE64_STANDARD.encode(decrypt.send().await.unwrap().plaintext.unwrap())
}
