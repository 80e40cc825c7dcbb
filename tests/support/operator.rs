//! What an operator does without any function (docs/operating.md): page through a client's rows, and open each by its
//! key.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::primitives::Blob;
use backup_shares::{
    aws::Aws,
    envelope::{Binding, DataKey, Envelope},
    ids::ClientId,
    row_key::share_digest,
    secret::Secret,
    share::Share,
    slot::{Kind, Slot},
};

use crate::support::system::Item;

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

/// Reads one row by its key and opens it.
pub async fn open(aws: &Aws, table: &str, kind: Kind, client: &str, row_key: &str) -> Share {
    let row = row(aws, table, client, row_key).await;
    let [method, pair] = ["method", "pair"].map(|name| row[name].as_s().unwrap());
    let slot = Slot::from_row(kind, &ClientId::parse(client).unwrap(), method, pair).unwrap();
    let sealed = Envelope::parse(row["sealed"].as_b().unwrap().as_ref()).unwrap();
    let stored_at = row["at"].as_n().unwrap().parse().unwrap();
    let data_key = unwrap(aws, &slot, &row, sealed.wrapped_key()).await;
    let share = sealed.open(&Binding { slot: &slot, stored_at }, &data_key).unwrap();
    assert_eq!(Some(slot.digest(&share)), share_digest(row_key), "E11");
    share
}

async fn unwrap(aws: &Aws, slot: &Slot, row: &Item, wrapped: &[u8]) -> DataKey {
    let decrypt = aws.kms.decrypt().key_id(row["key_id"].as_s().unwrap());
    let decrypt = decrypt.set_encryption_context(Some(slot.encryption_context()));
    let answer = decrypt.ciphertext_blob(Blob::new(wrapped)).send().await.unwrap();
    Secret::new(answer.plaintext.unwrap().into_inner().try_into().unwrap())
}
