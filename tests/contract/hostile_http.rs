//! Hostile requests as bytes on a connection, where API Gateway's own reading of them matters: through `cargo local`'s.

use faults::message;
use local::run::Running;
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    local::whole_system::start,
    secrecy::logs::percent,
    support::{
        client::send,
        event::{CLIENT, WEBHOOK_SECRET},
    },
};

/// Portal's handover of a share, with this header that says how its body comes.
fn head(framing: &str) -> String {
    format!(
        "POST /webhook/backup HTTP/1.1\r\nhost: a\r\nx-webhook-secret: {WEBHOOK_SECRET}\r\n{framing}\r\n\r\n"
    )
}

/// Sends the pieces one by one.
async fn sent(running: &Running, framing: &str, pieces: impl Iterator<Item = String>) -> TcpStream {
    let mut stream = TcpStream::connect(running.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in [head(framing)].into_iter().chain(pieces) {
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    stream
}

/// The status of the answer; `None` if the connection ends without one.
async fn status(mut stream: TcpStream) -> Option<u16> {
    let (head, _) = message(&mut stream).await?;
    head.split(' ').nth(1)?.parse().ok()
}

#[tokio::test]
async fn a_body_is_read_as_it_comes_and_only_when_it_is_whole() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let share = format!(r#"{{"clientId":"{CLIENT}","share":"share"}}"#);
    let length = |bytes: usize| format!("content-length: {bytes}");
    let chunked = "transfer-encoding: chunked";
    let bytes = || share.chars().map(String::from);
    let chunks = || share.chars().map(|byte| format!("1\r\n{byte}\r\n"));
    for (what, mut broken) in [
        ("a byte too few", sent(&running, &length(share.len() + 1), bytes()).await),
        ("no last chunk", sent(&running, chunked, chunks()).await),
        ("a chunk without a size", sent(&running, chunked, ["1\r\n{\r\nx\r\n".into()].into_iter()).await),
        ("two lengths", sent(&running, "content-length: 1\r\ncontent-length: 2", bytes()).await),
    ] {
        broken.shutdown().await.unwrap();
        let answered = status(broken).await;
        assert!(answered.is_none_or(|status| (400..500).contains(&status)), "{what}: {answered:?}");
    }
    let calls = running.kms().calls();
    assert!(!calls.iter().any(|call| call.operation == "GenerateDataKey"), "{calls:?}");
    let whole = sent(&running, &length(share.len()), bytes()).await;
    assert_eq!(status(whole).await, Some(200), "byte by byte");
    let whole = chunks().chain(["0\r\n\r\n".into()]);
    let whole = sent(&running, chunked, whole).await;
    assert_eq!(status(whole).await, Some(200), "in chunks of one byte");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_is_decoded_once_and_names_the_tokens_client_or_nobody() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let bearer = format!("authorization: Bearer {}", running.token(CLIENT).unwrap());
    let (once, twice) =
        (percent(CLIENT, |_| false), percent(&percent(CLIENT, |_| false), u8::is_ascii_alphanumeric));
    for (path, query, status) in [
        (CLIENT.into(), "", 404),
        (once, "", 404),
        (twice, "", 403),
        (CLIENT.to_uppercase(), "", 403),
        (format!("{CLIENT}%00"), "", 403),
        (format!("{CLIENT}%2F"), "", 403),
        (format!("{CLIENT}%FF"), "", 403),
        (format!("..%2F{CLIENT}"), "", 403),
        (format!("{CLIENT};a=b"), "", 403),
        (format!("x/../{CLIENT}"), "", 404),
        (CLIENT.into(), "?clientId=another", 404),
        (CLIENT.into(), "?backupMethod=%FF", 400),
        (CLIENT.into(), "?backupMethod=GDRIVE%00", 400),
        (CLIENT.into(), "?backupMethod=a&backupMethod=b", 400),
        (CLIENT.into(), "?backupMethod=%2525", 400),
    ] {
        let url = format!("{}/portal/clients/{path}/backup{query}", running.url);
        let answer = send("GET", &url, &[&bearer], "").await;
        assert_eq!(answer.status, status, "{url}: {answer:?}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_header_may_be_written_in_any_case_and_only_once() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let url = format!("{}/webhook/backup/fetch", running.url);
    let body = format!(r#"{{"clientId":"{CLIENT}"}}"#);
    let named = |name: &str| format!("{name}: {WEBHOOK_SECRET}");
    let wrong = "x-webhook-secret: a wrong one of some length".to_owned();
    for (headers, status) in [
        (vec![named("X-WEBHOOK-SECRET")], 200),
        (vec![named("X-Webhook-Secret"), named("x-webhook-secret")], 401),
        (vec![wrong.clone(), named("x-webhook-secret")], 401),
        (vec![named("x-webhook-secret"), wrong], 401),
        (vec!["x-webhook-secret:".into()], 401),
        (vec![named("x_webhook_secret")], 401),
    ] {
        let lines: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = send("POST", &url, &lines, &body).await;
        assert_eq!(answer.status, status, "{headers:?}");
    }
    let bearer = running.token(CLIENT).unwrap();
    let url = format!("{}/portal/clients/{CLIENT}/backup", running.url);
    for (headers, status) in [
        (vec![format!("AUTHORIZATION: bearer {bearer}")], 404),
        (vec!["authorization: Bearer x".into(), format!("authorization: Bearer {bearer}")], 401),
        (vec![format!("authorization: Bearer {bearer}.")], 401),
        (vec![format!("authorization: Bearer {bearer}"), "x-portal-trace-id: \u{e9}".into()], 404),
    ] {
        let lines: Vec<&str> = headers.iter().map(String::as_str).collect();
        assert_eq!(send("GET", &url, &lines, "").await.status, status, "{headers:?}");
    }
    running.stop().await.unwrap();
}
