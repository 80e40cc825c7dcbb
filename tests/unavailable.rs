//! AWS throttles, fails, refuses or is gone: the caller gets an honest 503, and never a part of an answer.

use serde_json::{Value, json};

use crate::{
    event::CLIENT,
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
    let system = System::start().await;
    for number in 0..3 {
        system.backup(share(&format!("share {number}"))).await;
    }
    for code in ["ThrottlingException", "LimitExceededException", "KMSInternalException", "DisabledException"]
    {
        // However they fall on the three shares' three attempts each: one share has none left, another opens.
        system.kms.fail("Decrypt", code, 7);
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
    let system = System::start().await;
    system.kms.fail("GenerateDataKey", "ThrottlingException", 2);
    assert_eq!(system.backup(share("share")).await.status, 200);
    system.kms.fail("Decrypt", "ThrottlingException", 2);
    assert_eq!(system.fetch().await.shares(), ["share"]);
}

#[tokio::test]
async fn a_store_without_a_data_key_is_503_and_stores_nothing() {
    let system = System::start().await;
    for code in ["ThrottlingException", "AccessDeniedException", "NotFoundException"] {
        system.kms.fail("GenerateDataKey", code, 3);
        assert_unavailable(&system.backup(share("share")).await, code);
        assert!(system.rows("webhook-backup").await.is_empty(), "{code}");
        while system.backup(share("again")).await.status == 503 {}
        let row = system.rows("webhook-backup").await.remove(0);
        system.delete("webhook-backup", &row).await;
    }
}

#[tokio::test]
async fn dynamodb_or_kms_out_of_reach_is_503() {
    let mut system = System::start().await;
    let aws = aws_at(NOWHERE, NOWHERE).await;
    let key = "arn:aws:kms:us-east-1:000000000000:key/mrk-1";
    system.backup.shares = system.custodian_shares(&aws, key);
    system.fetch.shares = system.custodian_shares(&aws, key);
    assert_unavailable(&system.backup(share("share")).await, "store");
    assert_unavailable(&system.fetch().await, "fetch");
}
