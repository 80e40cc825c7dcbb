//! A row opens where and as it was stored, or not at all; and none that doesn't open hides another, or is acknowledged.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde_json::{Value, json};

use crate::support::{
    event::{CLIENT, Event},
    half::{CLIENTS, CUSTODIANS, HALVES, Half, digest},
    system::{Item, System},
};

/// A share's row and its time row.
type Rows = [Item; 2];

/// What is stored and then damaged; a good one is stored before it.
fn body(share: &str, method: &str) -> Value {
    // A user's client id stands in the token, and Portal's share under another name.
    json!({"clientId": CLIENT, "share": share, "cipherText": share, "backupMethod": method, "backupSharePairId": "pair-1"})
}

impl Half {
    /// Sends that share; gives the answer's status.
    async fn send(self, system: &System, share: &str, method: &str) -> u16 {
        system.call(Event::of(self.stores).body(body(share, method))).await.status
    }

    /// A system with a good share, and a newer one and its rows.
    async fn stored(self) -> (System, Rows) {
        let system = System::start().await;
        assert_eq!(self.send(&system, "good", "PASSKEY").await, 200);
        assert_eq!(self.send(&system, "raw", "GDRIVE").await, 200);
        let rows = self.newest_rows(&system).await;
        (system, rows)
    }

    /// Puts others in these rows' places.
    async fn replace(self, system: &System, rows: &Rows, others: Rows) {
        for row in rows {
            system.delete(self.stores, row).await;
        }
        for row in others {
            system.put(self.stores, row).await;
        }
    }
}

fn with(row: &Item, name: &str, value: AttributeValue) -> Item {
    let mut row = row.clone();
    row.insert(name.into(), value);
    row
}

