//! The list of a client's shares, and any share by its id: what an app needs when the newest is not the one that opens.

use std::collections::BTreeSet;

use faults::Fate;
use serde_json::{Value, json};

use crate::support::{
    event::{CLIENT, Event},
    half::CLIENTS,
    many::{self, share},
    system::{Answer, System},
};

fn ids(page: &Answer) -> Vec<&str> {
    let backups = page.body["backups"].as_array().unwrap();
    backups.iter().map(|backup| backup["id"].as_str().unwrap()).collect()
}

async fn by_id(system: &System, id: &str) -> Answer {
    system.get(&format!("backupId={id}")).await
}

#[tokio::test]
async fn a_list_says_which_shares_there_are_newest_first_and_every_value_is_a_string() {
    let system = System::start().await;
    system.store(json!({"backupMethod": "gdrive", "backupSharePairId": "pair-1", "cipherText": "one"})).await;
    system.store(json!({"cipherText": "two"})).await;
    let calls = system.kms.calls().len();
    let page = system.list("").await;
    assert_eq!((page.status, system.kms.calls().len()), (200, calls), "it opens none");
    assert_eq!(page.headers["cache-control"], "no-store");
    let [two, one] = &page.body["backups"].as_array().unwrap()[..] else { panic!("{page:?}") };
    assert_eq!((&one["backupMethod"], &one["backupSharePairId"]), (&json!("GDRIVE"), &json!("pair-1")));
    assert_eq!((&two["backupMethod"], two.get("backupSharePairId")), (&json!("UNKNOWN"), None));
    for backup in [one, two] {
        assert!(backup.as_object().unwrap().values().all(Value::is_string), "{backup}");
        let at = backup["storedAt"].as_str().unwrap();
        assert!(
            at.len() == 24 && at.as_bytes()[19] == b'.' && at.ends_with('Z'),
            "RFC 3339 with milliseconds: {at}"
        );
    }
    assert!(page.body.get("next").is_none());
    assert!(!page.body.to_string().contains("\"one\""), "no share is in it");
}

#[tokio::test]
async fn nothing_stored_is_an_empty_list() {
    let page = System::start().await.list("").await;
    assert_eq!((page.status, page.body), (200, json!({"backups": []})));
}

/// An app that stored a new share, and died before it told Portal, needs the one before.
#[tokio::test]
async fn an_older_share_is_given_by_its_id() {
    let system = System::start().await;
    for share in ["old", "new"] {
        system.store(json!({"backupMethod": "GDRIVE", "cipherText": share})).await;
    }
    let page = system.list("").await;
    for (id, share) in ids(&page).into_iter().zip(["new", "old"]) {
        assert_eq!(by_id(&system, id).await.body, json!({"cipherText": share, "backupShare": share}));
        let and_method = system.get(&format!("backupId={id}&backupMethod=gdrive")).await;
        assert_eq!(and_method.body["cipherText"], share);
        assert_eq!(system.get(&format!("backupId={id}&backupMethod=ICLOUD")).await.status, 404);
    }
}

#[tokio::test]
async fn an_id_that_is_none_of_the_users_is_404() {
    let system = System::start().await;
    system.store(json!({"cipherText": "mine"})).await;
    system.call(Event::of("store-backup").client("another").body(json!({"cipherText": "theirs"}))).await;
    let theirs = system.call(Event::of("list-backups").client("another").query("")).await;
    for id in [
        ids(&theirs)[0],
        &"0".repeat(64),
        &"A".repeat(64),
        "1",
        "..%2F",
        "null",
        &ids(&theirs)[0].to_uppercase(),
    ] {
        assert_eq!(by_id(&system, id).await.status, 404, "{id}");
        assert_eq!(system.list(&format!("before={id}")).await.status, 404, "{id}");
    }
    assert_eq!(ids(&system.list("").await).len(), 1);
    assert_eq!(system.list("backupMethod=GDRIVE").await.status, 400, "it was meant to choose");
}

/// docs/contract.md, "Client API": the first answer holds the newest 50 and the oldest 50.
#[tokio::test]
async fn nobody_buries_a_share_in_a_list_and_page_by_page_all_are_there() {
    const ALL: usize = 317;
    let system = System::start().await;
    CLIENTS.fill(&system, 0..ALL, 100).await;
    let mut all: Vec<String> = Vec::new();
    let mut page = system.list("").await;
    let first: Vec<String> = ids(&page).into_iter().map(str::to_owned).collect();
    assert_eq!(first.len(), 100);
    all.extend_from_slice(&first[..50]);
    while let Some(next) = page.body.get("next") {
        page = system.list(&format!("before={}", next.as_str().unwrap())).await;
        assert!(ids(&page).len() <= 100);
        all.extend(ids(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(all.len(), ALL);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), ALL, "each once");
    assert_eq!(all[ALL - 50..], first[50..], "the oldest 50 are on the first page");
    for (number, id) in [(0, &all[ALL - 1]), (1, &all[ALL - 2]), (ALL - 1, &all[0])] {
        assert_eq!(by_id(&system, id).await.body["cipherText"], share(number, 100), "{CLIENT}");
    }
}

#[tokio::test]
async fn a_client_of_exactly_a_page_has_no_second_one() {
    let system = System::start().await;
    for count in [99, 100, 101] {
        let stored = ids(&system.list("").await).len();
        CLIENTS.fill(&system, stored..count, 100).await;
        let page = system.list("").await;
        assert_eq!(
            (ids(&page).len(), page.body.get("next").is_some()),
            (count.min(100), count > 100),
            "{count}"
        );
    }
}

#[tokio::test]
async fn a_list_of_ten_thousand_costs_what_a_page_costs() {
    let (mut system, database) = many::start().await;
    CLIENTS.fill(&system, 0..60, 100).await;
    CLIENTS.bury(&system, &database, 10_000, "GDRIVE").await;
    let calls = system.intercept(|_, _| Fate::Pass).await;
    let page = system.list("").await;
    assert_eq!((ids(&page).len(), calls.seen().len()), (100, 3), "the stops, and a query of each end");
    let oldest = ids(&page)[99];
    assert_eq!(by_id(&system, oldest).await.body["cipherText"], share(0, 100));
}
