//! Nobody buries a share: whatever somebody stores later, the newest that is good and the oldest 64 are given, or a refusal,
//! never an older share in place of a newer one.

use aws_sdk_dynamodb::types::AttributeValue;
use backup_shares::share::MAX_SHARE_BYTES;
use serde_json::json;

use crate::{
    custody::clocks::{now, plant},
    support::{
        event::CLIENT,
        half::{CLIENTS, CUSTODIANS, HALVES, Half},
        many::{self, share},
        system::System,
    },
};

/// So many time rows without a share, of these times.
async fn fakes(half: Half, system: &System, times: impl Iterator<Item = u64>) {
    let time = system.times(half.stores).await.remove(0);
    for (number, at) in times.enumerate() {
        let mut fake = time.clone();
        fake.insert("sk".into(), AttributeValue::S(format!("time#{at:016}#{number:064x}")));
        system.put(half.stores, fake).await;
    }
}

#[tokio::test]
async fn fakes_that_fill_an_answer_hide_none_of_the_first_64_shares() {
    let system = System::start().await;
    CUSTODIANS.fill(&system, 0..64, 600).await;
    // Every quote takes four bytes in a Lambda answer: ten of these are more than it holds.
    for number in 1000..1010 {
        let fake = format!("{number:06}{}", "\"".repeat(MAX_SHARE_BYTES - 6));
        CUSTODIANS.store(&system, &fake, "GDRIVE").await;
    }
    let fetched = system.fetch().await;
    let shares: Vec<usize> = fetched.shares().iter().map(|share| share[..6].parse().unwrap()).collect();
    // Four of the newest fit into half of the bytes. What the first leave is room for five more.
    assert_eq!(shares, (1001..1010).rev().chain((0..64).rev()).collect::<Vec<_>>());
}

#[tokio::test]
async fn shares_from_the_future_hide_none_that_are_not() {
    let system = System::start().await;
    CUSTODIANS.fill(&system, 0..3, 6000).await;
    for number in 0..130 {
        plant(&system, CUSTODIANS, now() + 3_600_000 + number, &format!("ahead {number}")).await;
    }
    let fetched = system.fetch().await;
    let shares = fetched.shares();
    assert_eq!(shares[..3], [2, 1, 0].map(|number| share(number, 6000)));
    assert_eq!(shares.len(), 128);
    assert_eq!(shares[3], "ahead 129");
}

#[tokio::test]
async fn time_rows_without_a_share_hide_no_share_of_a_fetch_until_there_are_too_many_of_them() {
    let system = System::start().await;
    CUSTODIANS.fill(&system, 0..3, 6000).await;
    let all = [2, 1, 0].map(|number| share(number, 6000));
    fakes(CUSTODIANS, &system, (0..500).map(|number| now() + number)).await;
    assert_eq!(system.fetch().await.shares(), all);
    // More than are looked at from either end.
    fakes(CUSTODIANS, &system, (0..1100).map(|number| now() + 1000 + number)).await;
    let refused = system.fetch().await;
    assert_eq!((refused.status, refused.code()), (503, "unavailable"));
}

#[tokio::test]
async fn fakes_dated_into_1970_hide_the_oldest_and_not_the_newest() {
    let system = System::start().await;
    CUSTODIANS.fill(&system, 0..70, 100).await;
    for number in 0..64 {
        plant(&system, CUSTODIANS, number, &format!("fake {number}")).await;
    }
    let fetched = system.fetch().await;
    let shares = fetched.shares();
    assert_eq!(shares[..64], (6..70).rev().map(|number| share(number, 100)).collect::<Vec<_>>());
    assert!(shares[64..].iter().all(|share| share.starts_with("fake ")));
}

#[tokio::test]
async fn a_get_that_does_not_come_to_its_share_is_503_and_never_an_older_share() {
    let (system, database) = many::start().await;
    assert_eq!(system.store(json!({"cipherText": "legacy"})).await.status, 200);
    CLIENTS.store(&system, "ours", "GDRIVE").await;
    // Other methods' time rows, three or four to a page of 1 MB.
    let [_, time] = CLIENTS.newest_rows(&system).await;
    let mut time = many::as_json(&time);
    time["method"] = json!({"S": "M".repeat(64)});
    time["more"] = json!({"S": "x".repeat(300_000)});
    for number in 0..70 {
        if number == 40 {
            assert_eq!(system.get("backupMethod=GDRIVE").await.body["cipherText"], "ours");
        }
        time["sk"] = json!({"S": format!("time#{:016}#{number:064x}", now())});
        let put = json!({"TableName": system.table(CLIENTS.stores), "Item": time});
        database.put_item(serde_json::from_value(put).unwrap()).unwrap();
    }
    let refused = system.get("backupMethod=GDRIVE").await;
    assert_eq!((refused.status, refused.code()), (503, "unavailable"));
    CLIENTS.store(&system, "newer", "GDRIVE").await;
    assert_eq!(system.get("backupMethod=GDRIVE").await.body["cipherText"], "newer");
}

#[tokio::test]
async fn a_row_that_is_there_is_never_changed_by_a_store() {
    for half in HALVES {
        let system = System::start().await;
        half.store(&system, "share", "GDRIVE").await;
        let before = system.rows(half.stores).await;
        for _ in 0..3 {
            half.store(&system, "share", "GDRIVE").await;
        }
        assert_eq!(system.rows(half.stores).await, before, "{CLIENT}");
    }
}

#[tokio::test]
async fn a_second_insert_of_a_key_changes_nothing_and_says_so() {
    let system = System::start().await;
    CUSTODIANS.store(&system, "share", "GDRIVE").await;
    let before = system.rows("webhook-backup").await;
    for row in &before {
        let table = system.table("webhook-backup");
        let statement = format!("INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': ?, 'sealed': ?}}");
        let values = ["pk", "sk", "sk"].map(|name| row[name].clone());
        let insert = system.aws.dynamodb.execute_statement().statement(statement);
        let refused = insert.set_parameters(Some(values.into())).send().await.unwrap_err();
        assert!(refused.as_service_error().unwrap().is_duplicate_item_exception());
    }
    assert_eq!(system.rows("webhook-backup").await, before);
}
