//! A fetch reads its shares' rows by `BatchGetItem`, which may answer with a part of what was asked for
//! (docs/decisions/0021).

use aws_sdk_dynamodb::types::AttributeValue;
use faults::{Fate, Fault, Proxy, Seen};
use serde_json::{Value, json};

use crate::support::{
    half::{CUSTODIANS, digest},
    many::share,
    system::System,
};

const BYTES: usize = 100;

/// A system with so many custodian shares, and the proxy through which it reads them.
async fn behind(count: usize, fate: impl Fn(&Seen) -> Fate + Send + Sync + 'static) -> (System, Proxy) {
    let mut system = System::start().await;
    CUSTODIANS.fill(&system, 0..count, BYTES).await;
    let is_batch =
        move |_, call: &Seen| if call.operation == "BatchGetItem" { fate(call) } else { Fate::Pass };
    let dynamodb = system.intercept(is_batch).await;
    (system, dynamodb)
}

fn batches(dynamodb: &Proxy) -> usize {
    dynamodb.seen().iter().filter(|call| call.operation == "BatchGetItem").count()
}

#[tokio::test]
async fn a_batch_that_is_answered_in_parts_is_asked_for_until_it_is_whole() {
    let (system, dynamodb) = behind(40, |_| Fate::Halve).await;
    let all: Vec<String> = (0..40).rev().map(|number| share(number, BYTES)).collect();
    assert_eq!(system.fetch().await.shares(), all);
    // 32 rows by 16, 8, 4, 2, 1 and 1; 8 by 4, 2, 1 and 1.
    assert_eq!(batches(&dynamodb), 6 + 4);
}

#[tokio::test]
async fn a_batch_of_which_no_row_is_read_is_503_and_not_asked_for_for_ever() {
    let nothing = |call: &Seen| {
        let asked: Value = serde_json::from_str(&call.body).unwrap();
        let answer = json!({"Responses": {}, "UnprocessedKeys": asked["RequestItems"]});
        Fate::Before(Fault::Answer(answer.to_string()))
    };
    let (system, dynamodb) = behind(2, nothing).await;
    let answer = system.fetch().await;
    assert_eq!((answer.status, answer.code()), (503, "unavailable"));
    assert_eq!(batches(&dynamodb), 1);
}

#[tokio::test]
async fn a_share_that_two_time_rows_name_is_given_once_and_asked_for_once() {
    for later in [false, true] {
        let (system, dynamodb) = behind(1, |_| Fate::Pass).await;
        let [row, mut time] = CUSTODIANS.newest_rows(&system).await;
        let at: u64 = row["at"].as_n().unwrap().parse().unwrap();
        let at = if later { at + 1 } else { at - 1 };
        let other = AttributeValue::S(format!("time#{at:016}#{}", digest(&time)));
        time.insert("sk".into(), other);
        system.put("webhook-backup", time).await;
        assert_eq!(system.fetch().await.shares(), [share(0, BYTES)], "later: {later}");
        // DynamoDB refuses a batch that names a row twice.
        assert_eq!(batches(&dynamodb), 1);
    }
}
