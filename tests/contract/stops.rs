//! What an operator holds back is not given: 423 while a client is frozen, and as if it were not there what is withdrawn.

use aws_sdk_dynamodb::types::AttributeValue;
use backup_shares::{slot::RowDigest, stop::Held};
use faults::{Exception, Fate, Fault};
use serde_json::{Value, json};

use crate::support::{
    event::{CLIENT, Event},
    half::{CLIENTS, CUSTODIANS, HALVES, Half, digest},
    many::{self, share},
    stops::span,
    system::{Answer, Item, System},
};

/// Every way in which a half is read.
fn reads(half: Half, id: &str) -> Vec<Event> {
    match half {
        CLIENTS => vec![
            Event::of("get-backup").query(""),
            Event::of("get-backup").query("backupMethod=GDRIVE"),
            Event::of("get-backup").query(&format!("backupId={id}")),
            Event::of("list-backups").query(""),
            Event::of("list-backups").query(&format!("before={id}")),
        ],
        _ => vec![CUSTODIANS.reading()],
    }
}

fn at(time: &Item) -> u64 {
    time["sk"].as_s().unwrap()[5..21].parse().unwrap()
}

fn held(time: &Item) -> Held {
    Held::Share(RowDigest::parse(digest(time)).unwrap())
}

#[tokio::test]
async fn a_frozen_client_gets_423_from_every_read_until_the_last_freeze_is_lifted_and_stores_go_on() {
    for half in HALVES {
        let system = System::start().await;
        half.fill(&system, 0..2, 600).await;
        let id = digest(&system.times(half.stores).await[0]).to_owned();
        let freezes = [
            system.hold(half, CLIENT, Held::Everything).await,
            system.hold(half, CLIENT, Held::Everything).await,
        ];
        half.store(&system, &share(2, 600), "GDRIVE").await;
        for freeze in &freezes {
            for event in reads(half, &id) {
                let answer = system.call(event).await;
                assert_eq!((answer.status, answer.code()), (423, "frozen"), "{half:?}");
            }
            system.lift(half, CLIENT, freeze).await;
        }
        let opened = system.kms_calls("Decrypt").len();
        assert_eq!(opened, 0, "nothing was opened meanwhile");
        let answer = half.read(&system).await;
        assert_eq!((answer.status, &half.given(&answer.body)[0]), (200, &share(2, 600)));
    }
}

#[tokio::test]
async fn a_freeze_is_of_one_client_and_of_one_half() {
    let system = System::start().await;
    CLIENTS.fill(&system, 0..1, 600).await;
    CUSTODIANS.fill(&system, 0..1, 600).await;
    system.hold(CLIENTS, "another", Held::Everything).await;
    system.hold(CUSTODIANS, CLIENT, Held::Everything).await;
    assert_eq!(system.get("").await.status, 200);
    assert_eq!(system.fetch().await.status, 423);
}

async fn list(system: &System) -> Vec<(String, Option<Value>)> {
    let page = system.list("").await;
    let backups = page.body["backups"].as_array().unwrap().clone();
    let of = |backup: &Value| (backup["id"].as_str().unwrap().into(), backup.get("withdrawn").cloned());
    backups.iter().map(of).collect()
}

#[tokio::test]
async fn a_withdrawn_share_is_given_by_no_read_and_listed_as_withdrawn() {
    let system = System::start().await;
    CLIENTS.fill(&system, 0..3, 600).await;
    let newest = system.times("store-backup").await.remove(2);
    let stop = system.hold(CLIENTS, CLIENT, held(&newest)).await;
    let id = digest(&newest);
    for query in ["", "backupMethod=GDRIVE"] {
        assert_eq!(system.get(query).await.body["cipherText"], share(1, 600));
    }
    assert_eq!(system.get(&format!("backupId={id}")).await.status, 404);
    let listed = list(&system).await;
    assert_eq!((listed.len(), &listed[0]), (3, &(id.into(), Some(json!("true")))));
    assert!(listed[1..].iter().all(|(_, withdrawn)| withdrawn.is_none()));
    // Sent again it is acknowledged, and stays withdrawn.
    CLIENTS.store(&system, &share(2, 600), "GDRIVE").await;
    assert_eq!(system.get("").await.body["cipherText"], share(1, 600));
    system.lift(CLIENTS, CLIENT, &stop).await;
    assert_eq!(system.get(&format!("backupId={id}")).await.body["cipherText"], share(2, 600));
    assert!(list(&system).await.iter().all(|(_, withdrawn)| withdrawn.is_none()));
}

