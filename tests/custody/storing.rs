//! A lost share is a dead wallet: insert only, one share and one time row each, nothing replaced.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    event::CLIENT,
    system::{Item, System},
};

fn custodian(share: &str) -> Value {
    json!({"clientId": CLIENT, "share": share, "backupMethod": "GDRIVE-SECP256K1"})
}

#[tokio::test]
async fn a_repeated_request_is_one_share() {
    let system = System::start().await;
    for _ in 0..3 {
        assert_eq!(system.backup(custodian("share")).await.status, 200);
        assert_eq!(system.store(json!({"cipherText": "share"})).await.status, 200);
    }
    for function in ["webhook-backup", "store-backup"] {
        let (shares, times) = (system.shares(function).await, system.times(function).await);
        assert_eq!((shares.len(), times.len()), (1, 1), "{function}");
    }
}

#[tokio::test]
async fn a_late_retry_of_an_older_share_leaves_the_newer_one_newest() {
    let system = System::start().await;
    for share in ["older", "newer", "older"] {
        system.backup(custodian(share)).await;
        system.store(json!({"cipherText": share})).await;
    }
    assert_eq!(system.fetch().await.shares(), ["newer", "older"]);
    assert_eq!(system.get("").await.body["cipherText"], "newer");
}

#[tokio::test]
async fn a_replaced_share_is_still_fetched_after_the_new_one() {
    let system = System::start().await;
    for share in ["first", "second", "third"] {
        system.backup(custodian(share)).await;
    }
    assert_eq!(system.fetch().await.shares(), ["third", "second", "first"]);
}

#[tokio::test]
async fn a_new_pair_stands_beside_the_old() {
    let system = System::start().await;
    let pair = |pair, share| json!({"clientId": CLIENT, "share": share, "backupSharePairId": pair});
    let ours = |pair, share| json!({"cipherText": share, "backupSharePairId": pair});
    for (id, share) in [("old", "a"), ("new", "b")] {
        system.backup(pair(id, share)).await;
        system.store(ours(id, share)).await;
    }
    assert_eq!(system.fetch().await.shares(), ["b", "a"]);
    assert_eq!(system.get("backupSharePairId=old").await.body["cipherText"], "a");
    assert_eq!(system.get("backupSharePairId=new").await.body["cipherText"], "b");
}

#[tokio::test]
async fn sixty_four_concurrent_stores_for_one_client_are_all_acknowledged_and_all_there() {
    let system = System::start().await;
    let shares: Vec<String> = (0..64).map(|number| format!("share {number}")).collect();
    let answers = join_all(shares.iter().map(|share| system.backup(custodian(share)))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let fetched = system.fetch().await;
    let mut fetched = fetched.shares();
    fetched.sort_unstable();
    let mut sent: Vec<&str> = shares.iter().map(String::as_str).collect();
    sent.sort_unstable();
    assert_eq!(fetched, sent);
}

#[tokio::test]
async fn concurrent_stores_of_one_share_are_all_acknowledged_as_one_share() {
    let system = System::start().await;
    let answers = join_all((0..16).map(|_| system.backup(custodian("share")))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(system.shares("webhook-backup").await.len(), 1);
    assert_eq!(system.times("webhook-backup").await.len(), 1);
}

/// The names of a row's attributes.
fn names(row: &Item) -> Vec<&str> {
    let mut names: Vec<&str> = row.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn no_row_holds_plaintext() {
    let system = System::start().await;
    let canary = "canary-7f3a9c5e-canary";
    system.backup(custodian(canary)).await;
    system.store(json!({ "cipherText": canary })).await;
    for function in ["webhook-backup", "store-backup"] {
        let row = &system.shares(function).await[0];
        let sealed = row["sealed"].as_b().unwrap().as_ref();
        assert!(!sealed.windows(canary.len()).any(|bytes| bytes == canary.as_bytes()), "{function}");
        assert!(!format!("{row:?}").contains(canary), "{function}");
        assert_eq!(names(row), ["at", "key_id", "method", "pair", "pk", "sealed", "sk"]);
        assert_eq!(names(&system.times(function).await[0]), ["method", "pair", "pk", "sk"]);
    }
}

#[tokio::test]
async fn e12_a_store_asks_kms_once_and_a_reveal_once_a_share_with_the_client_in_the_context() {
    let system = System::start().await;
    system.backup(custodian("one")).await;
    system.backup(custodian("two")).await;
    system.fetch().await;
    system
        .store(json!({"backupMethod": "GDRIVE", "backupSharePairId": "pair-1", "cipherText": "three"}))
        .await;
    system.get("").await;
    let context = |kind: &str, method: &str, pair: &str| -> BTreeMap<String, String> {
        let context = [
            ("app", "portal-backup-shares"),
            ("kind", kind),
            ("client", CLIENT),
            ("method", method),
            ("pair", pair),
        ];
        context.map(|(name, value)| (name.into(), value.into())).into()
    };
    let custodian = context("custodian", "GDRIVE-SECP256K1", "-");
    let client = context("client", "GDRIVE", "pair-1");
    for operation in ["GenerateDataKey", "Decrypt"] {
        let calls = system.kms_calls(operation);
        let contexts: Vec<_> = calls.iter().map(|call| &call.encryption_context).collect();
        assert_eq!(contexts, [&custodian, &custodian, &client], "{operation}");
    }
    assert_eq!(system.kms.calls().len(), 6);
}

#[tokio::test]
async fn the_two_halves_have_a_table_and_a_key_each() {
    let system = System::start().await;
    system.backup(custodian("share")).await;
    system.store(json!({"cipherText": "share"})).await;
    assert_ne!(system.table("store-backup"), system.table("webhook-backup"));
    let key = |row: &Item| row["key_id"].as_s().unwrap().clone();
    let (ours, theirs) = (system.shares("webhook-backup").await, system.shares("store-backup").await);
    assert_ne!(key(&ours[0]), key(&theirs[0]));
}

#[tokio::test]
async fn rows_reserved_for_marks_are_no_shares() {
    let system = System::start().await;
    system.backup(custodian("share")).await;
    let mut mark = system.rows("webhook-backup").await[0].clone();
    mark.insert("sk".into(), aws_sdk_dynamodb::types::AttributeValue::S("frozen#1".into()));
    system.put("webhook-backup", mark).await;
    assert_eq!(system.fetch().await.shares(), ["share"]);
}

#[tokio::test]
async fn a_share_sealed_under_the_older_of_two_keys_is_still_opened() {
    let mut system = System::start().await;
    system.backup(custodian("old")).await;
    let old = system.kms_calls("GenerateDataKey")[0].key.clone().unwrap();
    let new = system.kms.key("alias/new", true).unwrap();
    let both = format!("{new},{old}");
    system.backup.shares = system.custodian_shares(&system.aws, &both);
    system.fetch.shares = system.custodian_shares(&system.aws, &both);
    system.backup(custodian("new")).await;
    assert_eq!(system.kms_calls("GenerateDataKey")[1].key.as_ref(), Some(&new));
    assert_eq!(system.fetch().await.shares(), ["new", "old"]);
    system.fetch.shares = system.custodian_shares(&system.aws, &new);
    assert_eq!(
        system.fetch().await.shares(),
        ["new"],
        "one whose key is not listed keeps nobody from the others"
    );
    system.backup.shares = system.custodian_shares(&system.aws, &new);
    assert_eq!(
        system.backup(custodian("old")).await.status,
        500,
        "it can't be opened, so it is not said to be stored"
    );
}