fn without(row: &Item, name: &str) -> Item {
    let mut row = row.clone();
    row.remove(name);
    row
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn bytes(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

fn at(row: &Item) -> u64 {
    row["at"].as_n().unwrap().parse().unwrap()
}

/// The time row of a share at another time.
fn dated([_, time]: &Rows, at: u64) -> Item {
    with(time, "sk", text(format!("time#{at:016}#{}", digest(time))))
}

/// Every way in which the share's row may not be what was stored, by one attribute.
fn damaged(rows: &Rows) -> Vec<(&'static str, Item)> {
    let [row, _] = rows;
    let mut later_build = row["sealed"].as_b().unwrap().clone().into_inner();
    later_build[3] = 2;
    vec![
        ("a method", with(row, "method", text("ICLOUD"))),
        ("a method outside its alphabet", with(row, "method", text("G DRIVE"))),
        ("a method of another type", with(row, "method", number(1))),
        ("no method", without(row, "method")),
        ("a pair", with(row, "pair", text("pair-2"))),
        ("no pair", with(row, "pair", text("-"))),
        ("a pair of no form", with(row, "pair", text(""))),
        ("a later time", with(row, "at", number(at(row) + 1))),
        ("an earlier time", with(row, "at", number(at(row) - 1))),
        ("the largest time", with(row, "at", number(u64::MAX))),
        ("no number for a time", with(row, "at", text("now"))),
        ("a key that is not listed", with(row, "key_id", text("other"))),
        ("no key", without(row, "key_id")),
        ("an envelope of another type", with(row, "sealed", text("raw"))),
        ("no envelope", without(row, "sealed")),
        ("an empty envelope", with(row, "sealed", bytes([]))),
        ("an envelope of a later version", with(row, "sealed", bytes(later_build))),
    ]
}

/// Every way in which only opening shows that an envelope is not what was stored.
fn forged(rows: &Rows) -> Vec<(&'static str, Item)> {
    let [row, _] = rows;
    let flipped = |index: usize| {
        let mut sealed = row["sealed"].as_b().unwrap().clone().into_inner();
        let index = index.min(sealed.len() - 1);
        sealed[index] ^= 1;
        with(row, "sealed", bytes(sealed))
    };
    vec![("another salt", flipped(4)), ("another wrapped key", flipped(60)), ("another tag", flipped(9999))]
}

/// Every way in which the time row may not be the one of the share.
fn misdated(rows: &Rows) -> Vec<(&'static str, Item)> {
    let [row, time] = rows;
    vec![
        ("a later time", dated(rows, at(row) + 1)),
        ("a key of another form", with(time, "sk", text(format!("{}#", time["sk"].as_s().unwrap())))),
        ("another method", with(time, "method", text("ICLOUD"))),
        ("another pair", with(time, "pair", text("pair-2"))),
        ("no method", without(time, "method")),
        ("a pair of another type", with(time, "pair", number(1))),
    ]
}

/// All ways, each with both rows.
fn changed(rows: &Rows) -> Vec<(&'static str, Rows)> {
    let [row, time] = rows;
    let shares = damaged(rows).into_iter().chain(forged(rows)).map(|(name, row)| (name, [row, time.clone()]));
    let times = misdated(rows).into_iter().map(|(name, time)| (name, [row.clone(), time]));
    let moved = with(row, "sk", text(format!("share#{}", "0".repeat(64))));
    let moved_time = with(time, "sk", text(format!("time#{:016}#{}", at(row), "0".repeat(64))));
    let alone = with(time, "sk", text(format!("time#{:016}#{}", at(row), "f".repeat(64))));
    let other =
        [("another digest", [moved, moved_time]), ("a time row without its share", [alone.clone(), alone])];
    shares.chain(times).chain(other).collect()
}

#[tokio::test]
async fn e10_e11_e18_what_is_not_as_it_was_stored_is_left_out_of_a_fetch_and_the_others_are_given() {
    let (system, rows) = CUSTODIANS.stored().await;
    for (change, others) in changed(&rows) {
        CUSTODIANS.replace(&system, &rows, others.clone()).await;
        assert_eq!(system.fetch().await.shares(), ["good"], "{change}");
        CUSTODIANS.replace(&system, &others, rows.clone()).await;
        assert_eq!(system.fetch().await.shares(), ["raw", "good"], "{change}");
    }
}

#[tokio::test]
async fn e10_e11_e18_what_is_not_as_it_was_stored_is_500_and_no_other_share_is_given_for_it() {
    let (system, rows) = CLIENTS.stored().await;
    for (change, others) in changed(&rows) {
        CLIENTS.replace(&system, &rows, others.clone()).await;
        let refused = system.get("").await;
        assert_eq!((refused.status, refused.code()), (500, "internal"), "{change}");
        CLIENTS.replace(&system, &others, rows.clone()).await;
        assert_eq!(system.get("").await.body["cipherText"], "raw", "{change}");
    }
}

#[tokio::test]
async fn a_damaged_row_stands_in_the_way_only_where_it_might_be_the_one_that_is_wanted() {
    for (name, says) in [("method", "GDRIVE"), ("pair", "pair-1")] {
        let (system, rows) = CLIENTS.stored().await;
        let [row, time] = &rows;
        for (what, broken, is_in_the_way) in [
            ("another", with(time, name, text("other")), false),
            ("no text", with(time, name, number(1)), true),
            ("itself, without its share", with(time, name, text(says)), true),
        ] {
            system.delete(CLIENTS.stores, row).await;
            system.put(CLIENTS.stores, broken).await;
            let query = if name == "method" { "backupMethod=GDRIVE" } else { "backupSharePairId=pair-1" };
            let answer = system.get(query).await;
            // The good share is of the same pair and another method.
            let without = if name == "method" { 404 } else { 200 };
            let expected = if is_in_the_way { 500 } else { without };
            assert_eq!(answer.status, expected, "{name}: {what}");
        }
    }
}

#[tokio::test]
async fn a_damaged_row_does_not_stand_in_the_way_of_a_newer_share_nor_of_another_method() {
    let (system, rows) = CLIENTS.stored().await;
    let [row, time] = &rows;
    for (change, broken) in damaged(&rows).into_iter().chain(forged(&rows)) {
        CLIENTS.replace(&system, &rows, [broken, time.clone()]).await;
        assert_eq!(system.get("backupMethod=PASSKEY").await.body["cipherText"], "good", "{change}");
        system.put(CLIENTS.stores, row.clone()).await;
    }
    CLIENTS.replace(&system, &rows, [without(row, "sealed"), time.clone()]).await;
    assert_eq!(CLIENTS.send(&system, "newer", "GDRIVE").await, 200);
    for query in ["", "backupMethod=GDRIVE", "backupSharePairId=pair-1"] {
        assert_eq!(system.get(query).await.body["cipherText"], "newer", "{query}");
    }
}

#[tokio::test]
async fn get_never_falls_back_to_an_older_share() {
    let (system, rows) = CLIENTS.stored().await;
    let [row, time] = &rows;
    CLIENTS.replace(&system, &rows, [without(row, "sealed"), time.clone()]).await;
    for query in ["", "backupMethod=GDRIVE", "backupSharePairId=pair-1"] {
        assert_eq!(system.get(query).await.status, 500, "{query}");
    }
}

#[tokio::test]
async fn no_share_is_made_the_newest_by_another_time_row() {
    for half in HALVES {
        let (system, rows) = half.stored().await;
        let newer = at(&rows[0]) + 1000;
        assert_eq!(half.send(&system, "newest", "GDRIVE").await, 200);
        system.put(half.stores, dated(&rows, newer)).await;
        if half.stores == CLIENTS.stores {
            assert_eq!(system.get("").await.status, 500);
        } else {
            assert_eq!(system.fetch().await.shares(), ["newest", "raw", "good"]);
        }
    }
}

#[tokio::test]
async fn a_fetch_of_which_nothing_opens_is_500_and_not_404() {
    let (system, rows) = CUSTODIANS.stored().await;
    let good = system.times(CUSTODIANS.stores).await.remove(0);
    system.delete(CUSTODIANS.stores, &good).await;
    for (change, others) in changed(&rows) {
        CUSTODIANS.replace(&system, &rows, others.clone()).await;
        let refused = system.fetch().await;
        assert_eq!((refused.status, refused.code()), (500, "internal"), "{change}");
        CUSTODIANS.replace(&system, &others, rows.clone()).await;
    }
}

#[tokio::test]
async fn a_share_that_is_sent_again_is_acknowledged_only_if_its_row_could_be_opened() {
    for half in HALVES {
        let (system, rows) = half.stored().await;
        for (change, broken) in damaged(&rows) {
            // Only opening shows that a time is another one, and a function that stores can't open.
            if change == "an earlier time" || change == "a later time" {
                continue;
            }
            system.put(half.stores, broken.clone()).await;
            let before = system.rows(half.stores).await.len();
            assert_eq!(half.send(&system, "raw", "GDRIVE").await, 500, "{change}");
            assert_eq!(system.rows(half.stores).await.len(), before, "{change}");
        }
        system.put(half.stores, rows[0].clone()).await;
        assert_eq!(half.send(&system, "raw", "GDRIVE").await, 200);
    }
}

#[tokio::test]
async fn a_share_that_is_sent_again_is_not_acknowledged_over_a_time_row_that_says_something_else() {
    for half in HALVES {
        let (system, rows) = half.stored().await;
        for (change, broken) in misdated(&rows).into_iter().filter(|(_, time)| time["sk"] == rows[1]["sk"]) {
            system.put(half.stores, broken).await;
            assert_eq!(half.send(&system, "raw", "GDRIVE").await, 500, "{change}");
        }
        system.put(half.stores, rows[1].clone()).await;
        assert_eq!(half.send(&system, "raw", "GDRIVE").await, 200);
    }
}

#[tokio::test]
async fn e18_a_row_that_is_neither_a_share_nor_its_time_is_passed_over() {
    for half in HALVES {
        let (system, [row, time]) = half.stored().await;
        for (row, sort_key) in [(&row, "a"), (&time, "later"), (&time, "share"), (&row, "times#")] {
            system.put(half.stores, with(row, "sk", text(sort_key))).await;
        }
        let read = Event::of(half.reads).query("").body(json!({"clientId": CLIENT}));
        let answer = system.call(read).await;
        let share = answer.body.get("cipherText").or(answer.body.get("backupShare"));
        assert_eq!((answer.status, share), (200, Some(&json!("raw"))), "{}", half.reads);
    }
}

#[tokio::test]
async fn e10_a_row_moved_to_another_client_does_not_open() {
    for half in HALVES {
        let (system, rows) = half.stored().await;
        for row in rows {
            system.put(half.stores, with(&row, "pk", text("another"))).await;
        }
        let read = Event::of(half.reads).client("another").query("").body(json!({"clientId": "another"}));
        assert_eq!(system.call(read).await.status, 500, "{}", half.reads);
    }
}

#[tokio::test]
async fn e10_e14_a_row_moved_to_the_other_half_does_not_open() {
    for (half, other) in [(CLIENTS, CUSTODIANS), (CUSTODIANS, CLIENTS)] {
        let (system, rows) = half.stored().await;
        assert_eq!(other.send(&system, "of the other half", "GDRIVE").await, 200);
        let key = system.shares(other.stores).await.remove(0)["key_id"].clone();
        for row in system.rows(other.stores).await {
            system.delete(other.stores, &row).await;
        }
        let [row, time] = rows;
        // With the row's own key id the function has no such key; with the key that it has, KMS refuses.
        for row in [row.clone(), with(&row, "key_id", key)] {
            system.put(other.stores, row).await;
            system.put(other.stores, time.clone()).await;
            let read = Event::of(other.reads).query("").body(json!({"clientId": CLIENT}));
            let answer = system.call(read).await;
            assert_eq!((answer.status, answer.code()), (500, "internal"), "{}", other.reads);
        }
    }
}

#[tokio::test]
async fn every_single_flipped_byte_of_a_stored_envelope_is_refused() {
    let (system, rows) = CLIENTS.stored().await;
    let [row, _] = rows;
    let sealed = row["sealed"].as_b().unwrap().clone().into_inner();
    for index in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[index] ^= 1 << (index % 8);
        system.put("store-backup", with(&row, "sealed", bytes(flipped))).await;
        assert_eq!(system.get("").await.status, 500, "byte {index} of {}", sealed.len());
    }
    system.put("store-backup", row).await;
    assert_eq!(system.get("").await.body["cipherText"], "raw");
}

/// ENVELOPE.md: nobody sees a share when its data key moves to another key.
#[tokio::test]
async fn a_share_whose_data_key_was_moved_to_another_key_opens_under_that() {
    for (half, other) in [(CUSTODIANS, "get-backup"), (CLIENTS, "webhook-fetch")] {
        let (mut system, rows) = half.stored().await;
        let (from, to) = (system.keys(half.reads).to_owned(), system.keys(other).to_owned());
        let sealed = rows[0]["sealed"].as_b().unwrap().as_ref();
        let length = usize::from(u16::from_be_bytes([sealed[36], sealed[37]]));
        let (head, rest) = (&sealed[..36], &sealed[38..]);
        let row = |name: &str| rows[0][name].as_s().unwrap().clone();
        let kind = if half.stores == CUSTODIANS.stores { "custodian" } else { "client" };
        let context = [
            ("app", "portal-backup-shares".to_owned()),
            ("kind", kind.into()),
            ("client", row("pk")),
            ("method", row("method")),
            ("pair", row("pair")),
        ];
        let context: HashMap<String, String> = context.map(|(name, value)| (name.into(), value)).into();
        let moved = system.aws.kms.re_encrypt().ciphertext_blob(Blob::new(&rest[..length]));
        let moved = moved.source_key_id(&from).destination_key_id(&to);
        let moved = moved.set_source_encryption_context(Some(context.clone()));
        let moved = moved.set_destination_encryption_context(Some(context)).send().await.unwrap();
        let wrapped = moved.ciphertext_blob.unwrap().into_inner();
        let length_now = u16::try_from(wrapped.len()).unwrap().to_be_bytes();
        let sealed = [head, &length_now, &wrapped, &rest[length..]].concat();
        let key_id = to.rsplit('/').next().unwrap();
        let row = with(&rows[0], "key_id", AttributeValue::S(key_id.into()));
        let row = with(&row, "sealed", AttributeValue::B(Blob::new(sealed)));
        half.replace(&system, &rows, [row, rows[1].clone()]).await;
        system.opens_with(&format!("{from},{to}"));
        let got = system.call(Event::of(half.reads).query("").body(body("", ""))).await;
        assert!(got.body.to_string().contains("raw"), "{}: {got:?}", half.reads);
    }
}
