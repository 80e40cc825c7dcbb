//! What somebody who can write to a table can do without a single share failing: take rows away, and bring them back.
//! SECURITY.md says the same ("What a table's writer can still do").

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use backup_shares::{config::SharesConfig, custodian_shares::CustodianShares, key_ring::KeyRing};
use serde_json::{Value, json};

use crate::support::{
    event::CLIENT,
    half::{CLIENTS, CUSTODIANS, Half},
    system::{Item, System},
};

fn custodian(share: &str) -> Value {
    json!({"clientId": CLIENT, "share": share, "backupMethod": "GDRIVE", "backupSharePairId": share})
}

fn client(share: &str) -> Value {
    json!({"cipherText": share, "backupMethod": "GDRIVE", "backupSharePairId": share})
}

/// A system with three shares in each half, oldest first, and of each, in that order, its row and its time row.
async fn stored(half: Half) -> (System, Vec<[Item; 2]>) {
    let system = System::start().await;
    for share in ["first", "second", "third"] {
        system.backup(custodian(share)).await;
        system.store(client(share)).await;
    }
    let mut rows = Vec::new();
    for time in system.times(half.stores).await {
        rows.push([half.row_of(&system, &time).await, time]);
    }
    (system, rows)
}

async fn take_away(system: &System, function: &str, rows: &[Item; 2]) {
    for row in rows {
        system.delete(function, row).await;
    }
}

async fn bring_back(system: &System, function: &str, rows: &[Item; 2]) {
    for row in rows {
        system.put(function, row.clone()).await;
    }
}

#[tokio::test]
async fn without_its_newest_rows_a_table_is_as_it_was_before_and_nobody_can_tell() {
    let (system, rows) = stored(CUSTODIANS).await;
    take_away(&system, "webhook-backup", &rows[2]).await;
    assert_eq!(system.fetch().await.shares(), ["second", "first"]);
    let (system, rows) = stored(CLIENTS).await;
    take_away(&system, "store-backup", &rows[2]).await;
    assert_eq!(system.get("").await.body["cipherText"], "second");
}

#[tokio::test]
async fn a_row_that_was_taken_away_is_missed_only_by_who_asks_for_its_pair() {
    let (system, rows) = stored(CUSTODIANS).await;
    take_away(&system, "webhook-backup", &rows[1]).await;
    assert_eq!(system.fetch().await.shares(), ["third", "first"]);
    let (system, rows) = stored(CLIENTS).await;
    take_away(&system, "store-backup", &rows[1]).await;
    assert_eq!(system.get("backupSharePairId=second").await.status, 404);
    assert_eq!(system.get("backupMethod=GDRIVE").await.body["cipherText"], "third");
}

#[tokio::test]
async fn a_row_that_is_brought_back_is_as_old_as_it_was() {
    let (system, rows) = stored(CUSTODIANS).await;
    take_away(&system, "webhook-backup", &rows[0]).await;
    bring_back(&system, "webhook-backup", &rows[0]).await;
    assert_eq!(system.fetch().await.shares(), ["third", "second", "first"]);
    let (system, rows) = stored(CLIENTS).await;
    take_away(&system, "store-backup", &rows[0]).await;
    bring_back(&system, "store-backup", &rows[0]).await;
    assert_eq!(system.get("").await.body["cipherText"], "third");
}

#[tokio::test]
async fn a_share_without_its_time_row_is_in_no_answer_and_is_as_old_as_it_was_when_it_is_sent_again() {
    let (system, rows) = stored(CUSTODIANS).await;
    system.delete("webhook-backup", &rows[0][1]).await;
    assert_eq!(system.fetch().await.shares(), ["third", "second"]);
    assert_eq!(system.backup(custodian("first")).await.status, 200);
    assert_eq!(system.fetch().await.shares(), ["third", "second", "first"]);
    assert_eq!(system.times("webhook-backup").await[0], rows[0][1]);
}

#[tokio::test]
async fn a_share_that_was_taken_away_can_be_stored_again() {
    let (system, rows) = stored(CUSTODIANS).await;
    for row in &rows {
        take_away(&system, "webhook-backup", row).await;
    }
    assert!(system.fetch().await.shares().is_empty());
    assert_eq!(system.backup(custodian("first")).await.status, 200);
    assert_eq!(system.fetch().await.shares(), ["first"]);
}

/// This is what a restore from a backup makes.
#[tokio::test]
async fn an_older_copy_of_a_table_opens_as_a_whole_under_its_halfs_keys_and_no_others() {
    let (mut system, rows) = stored(CUSTODIANS).await;
    create_table(&system, "restored").await;
    for row in rows[..2].iter().flatten() {
        let put = system.aws.dynamodb.put_item().table_name("restored");
        put.set_item(Some(row.clone())).send().await.unwrap();
    }
    let restored = |keys: &str| {
        let config = SharesConfig { table: "restored".into(), keys: KeyRing::parse(keys).unwrap() };
        CustodianShares::new(&system.aws, config)
    };
    let (ours, theirs) = (restored(system.keys("webhook-fetch")), restored(system.keys("get-backup")));
    system.fetch.shares = ours;
    assert_eq!(system.fetch().await.shares(), ["second", "first"]);
    system.fetch.shares = theirs;
    assert_eq!(system.fetch().await.status, 500);
}

async fn create_table(system: &System, name: &str) {
    let mut create =
        system.aws.dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (name, key) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute =
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        create = create
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(KeySchemaElement::builder().attribute_name(name).key_type(key).build().unwrap());
    }
    create.send().await.unwrap();
}
