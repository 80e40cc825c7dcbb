//! What a function does with its connections before the first request.

use faults::{Fate, Fault, Proxy};
use futures_util::future::try_join_all;

use crate::support::system::aws_at;

#[tokio::test]
async fn connections_are_opened_at_start_by_unsigned_calls_and_used_by_the_first_request() {
    const COUNT: usize = 3;
    let refuse = |_, _: &_| Fate::Before(Fault::Answer("{}".into()));
    let (dynamodb, kms) = (Proxy::start("", refuse).await.unwrap(), Proxy::start("", refuse).await.unwrap());
    let aws = aws_at(&dynamodb.url, &kms.url);
    aws.connect(COUNT).await;
    try_join_all((0..COUNT).map(|_| aws.dynamodb.list_tables().send())).await.unwrap();
    try_join_all((0..COUNT).map(|_| aws.kms.list_keys().send())).await.unwrap();
    for service in [dynamodb, kms] {
        let mut calls: Vec<_> = service.seen().iter().map(|call| (call.signed, call.connection)).collect();
        calls.sort_unstable();
        let expected = [false, true].map(|signed| (0..COUNT).map(move |connection| (signed, connection)));
        assert_eq!(calls, expected.into_iter().flatten().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_service_that_is_out_of_reach_at_start_does_not_stop_it() {
    aws_at("http://127.0.0.1:1", "http://127.0.0.1:1").connect(1).await;
}
