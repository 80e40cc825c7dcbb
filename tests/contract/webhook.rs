//! The webhook, row by row of the contract.

use aws_sdk_dynamodb::types::AttributeValue;
use faults::Fate;
use serde_json::{Value, json};

use crate::support::{
    event::{CLIENT, Event},
    fixtures,
    system::System,
};

#[tokio::test]
async fn a_share_comes_back_byte_for_byte_right_after_it_was_stored() {
    let system = System::start().await;
    let portals = Event::of("webhook-backup").0["body"].as_str().unwrap().to_owned();
    let portals: Value = serde_json::from_str(&portals).unwrap();
    let mut expected = Vec::new();
    let odd = [
        "{\"clientId\":\"\",  \"z\":1,\"a\":1.0e0}",
        "{\"n\":123456789012345678901234567890}",
        "no JSON \u{7f}\n é",
    ];
    for share in odd.into_iter().chain([portals["share"].as_str().unwrap()]) {
        assert_eq!(system.backup(json!({"clientId": CLIENT, "share": share})).await.status, 200);
        expected.insert(0, share);
        let fetched = system.fetch().await;
        assert_eq!(fetched.shares(), expected);
        assert_eq!(fetched.body["backupShare"], share);
        assert_eq!(fetched.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn nothing_held_is_200_with_an_empty_list() {
    let system = System::start().await;
    let answer = system.fetch().await;
    assert_eq!((answer.status, &answer.body), (200, &json!({"backupShares": []})));
}

#[tokio::test]
async fn methods_are_an_open_set_and_fetch_joins_them_all() {
    let system = System::start().await;
    let methods = [
        "GDRIVE",
        "GDRIVE-SECP256K1",
        "ICLOUD-ED25519",
        "PASSKEY",
        "PASSWORD",
        "FIREBASE",
        "CUSTOM",
        "new.1+x",
    ];
    for method in methods {
        let body =
            json!({"clientId": CLIENT, "share": method, "backupMethod": method, "backupSharePairId": null});
        assert_eq!(system.backup(body).await.status, 200, "{method}");
    }
    assert_eq!(
        system.backup(json!({"clientId": CLIENT, "share": "methodless", "other": {"a": 1}})).await.status,
        200
    );
    let fetched = system.fetch().await;
    let expected: Vec<&str> = ["methodless"].into_iter().chain(methods.into_iter().rev()).collect();
    assert_eq!(fetched.shares(), expected);
}

#[tokio::test]
async fn ids_inside_the_share_must_agree_with_the_body_where_both_are_given() {
    let system = System::start().await;
    let inside =
        |client: Value, pair: Value| json!({"clientId": client, "backupSharePairId": pair}).to_string();
    let cases = [
        (json!("pair-1"), inside(json!(CLIENT), json!("pair-1")), 200),
        (json!("pair-1"), inside(json!(""), json!("")), 200),
        (json!(null), inside(json!(null), json!("pair-1")), 200),
        (json!(""), inside(json!(""), json!("pair-1")), 200),
        (json!("pair-1"), inside(json!(5), json!("pair-1")), 400),
        (json!("pair-1"), inside(json!(CLIENT), json!({"a": 1})), 400),
        (json!("pair-1"), inside(json!(CLIENT), json!("pair-2")), 400),
        (json!("pair-1"), inside(json!("another"), json!("pair-1")), 400),
        (json!(null), inside(json!(CLIENT), json!("pair#2")), 400),
        (json!("pair-1"), format!(r#"{{"clientId":"{CLIENT}","clientId":"{CLIENT}"}}"#), 400),
        (json!("pair-1"), r#"{"backupSharePairId":"pair-1","backupSharePairId":"pair-2"}"#.into(), 400),
        (json!("pair-1"), r#"["another","pair-2"]"#.into(), 200),
    ];
    for (pair, share, status) in cases {
        let body = json!({"clientId": CLIENT, "share": share, "backupSharePairId": pair});
        let answer = system.backup(body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
    }
    let pairs = |row: &crate::support::system::Item| row["pair"].as_s().unwrap() == "pair-1";
    let rows = system.shares("webhook-backup").await;
    assert!(rows.iter().all(pairs), "{rows:?}");
    assert_eq!(rows.len(), 5);
}

/// Otherwise such a share would skip the check.
#[tokio::test]
async fn ids_inside_a_share_that_is_not_quite_json_must_agree_too() {
    let system = System::start().await;
    let shapes: [fn(&str) -> String; 8] = [
        |ids| format!("{{{ids}}} trailing"),
        |ids| format!("{{{ids}}}{{}}"),
        |ids| format!("\u{feff}{{{ids}}}"),
        |ids| format!(r#"{{"half":"\ud800",{ids}}}"#),
        |ids| format!(r#"{{"\udc00":1,{ids}}}"#),
        |ids| format!(r#"{{"number":1e999999,{ids}}}"#),
        |ids| format!(r#"{{{ids},"broken"#),
        |ids| format!(r#"{{{ids},"a":[1,2"#),
    ];
    for (index, shape) in shapes.into_iter().enumerate() {
        for (ids, status) in [
            (r#""clientId":"another""#, 400),
            (r#""client\u0049d":"another""#, 400),
            (r#""backupSharePairId":"pair-2""#, 400),
            (r#""clientId":1e999999"#, 400),
            (r#""backupSharePairId":"\ud800""#, 400),
            (r#""clientId":"","backupSharePairId":"pair-1""#, 200),
        ] {
            let share = shape(ids);
            let body = json!({"clientId": CLIENT, "share": share, "backupSharePairId": "pair-1"});
            assert_eq!(system.backup(body).await.status, status, "shape {index}: {share}");
        }
    }
    let opaque = json!({"clientId": CLIENT, "share": r#"clientId: "another""#});
    assert_eq!(system.backup(opaque).await.status, 200, "what can't be read at all is kept");
}

#[tokio::test]
async fn what_is_no_share_of_a_client_is_refused_and_not_stored() {
    let system = System::start().await;
    let bodies = [
        "",
        "[]",
        r#"["a","share",null,null]"#,
        "{}",
        "null",
        r#"{"clientId":"a"}"#,
        r#"{"share":"s"}"#,
        r#"{"clientId":"a","share":{"clientId":"a"}}"#,
        r#"{"clientId":"a","share":null}"#,
        r#"{"clientId":"a","share":""}"#,
        r#"{"clientId":"a","share":"undefined"}"#,
        r#"{"clientId":null,"share":"s"}"#,
        r#"{"clientId":"","share":"s"}"#,
        r#"{"clientId":"a b","share":"s"}"#,
        r#"{"clientId":"-a","share":"s"}"#,
        r#"{"clientId":"ä","share":"s"}"#,
        r#"{"clientId":"a","clientId":"a","share":"s"}"#,
        r#"{"clientId":"a","share":"s","share":"t"}"#,
        r#"{"clientId":"a","share":"s","backupMethod":"G DRIVE"}"#,
        r#"{"clientId":"a","share":"s","backupMethod":["GDRIVE"]}"#,
        r#"{"clientId":"a","share":"s","backupSharePairId":"a/b"}"#,
    ];
    for body in bodies {
        let refused = system.call(Event::of("webhook-backup").body(body)).await;
        assert_eq!((refused.status, refused.code()), (400, "bad_request"), "{body}");
    }
    for body in [
        "",
        "{}",
        r#"{"clientId":null}"#,
        r#"{"clientId":""}"#,
        r#"{"clientId":"a","clientId":"b"}"#,
        r#"["a"]"#,
    ] {
        assert_eq!(system.call(Event::of("webhook-fetch").body(body)).await.status, 400, "{body}");
    }
    assert!(system.rows("webhook-backup").await.is_empty());
    assert!(system.kms.calls().is_empty());
}

#[tokio::test]
async fn fetch_gives_each_distinct_share_once() {
    let system = System::start().await;
    for (share, method) in [("same", "A"), ("other", "A"), ("same", "B")] {
        system.backup(json!({"clientId": CLIENT, "share": share, "backupMethod": method})).await;
    }
    assert_eq!(system.shares("webhook-backup").await.len(), 3);
    assert_eq!(system.fetch().await.shares(), ["same", "other"]);
}

#[tokio::test]
async fn fetch_answers_with_the_newest_64_and_the_oldest_64_at_most() {
    let system = System::start().await;
    for number in 0..130 {
        system.backup(json!({"clientId": CLIENT, "share": format!("share {number}")})).await;
    }
    let expected = (66..130).rev().chain((0..64).rev()).map(|number| format!("share {number}"));
    let expected: Vec<String> = expected.collect();
    assert_eq!(system.fetch().await.shares(), expected);
}

#[tokio::test]
async fn a_damaged_row_takes_no_place_of_the_128_and_a_repeated_share_takes_its_own() {
    let mut system = System::start().await;
    for number in 0..128 {
        system.backup(json!({"clientId": CLIENT, "share": format!("share {number}")})).await;
    }
    // The newest time row once more, of another method than its share's.
    let mut row = system.times("webhook-backup").await.pop().unwrap();
    row.insert("method".into(), AttributeValue::S("D".into()));
    system.put("webhook-backup", row.clone()).await;
    let all: Vec<String> = (0..127).rev().map(|number| format!("share {number}")).collect();
    assert_eq!(system.fetch().await.shares(), all);
    system.delete("webhook-backup", &row).await;
    // One share under many methods, which whoever has the secret can store.
    for method in 0..100 {
        let again = json!({"clientId": CLIENT, "share": "again", "backupMethod": format!("M{method}")});
        assert_eq!(system.backup(again).await.status, 200);
    }
    let [_dynamodb, kms] = system.intercept_both(|_, _| Fate::Pass, |_, _| Fate::Pass).await;
    let first = (0..64).rev().map(|number| format!("share {number}"));
    let expected: Vec<String> = ["again".into()].into_iter().chain(first).collect();
    assert_eq!(system.fetch().await.shares(), expected);
    assert_eq!(kms.seen().len(), 128, "no more are opened than an answer may hold");
}

#[tokio::test]
async fn a_fetch_that_is_full_holds_the_newest_in_half_of_its_bytes_and_the_oldest_in_the_other() {
    let system = System::start().await;
    // Every quote takes four bytes in a Lambda answer: a share of these takes half a megabyte.
    let share = |number: usize| format!("{number:02}{}", "\"".repeat(128 * 1024 - 2));
    for number in 0..12 {
        let stored = system.backup(json!({"clientId": CLIENT, "share": share(number)})).await;
        assert_eq!(stored.status, 200);
    }
    let fetched = system.fetch().await;
    let given: Vec<usize> = fetched.shares().iter().map(|share| share[..2].parse().unwrap()).collect();
    assert_eq!(given, [11, 10, 9, 8, 4, 3, 2, 1, 0]);
    let answer = json!({"statusCode": 200, "body": fetched.body.to_string()}).to_string();
    assert!(answer.len() < 6_000_000, "{}", answer.len());
}

#[tokio::test]
async fn both_curves_may_arrive_at_once() {
    let system = System::start().await;
    let [secp256k1, ed25519] = ["secp256k1", "ed25519"].map(fixtures::custodian_share);
    let (first, second) = tokio::join!(system.backup(secp256k1.clone()), system.backup(ed25519.clone()));
    assert_eq!((first.status, second.status), (200, 200));
    let fetched = system.fetch().await;
    let mut shares = fetched.shares();
    shares.sort_unstable();
    let mut sent = [secp256k1["share"].as_str().unwrap(), ed25519["share"].as_str().unwrap()];
    sent.sort_unstable();
    assert_eq!(shares, sent);
}
