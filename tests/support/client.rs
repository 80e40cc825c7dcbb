//! A client of a served API: one request, one answer.

use faults::message;
use serde_json::Value;
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Status, head and JSON of an answer; status 0 if none came.
#[derive(Debug, Default, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

/// Sends a request with these header lines; with a body it says its length.
pub async fn send(method: &str, url: &str, headers: &[&str], body: &str) -> Reply {
    exchange(method, url, headers, body).await.unwrap_or_default()
}

async fn exchange(method: &str, url: &str, headers: &[&str], body: &str) -> Option<Reply> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut lines = vec![format!("{method} /{path} HTTP/1.1"), format!("host: {host}")];
    lines.push(format!("content-length: {}", body.len()));
    lines.extend(headers.iter().map(|&line| line.to_owned()));
    let mut stream = TcpStream::connect(host).await.ok()?;
    stream.write_all(format!("{}\r\n\r\n{body}", lines.join("\r\n")).as_bytes()).await.ok()?;
    let (head, body) = message(&mut stream).await?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Reply { status, head: head.to_lowercase(), body: serde_json::from_slice(&body).unwrap_or_default() })
}
