//! A row opens where and as it was stored, or not at all.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde_json::json;

use crate::{
    event::{CLIENT, Event},
    system::{Item, System},
};

/// A system with one good custodian share, one good client share, and the rows of the two.
async fn stored() -> (System, Item, Item) {
    let system = System::start().await;
    let pair = "pair-1";
    let method = "GDRIVE";
    system
        .backup(
            json!({"clientId": CLIENT, "share": "raw", "backupMethod": method, "backupSharePairId": pair}),
        )
        .await;
    system.store(json!({"cipherText": "raw", "backupMethod": method, "backupSharePairId": pair})).await;
    let custodian = system.rows("webhook-backup").await.remove(0);
    let client = system.rows("store-backup").await.remove(0);
    (system, custodian, client)
}

fn with(row: &Item, name: &str, value: AttributeValue) -> Item {
    let mut row = row.clone();
    row.insert(name.into(), value);
    row
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// The row with one part of its sort key replaced: 1 is the method, 2 the pair, 3 the digest.
fn moved(row: &Item, part: usize, to: &str) -> Item {
    let sort_key = row["sk"].as_s().unwrap();
    let mut parts: Vec<&str> = sort_key.split('#').collect();
    parts[part] = to;
    with(row, "sk", text(parts.join("#")))
}

/// Every way in which one row may stand where it was not stored, by one field.
fn changed(row: &Item) -> Vec<(&'static str, Item)> {
    let stored_at: u64 = row["stored_at"].as_n().unwrap().parse().unwrap();
    let later = AttributeValue::N((stored_at + 1).to_string());
    let earlier = AttributeValue::N((stored_at - 1).to_string());
    let mut unsealed = row.clone();
    unsealed.remove("sealed");
    vec![
        ("method", moved(row, 1, "ICLOUD")),
        ("pair", moved(row, 2, "pair-2")),
        ("no pair", moved(row, 2, "-")),
        ("digest", moved(row, 3, &"0".repeat(64))),
        ("no digest", moved(row, 3, "")),
        ("a part too many", moved(row, 3, "a#b")),
        ("a method outside its alphabet", moved(row, 1, "G DRIVE")),
        ("later", with(row, "stored_at", later)),
        ("earlier", with(row, "stored_at", earlier)),
        ("no time", with(row, "stored_at", text("now"))),
        ("another type", with(row, "sealed", text("raw"))),
        ("no envelope", unsealed),
        ("an empty envelope", with(row, "sealed", AttributeValue::B(Blob::new([])))),
    ]
}

#[tokio::test]
async fn e10_e11_a_custodian_row_changed_in_one_field_is_left_out_and_the_others_are_given() {
    for (change, _) in changed(&stored().await.1) {
        let (system, row, _) = stored().await;
        system.backup(json!({"clientId": CLIENT, "share": "good"})).await;
        system.delete("webhook-backup", &row).await;
        let tampered = changed(&row).into_iter().find(|(name, _)| *name == change).unwrap().1;
        system.put("webhook-backup", tampered).await;
        assert_eq!(system.fetch().await.shares(), ["good"], "{change}");
    }
}

#[tokio::test]
async fn e10_e11_a_client_row_changed_in_one_field_is_500_and_no_other_share_is_given_for_it() {
    for (change, _) in changed(&stored().await.2) {
        let (system, _, row) = stored().await;
        system.delete("store-backup", &row).await;
        let tampered = changed(&row).into_iter().find(|(name, _)| *name == change).unwrap().1;
        system.put("store-backup", tampered).await;
        let refused = system.get("").await;
        assert_eq!((refused.status, refused.code()), (500, "internal"), "{change}");
    }
}

#[tokio::test]
async fn get_never_falls_back_to_an_older_share() {
    let (system, _, row) = stored().await;
    let far = AttributeValue::N(u64::MAX.to_string());
    system.store(json!({"cipherText": "newer", "backupMethod": "GDRIVE"})).await;
    system.put("store-backup", with(&row, "stored_at", far)).await;
    assert_eq!(system.get("").await.status, 500);
    assert_eq!(system.get("backupMethod=GDRIVE").await.status, 500);
}

#[tokio::test]
async fn a_fetch_of_which_nothing_opens_is_500_and_not_404() {
    let (system, row, _) = stored().await;
    system.put("webhook-backup", with(&row, "stored_at", AttributeValue::N("1".into()))).await;
    let refused = system.fetch().await;
    assert_eq!((refused.status, refused.code()), (500, "internal"));
}

#[tokio::test]
async fn a_fetch_of_which_nothing_can_be_read_is_500_and_not_404() {
    let (system, row, _) = stored().await;
    system.put("webhook-backup", with(&row, "sealed", text("raw"))).await;
    assert_eq!(system.fetch().await.status, 500);
}

#[tokio::test]
async fn a_row_of_no_time_stands_in_the_way_only_where_it_might_be_the_one_that_is_wanted() {
    let (system, _, row) = stored().await;
    let damaged = with(&moved(&moved(&row, 1, "ICLOUD"), 2, "pair-2"), "stored_at", text("now"));
    system.put("store-backup", damaged).await;
    for (query, status) in [
        ("backupMethod=GDRIVE", 200),
        ("backupSharePairId=pair-1", 200),
        ("backupMethod=ICLOUD", 500),
        ("", 500),
    ] {
        assert_eq!(system.get(query).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_row_of_a_time_but_without_an_envelope_stands_in_the_way_only_where_it_is_the_newest() {
    let (system, _, row) = stored().await;
    let stored_at: u64 = row["stored_at"].as_n().unwrap().parse().unwrap();
    let damaged = with(&moved(&row, 2, "pair-2"), "sealed", text("raw"));
    for (time, status) in [(stored_at - 1, 200), (stored_at + 1, 500)] {
        let time = AttributeValue::N(time.to_string());
        system.put("store-backup", with(&damaged, "stored_at", time)).await;
        assert_eq!(system.get("").await.status, status);
        assert_eq!(system.get("backupSharePairId=pair-1").await.body["cipherText"], "raw");
        assert_eq!(system.get("backupSharePairId=pair-2").await.status, 500);
    }
}

#[tokio::test]
async fn a_share_that_a_later_build_has_sealed_is_never_left_out_of_a_fetch() {
    let (system, row, _) = stored().await;
    system.backup(json!({"clientId": CLIENT, "share": "good"})).await;
    let mut sealed = row["sealed"].as_b().unwrap().clone().into_inner();
    sealed[3] = 2;
    system.put("webhook-backup", with(&row, "sealed", AttributeValue::B(Blob::new(sealed)))).await;
    let refused = system.fetch().await;
    assert_eq!((refused.status, refused.code()), (500, "internal"));
}

#[tokio::test]
async fn e10_a_row_moved_to_another_client_does_not_open() {
    let (system, custodian, client) = stored().await;
    system.put("webhook-backup", with(&custodian, "pk", text("another"))).await;
    system.put("store-backup", with(&client, "pk", text("another"))).await;
    let fetch = Event::of("webhook-fetch").body(json!({"clientId": "another"}));
    assert_eq!(system.call(fetch).await.status, 500);
    assert_eq!(system.call(Event::of("get-backup").client("another").query("")).await.status, 500);
}

#[tokio::test]
async fn e10_e14_a_row_moved_to_the_other_half_does_not_open() {
    let (system, custodian, client) = stored().await;
    let key_of = |row: &Item| row["key_id"].clone();
    let (custodian_key, client_key) = (key_of(&custodian), key_of(&client));
    system.delete("webhook-backup", &custodian).await;
    system.delete("store-backup", &client).await;
    // With the row's own key id the function has no such key; with the key that it has, KMS refuses.
    for (from, to, function) in
        [(&custodian, &client_key, "store-backup"), (&client, &custodian_key, "webhook-backup")]
    {
        for row in [from.clone(), with(from, "key_id", to.clone())] {
            system.put(function, row).await;
            let answer = if function == "store-backup" { system.get("").await } else { system.fetch().await };
            assert_eq!((answer.status, answer.code()), (500, "internal"), "{function}");
        }
    }
}

#[tokio::test]
async fn every_single_flipped_byte_of_a_stored_envelope_is_refused() {
    let (system, _, row) = stored().await;
    let sealed = row["sealed"].as_b().unwrap().clone().into_inner();
    for index in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[index] ^= 1 << (index % 8);
        system.put("store-backup", with(&row, "sealed", AttributeValue::B(Blob::new(flipped)))).await;
        assert_eq!(system.get("").await.status, 500, "byte {index} of {}", sealed.len());
    }
    system.put("store-backup", row).await;
    assert_eq!(system.get("").await.body["cipherText"], "raw");
}
