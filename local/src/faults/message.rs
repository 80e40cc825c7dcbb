//! HTTP messages as bytes: what a proxy needs, so that it can break them anywhere.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads one HTTP message: its head with the empty line, and its body of the length that the head gives. `None` once
/// the connection has ended, or when it bears something else.
pub async fn message(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = header(&head, "content-length").map_or(Some(0), |length| length.parse().ok())?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

/// A header of a message's head.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// An answer in the AWS JSON form.
pub(super) fn answer(status: u16, json: &str) -> Vec<u8> {
    let length = json.len();
    format!("HTTP/1.1 {status} \r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {length}\r\n\r\n{json}")
        .into_bytes()
}
