//! Clocks: a share bears a time that AWS's clock has confirmed, or is not stored; and no clock keeps anybody from reading.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use backup_shares::{
    envelope::{Binding, Freshness, seal},
    ids::{ClientId, Method},
    row_key::{LATEST, TimeKey, share_key},
    secret::Secret,
    share::Share,
    slot::{Kind, Slot},
};
use faults::{Fate, Proxy, Seen};
use serde_json::json;

use crate::{
    secrecy::logs::Lines,
    support::{
        event::CLIENT,
        half::{CLIENTS, HALVES, Half},
        system::{Item, System, aws_at},
    },
};

const YEAR: i64 = 365 * 86_400;

/// Sends a share through a host whose clock is so many seconds ahead of AWS's, which is AWS's clock behind the host's.
async fn store_by(system: &mut System, ahead: i64, share: &str) -> u16 {
    let kms = Proxy::start(&system.kms_url, move |_, _| Fate::Dated(Some(-ahead))).await.unwrap();
    let (right, off) = (system.aws.clone(), aws_at(&system.dynamodb_url, &kms.url));
    system.reach_by(&off);
    let status = system.backup(json!({"clientId": CLIENT, "share": share})).await.status;
    system.reach_by(&right);
    status
}

#[tokio::test]
async fn of_three_hosts_the_one_whose_clock_is_a_year_off_stores_nothing_and_the_others_go_on() {
    for off in [YEAR, -YEAR] {
        let mut system = System::start().await;
        for (ahead, share, status) in [
            (0, "first", 200),
            (off, "second", 503),
            (0, "second", 200),
            (off, "first", 503),
            (off, "third", 503),
            (0, "third", 200),
        ] {
            let rows = system.rows("webhook-backup").await.len();
            assert_eq!(store_by(&mut system, ahead, share).await, status, "{share} by {ahead}");
            let more = system.rows("webhook-backup").await.len() - rows;
            assert_eq!(more, if status == 200 { 2 } else { 0 }, "{share} by {ahead}");
        }
        assert_eq!(system.fetch().await.shares(), ["third", "second", "first"]);
    }
}

#[tokio::test]
async fn a_clock_within_the_tolerance_stores_and_one_beyond_it_does_not() {
    let mut system = System::start().await;
    // A `Date` says the second, so that the bound is between 9 and 11.
    for (ahead, status) in [(8, 200), (-8, 200), (12, 503), (-12, 503)] {
        assert_eq!(store_by(&mut system, ahead, &format!("by {ahead}")).await, status, "{ahead}");
    }
}

#[tokio::test]
async fn two_hosts_within_the_tolerance_store_both_and_either_is_the_newer() {
    let mut system = System::start().await;
    assert_eq!(store_by(&mut system, 8, "ahead").await, 200);
    assert_eq!(store_by(&mut system, -8, "behind").await, 200);
    assert_eq!(store_by(&mut system, -8, "ahead").await, 200, "what the other host has stored is taken");
    let mut shares: Vec<String> = system.fetch().await.shares().into_iter().map(String::from).collect();
    shares.sort();
    assert_eq!(shares, ["ahead", "behind"]);
}

#[tokio::test]
async fn a_clock_that_jumps_between_two_requests_or_inside_one_dates_nothing_wrongly() {
    let mut system = System::start().await;
    let off = Arc::new(AtomicI64::new(0));
    let (of_kms, second) = (Arc::clone(&off), AtomicI64::new(0));
    let date = move |_, call: &Seen| {
        // Inside of one: of two curves the second is dated by a clock that has jumped.
        let jumps = of_kms.load(Relaxed) == 1 && second.fetch_add(1, Relaxed) == 1;
        let seconds = if jumps { YEAR } else { of_kms.load(Relaxed) / 2 * 2 };
        if call.operation == "GenerateDataKey" { Fate::Dated(Some(seconds)) } else { Fate::Pass }
    };
    let kms = Proxy::start(&system.kms_url, date).await.unwrap();
    system.reach_by(&aws_at(&system.dynamodb_url, &kms.url));
    for (jump, status) in [(0, 200), (YEAR, 503), (0, 200), (-YEAR, 503), (0, 200)] {
        off.store(jump, Relaxed);
        let share = format!("share {jump} {status}");
        assert_eq!(system.backup(json!({"clientId": CLIENT, "share": share})).await.status, status);
    }
    off.store(1, Relaxed);
    let both = json!({"data": {"secp256k1Ciphertext": "one", "ed25519Ciphertext": "two"}});
    assert_eq!(system.store(both.clone()).await.status, 503);
    assert!(system.shares("store-backup").await.len() <= 1);
    off.store(0, Relaxed);
    assert_eq!(system.store(both).await.status, 200);
    assert_eq!(system.shares("store-backup").await.len(), 2);
}

#[tokio::test]
async fn a_store_that_a_clock_prevents_says_so_in_its_line() {
    let mut system = System::start().await;
    let (lines, _guard) = Lines::capture();
    assert_eq!(store_by(&mut system, YEAR, "share").await, 503);
    let line = lines.take().pop().unwrap();
    assert_eq!((&line["level"], &line["code"]), (&json!("ERROR"), &json!("unavailable")));
    assert!(line["reason"].as_str().unwrap().starts_with("the host's clock says "), "{line}");
}

