//! What a function does with its connections before the first request.

use faults::{Fate, Fault, Proxy};

use crate::support::system::aws_at;

#[tokio::test]
async fn connections_are_opened_at_start_by_unsigned_calls_and_used_by_the_first_request() {
    let refuse = |_, _: &_| Fate::Before(Fault::Answer("{}".into()));
    let (dynamodb, kms) = (Proxy::start("", refuse).await.unwrap(), Proxy::start("", refuse).await.unwrap());
    let aws = aws_at(&dynamodb.url, &kms.url).await;
    aws.connect().await;
    aws.dynamodb.list_tables().send().await.unwrap();
    aws.kms.list_keys().send().await.unwrap();
    for service in [dynamodb, kms] {
        let calls: Vec<_> = service.seen().iter().map(|call| (call.connection, call.signed)).collect();
        assert_eq!(calls, [(0, false), (0, true)]);
    }
}

#[tokio::test]
async fn a_service_that_is_out_of_reach_at_start_does_not_stop_it() {
    aws_at("http://127.0.0.1:1", "http://127.0.0.1:1").await.connect().await;
}
