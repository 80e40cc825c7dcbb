//! What a function does with its connections before the first request.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::system::aws_at;

/// The heads of the requests on each connection, in the order of arrival.
type Seen = Arc<Mutex<Vec<Vec<String>>>>;

#[tokio::test]
async fn connections_are_opened_at_start_by_unsigned_calls_and_used_by_the_first_request() {
    let (dynamodb, kms) = (refusing().await, refusing().await);
    let aws = aws_at(&dynamodb.0, &kms.0).await;
    aws.connect().await;
    assert!(aws.dynamodb.list_tables().send().await.is_err());
    assert!(aws.kms.generate_data_key().key_id("key").send().await.is_err());
    for (_, seen) in [dynamodb, kms] {
        let seen = seen.lock().unwrap();
        let [connection] = &seen[..] else { panic!("{seen:?}") };
        let signed: Vec<bool> = connection.iter().map(|head| head.contains("authorization:")).collect();
        assert_eq!(signed, [false, true]);
    }
}

#[tokio::test]
async fn a_service_that_is_out_of_reach_at_start_does_not_stop_it() {
    aws_at("http://127.0.0.1:1", "http://127.0.0.1:1").await.connect().await;
}

/// A service that refuses every request, and keeps its connections.
async fn refusing() -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let connections = seen.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let index = {
                let mut connections = connections.lock().unwrap();
                connections.push(Vec::new());
                connections.len() - 1
            };
            tokio::spawn(refuse_all(stream, connections.clone(), index));
        }
    });
    (url, seen)
}

async fn refuse_all(mut stream: TcpStream, seen: Seen, connection: usize) {
    while let Some(head) = request(&mut stream).await {
        seen.lock().unwrap()[connection].push(head);
        let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(refusal).await.unwrap();
    }
}

/// Reads one request with its body; its head in lower case, `None` once the connection is closed.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).await.ok()?;
    Some(head)
}