#[tokio::test]
async fn a_reader_gives_the_newest_share_whatever_its_own_clock_or_dynamodbs_says() {
    for half in HALVES {
        for seconds in [0, YEAR, -YEAR, -400] {
            let mut system = System::start().await;
            for share in ["first", "second", "third"] {
                half.store(&system, share, "GDRIVE").await;
            }
            let _proxy = system.intercept(move |_, _| Fate::Dated(Some(seconds))).await;
            let given = half.given(&half.read(&system).await.body);
            assert_eq!(given[0], "third", "{} by {seconds}", half.reads);
            assert!(half == CLIENTS || given == ["third", "second", "first"], "{given:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_date_dates_nothing() {
    let mut system = System::start().await;
    let [dynamodb, _kms] = system.intercept_both(|_, _| Fate::Pass, |_, _| Fate::Dated(None)).await;
    assert_eq!(system.store(json!({"cipherText": "share"})).await.status, 503);
    assert!(dynamodb.seen().is_empty());
    let _proxies = system.intercept_both(|_, _| Fate::Dated(None), |_, _| Fate::Pass).await;
    assert_eq!(system.fetch().await.status, 503);
}

/// Stores a share as only somebody can who has a storing function's role and dates it as they like.
pub async fn plant(system: &System, half: Half, at: u64, share: &str) {
    let kind = if half == CLIENTS { Kind::Client } else { Kind::Custodian };
    let client = ClientId::parse(CLIENT).unwrap();
    let slot = Slot { kind, client, method: Method::parse("GDRIVE").unwrap(), pair: None };
    let key = system.keys(half.stores);
    let answer = system.aws.kms.generate_data_key().key_id(key).key_spec("AES_256".into());
    let answer = answer.set_encryption_context(Some(slot.encryption_context())).send().await.unwrap();
    let plain = Secret::new(answer.plaintext.unwrap().into_inner().try_into().unwrap());
    let wrapped = answer.ciphertext_blob.unwrap().into_inner();
    let text = Share::parse(Secret::new(share.into())).unwrap();
    let fresh = Freshness { salt: [1; 32], nonce: [1; 12] };
    let sealed = seal(&text, &Binding { slot: &slot, stored_at: at }, &plain, &wrapped, fresh).unwrap();
    let digest = slot.digest(&text);
    let text = |text: &str| AttributeValue::S(text.into());
    let time: Item = [
        ("pk", text(CLIENT)),
        ("sk", text(&TimeKey { at, digest: digest.clone() }.to_string())),
        ("method", text("GDRIVE")),
        ("pair", text("-")),
    ]
    .map(|(name, value)| (name.into(), value))
    .into();
    let mut row = time.clone();
    row.extend(
        [
            ("sk", text(&share_key(&digest))),
            ("at", AttributeValue::N(at.to_string())),
            ("key_id", text(key.rsplit('/').next().unwrap())),
            ("sealed", AttributeValue::B(Blob::new(sealed))),
        ]
        .map(|(name, value)| (name.into(), value)),
    );
    system.put(half.stores, row).await;
    system.put(half.stores, time).await;
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis()
        .try_into()
        .unwrap()
}

#[tokio::test]
async fn a_row_from_the_future_comes_after_all_others_and_is_given_where_there_is_no_other() {
    for at in [now() + 3_600_000, LATEST - 1, LATEST] {
        for half in HALVES {
            let system = System::start().await;
            plant(&system, half, at, "ahead").await;
            assert_eq!(half.given(&half.read(&system).await.body), ["ahead"], "{} at {at}", half.reads);
            half.store(&system, "stored", "GDRIVE").await;
            let given = half.given(&half.read(&system).await.body);
            let all = if half == CLIENTS { &["stored"][..] } else { &["stored", "ahead"] };
            assert_eq!(given, all, "{} at {at}", half.reads);
            let query = "backupMethod=GDRIVE";
            if half == CLIENTS {
                assert_eq!(system.get(query).await.body["cipherText"], "stored");
                assert_eq!(system.get("backupMethod=ICLOUD").await.status, 404);
            }
        }
    }
}

#[tokio::test]
async fn a_row_a_little_ahead_is_the_newest_that_it_is() {
    for half in HALVES {
        let system = System::start().await;
        half.store(&system, "stored", "GDRIVE").await;
        plant(&system, half, now() + 60_000, "ahead").await;
        assert_eq!(half.given(&half.read(&system).await.body)[0], "ahead", "{}", half.reads);
    }
}

#[tokio::test]
async fn a_share_is_not_acknowledged_over_its_row_from_the_future() {
    for half in HALVES {
        let system = System::start().await;
        plant(&system, half, now() + 60_000, "ahead").await;
        let stored = system.call(half.storing("ahead", "GDRIVE", "")).await;
        assert_eq!(stored.status, 500, "{}", half.stores);
    }
}
