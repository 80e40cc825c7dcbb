//! What an operator does without any function: open a row by its key.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::primitives::Blob;
use backup_shares::{
    aws::Aws,
    envelope::{Binding, DataKey, Envelope},
    secret::Secret,
    share::{ClientId, Kind, Share, Slot},
};

use crate::system::Item;

/// Reads one row by its key and opens it.
pub async fn open(aws: &Aws, table: &str, kind: Kind, client: &str, row_key: &str) -> Share {
    let get = aws.dynamodb.get_item().table_name(table).consistent_read(true);
    let get = get.key("pk", AttributeValue::S(client.into())).key("sk", AttributeValue::S(row_key.into()));
    let row = get.send().await.unwrap().item.unwrap();
    let (slot, digest) = Slot::from_row_key(kind, &ClientId::parse(client).unwrap(), row_key).unwrap();
    let sealed = Envelope::parse(row["sealed"].as_b().unwrap().as_ref()).unwrap();
    let stored_at = row["stored_at"].as_n().unwrap().parse().unwrap();
    let data_key = unwrap(aws, &slot, &row, sealed.wrapped_key()).await;
    let share = sealed.open(&Binding { slot: &slot, stored_at }, &data_key).unwrap();
    assert_eq!(slot.digest(&share), digest, "E11");
    share
}

async fn unwrap(aws: &Aws, slot: &Slot, row: &Item, wrapped: &[u8]) -> DataKey {
    let decrypt = aws.kms.decrypt().key_id(row["key_id"].as_s().unwrap());
    let decrypt = decrypt.set_encryption_context(Some(slot.encryption_context()));
    let answer = decrypt.ciphertext_blob(Blob::new(wrapped)).send().await.unwrap();
    Secret::new(answer.plaintext.unwrap().into_inner().try_into().unwrap())
}