#[tokio::test]
async fn a_fetch_gives_what_is_not_withdrawn_and_an_empty_list_when_all_is() {
    let system = System::start().await;
    CUSTODIANS.fill(&system, 0..3, 600).await;
    let times = system.times("webhook-backup").await;
    system.hold(CUSTODIANS, CLIENT, held(&times[1])).await;
    assert_eq!(system.fetch().await.shares(), [share(2, 600), share(0, 600)]);
    system.hold(CUSTODIANS, CLIENT, span(at(&times[0]), at(&times[2]), None)).await;
    let answer = system.fetch().await;
    assert_eq!((answer.status, answer.body), (200, json!({"backupShares": []})));
}

#[tokio::test]
async fn a_span_of_a_method_holds_back_that_method_however_it_is_spelt_and_no_other() {
    let system = System::start().await;
    for (method, text) in [("googleDrive", "one"), ("ICLOUD", "two"), ("gdrive", "three")] {
        system.store(json!({"backupMethod": method, "cipherText": text})).await;
    }
    system.hold(CLIENTS, CLIENT, span(0, u64::MAX >> 11, Some("GDRIVE"))).await;
    assert_eq!(system.get("").await.body["cipherText"], "two");
    assert_eq!(system.get("backupMethod=GDRIVE").await.status, 404);
    assert_eq!(system.get("backupMethod=icloud").await.body["cipherText"], "two");
    let withdrawn = list(&system).await.into_iter().filter(|(_, withdrawn)| withdrawn.is_some()).count();
    assert_eq!(withdrawn, 2);
}

/// Both sides of a span, at its edges.
#[tokio::test]
async fn a_withdrawn_span_is_stepped_over_by_key_from_both_ends() {
    for (half, before, buried, after) in
        [(CLIENTS, 1, 300, 1), (CUSTODIANS, 70, 300, 70), (CUSTODIANS, 3, 300, 0)]
    {
        let (mut system, database) = many::start().await;
        half.fill(&system, 0..before, 600).await;
        let last = at(&system.times(half.stores).await[before - 1]);
        half.bury(&system, &database, buried, "GDRIVE").await;
        half.fill(&system, before..before + after, 600).await;
        system.hold(half, CLIENT, span(last + 1, last + 1, None)).await;
        let proxy = system.intercept(|_, _| Fate::Pass).await;
        let answer = half.read(&system).await;
        let given = half.given(&answer.body);
        let all: Vec<String> = (0..before + after).rev().map(|number| share(number, 600)).collect();
        let expected = match half {
            CLIENTS => all[..1].to_vec(),
            _ if all.len() > 128 => [&all[..64], &all[all.len() - 64..]].concat(),
            _ => all,
        };
        assert_eq!(given, expected, "{half:?}, {before} and {after}");
        let pages = proxy.seen().iter().filter(|call| call.body.contains("time#")).count();
        assert!(pages <= 4, "{pages} pages of {buried} rows that are withdrawn");
    }
}

#[tokio::test]
async fn shares_withdrawn_one_by_one_are_looked_past_up_to_a_thousand() {
    let system = System::start().await;
    CUSTODIANS.fill(&system, 0..140, 600).await;
    for time in &system.times("webhook-backup").await[5..] {
        system.hold(CUSTODIANS, CLIENT, held(time)).await;
    }
    assert_eq!(
        system.fetch().await.shares(),
        (0..5).rev().map(|number| share(number, 600)).collect::<Vec<_>>()
    );
}

/// What can't be read may be a stop.
#[tokio::test]
async fn e20_a_stop_that_cant_be_read_gives_nothing() {
    for half in HALVES {
        let system = System::start().await;
        half.fill(&system, 0..1, 600).await;
        for key in
            ["freeze#1", "hold#00000000000000000000000000000000", "withdraw#00000000000000000000000000000000"]
        {
            let text = |text: &str| AttributeValue::S(text.into());
            let row = Item::from([("pk".into(), text(&format!("stop#{CLIENT}"))), ("sk".into(), text(key))]);
            system.put(half.stores, row.clone()).await;
            let answer = half.read(&system).await;
            assert_eq!((answer.status, answer.code()), (500, "internal"), "{key}");
            system.delete(half.stores, &row).await;
        }
        assert_eq!(half.read(&system).await.status, 200);
    }
}

fn is_of_stops(call: &faults::Seen) -> bool {
    call.body.contains("stop#")
}

#[tokio::test]
async fn e20_when_the_stops_cant_be_taken_nothing_is_given() {
    for half in HALVES {
        let mut system = System::start().await;
        half.fill(&system, 0..1, 600).await;
        let id = digest(&system.times(half.stores).await[0]).to_owned();
        let _proxy = system
            .intercept(|_, call| {
                if is_of_stops(call) {
                    Fate::Before(Fault::Refuse(Exception::DYNAMODB_FAILS))
                } else {
                    Fate::Pass
                }
            })
            .await;
        for event in reads(half, &id) {
            let answer: Answer = system.call(event).await;
            assert_eq!((answer.status, answer.code()), (503, "unavailable"));
        }
        assert_eq!(system.kms_calls("Decrypt").len(), 0);
    }
}
