//! AWS throttles, fails, refuses or is gone: the caller gets an honest 503, and never a part of an answer.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use faults::{Exception, Fate, Fault, Proxy, Seen};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    event::{CLIENT, Event},
    refusals::refusing,
    system::{Answer, System, aws_at},
};

const NOWHERE: &str = "http://127.0.0.1:1";

fn share(share: &str) -> Value {
    json!({"clientId": CLIENT, "share": share})
}

fn assert_unavailable(answer: &Answer, when: &str) {
    assert_eq!((answer.status, answer.code()), (503, "unavailable"), "{when}");
    assert_eq!(answer.headers["retry-after"], "1", "{when}");
}

#[tokio::test]
async fn kms_throttled_is_503_for_the_whole_request_and_not_a_part_of_the_shares() {
    let (system, kms, _proxies) = refusing().await;
    for number in 0..3 {
        system.backup(share(&format!("share {number}"))).await;
    }
    for code in ["ThrottlingException", "LimitExceededException", "KMSInternalException", "DisabledException"]
    {
        // However they fall on the three shares' three attempts each: one share has none left, another opens.
        kms.expect("Decrypt", code, 7);
        assert_unavailable(&system.fetch().await, code);
        let mut left = 0;
        while system.fetch().await.status == 503 {
            left += 1;
            assert!(left < 7, "{code}");
        }
    }
    assert_eq!(system.fetch().await.shares().len(), 3);
}

#[tokio::test]
async fn a_passing_throttle_is_ridden_out() {
    let (system, kms, _proxies) = refusing().await;
    kms.expect("GenerateDataKey", "ThrottlingException", 2);
    assert_eq!(system.backup(share("share")).await.status, 200);
    kms.expect("Decrypt", "ThrottlingException", 2);
    assert_eq!(system.fetch().await.shares(), ["share"]);
}

#[tokio::test]
async fn a_store_without_a_data_key_is_503_and_stores_nothing() {
    let (system, kms, _proxies) = refusing().await;
    for code in ["ThrottlingException", "AccessDeniedException", "NotFoundException"] {
        kms.expect("GenerateDataKey", code, 3);
        assert_unavailable(&system.backup(share("share")).await, code);
        assert!(system.rows("webhook-backup").await.is_empty(), "{code}");
        let mut tries = 0..4;
        while system.backup(share("again")).await.status == 503 {
            assert!(tries.next().is_some(), "{code}");
        }
        for row in system.rows("webhook-backup").await {
            system.delete("webhook-backup", &row).await;
        }
    }
}

#[tokio::test]
async fn dynamodb_or_kms_out_of_reach_is_503() {
    let mut system = System::start().await;
    system.reach_by(&aws_at(NOWHERE, NOWHERE));
    assert_unavailable(&system.backup(share("share")).await, "store");
    assert_unavailable(&system.fetch().await, "fetch");
}

/// A system that reaches DynamoDB through a proxy.
async fn behind(fate: impl Fn(usize, &Seen) -> Fate + Send + Sync + 'static) -> (System, Proxy) {
    let mut system = System::start().await;
    let dynamodb = system.intercept(fate).await;
    (system, dynamodb)
}

#[tokio::test]
async fn a_store_whose_answer_is_lost_is_acknowledged_once_a_second_look_has_found_it() {
    let lose_first = |number, _: &Seen| if number == 0 { Fate::After(Fault::Close) } else { Fate::Pass };
    let (system, dynamodb) = behind(lose_first).await;
    assert_eq!(system.backup(share("share")).await.status, 200);
    // The insert, the insert again, the look at what is there, and the time row.
    let calls: Vec<String> = dynamodb.seen().into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["ExecuteStatement", "ExecuteStatement", "Query", "ExecuteStatement"]);
    assert_eq!(system.rows("webhook-backup").await.len(), 2);
}

#[tokio::test]
async fn a_store_of_which_no_answer_came_is_503_though_it_may_have_happened() {
    // Those of the time row.
    let lose_last = |_, call: &Seen| {
        let is_last = call.operation == "ExecuteStatement" && call.nth > 0;
        if is_last { Fate::After(Fault::Close) } else { Fate::Pass }
    };
    let (system, dynamodb) = behind(lose_last).await;
    assert_unavailable(&system.backup(share("share")).await, "every answer is lost");
    assert_eq!(dynamodb.seen().len(), 4);
    assert_eq!(system.fetch().await.shares(), ["share"]);
}

#[tokio::test]
async fn retries_of_earlier_requests_take_none_from_a_later_one() {
    let (fails, lost) = (Arc::new(AtomicBool::new(true)), AtomicBool::new(false));
    let failing = Arc::clone(&fails);
    let (system, _dynamodb) = behind(move |_, _| {
        if failing.load(Ordering::Relaxed) {
            Fate::Before(Fault::Refuse(Exception::DYNAMODB_FAILS))
        } else if lost.swap(true, Ordering::Relaxed) {
            Fate::Pass
        } else {
            Fate::After(Fault::Reset)
        }
    })
    .await;
    for answer in join_all((0..64).map(|_| system.backup(share("share")))).await {
        assert_unavailable(&answer, "DynamoDB fails");
    }
    fails.store(false, Ordering::Relaxed);
    assert_eq!(system.backup(share("share")).await.status, 200, "one answer is lost");
}

#[tokio::test]
async fn a_service_that_hangs_is_503_within_the_time_that_portal_waits() {
    let (system, _dynamodb) = behind(|_, _| Fate::Before(Fault::Hang)).await;
    let start = Instant::now();
    assert_unavailable(&system.fetch().await, "DynamoDB hangs");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_request_is_given_up_at_its_deadline_whatever_it_waits_for() {
    let request = lambda_http::request::from_str(&Event::of("webhook-fetch").0.to_string()).unwrap();
    let start = Instant::now();
    let response = backup_shares::serve::answer(&|_| pending(), request).await;
    assert_eq!(response.status(), 503);
    let took = start.elapsed();
    assert!((Duration::from_secs(8)..Duration::from_secs(10)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_read_sees_every_write_that_was_acknowledged() {
    let (system, dynamodb) = behind(|_, _| Fate::Pass).await;
    system.backup(share("share")).await;
    system.fetch().await;
    let seen = dynamodb.seen();
    let [share, time, queries @ ..] = &seen[..] else { panic!("{seen:?}") };
    for insert in [share, time] {
        assert!(insert.body.contains(r#""Statement":"INSERT INTO"#), "{}", insert.body);
    }
    // The stops, the time rows, the share.
    assert_eq!(queries.len(), 3);
    for query in queries {
        assert!(query.body.contains(r#""ConsistentRead":true"#), "{}", query.body);
    }
}
