//! HTTP messages as bytes: what a proxy needs, so that it can break them anywhere.

use time::{Duration, OffsetDateTime};
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

/// A message with another body, which is JSON.
pub(super) fn resized(head: &str, body: String) -> (String, Vec<u8>) {
    let length = header(head, "content-length").unwrap_or_default();
    let is_length = |line: &str| header(line, "content-length") == Some(length);
    let others: String = head.split_inclusive("\r\n").filter(|line| !is_length(line)).collect();
    let head = format!(
        "{}content-length: {}\r\n\r\n",
        others.trim_end_matches("\r\n").to_owned() + "\r\n",
        body.len()
    );
    (head, body.into_bytes())
}

/// An answer in the AWS JSON form.
pub(super) fn answer(status: u16, json: &str) -> Vec<u8> {
    let (length, date) = (json.len(), date(0));
    format!(
        "HTTP/1.1 {status} \r\ncontent-type: application/x-amz-json-1.1\r\nx-amzn-requestid: faults\r\ndate: {date}\r\ncontent-length: {length}\r\n\r\n{json}"
    )
    .into_bytes()
}

/// A message's head with another `Date`, so many seconds from now; without one for `None`.
pub(super) fn dated(head: &str, seconds: Option<i64>) -> String {
    let is_date =
        |line: &&str| line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case("date"));
    let (start, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let date = seconds.map(|seconds| format!("date: {}\r\n", date(seconds))).unwrap_or_default();
    let others: String = headers.split_inclusive("\r\n").filter(|line| !is_date(line)).collect();
    format!("{start}\r\n{date}{others}")
}

/// So many seconds from now, as HTTP writes it.
fn date(seconds: i64) -> String {
    let date = OffsetDateTime::now_utc() + Duration::seconds(seconds);
    let (day, month, clock) = (date.weekday().to_string(), date.month().to_string(), date.time());
    let (hour, minute, second) = clock.as_hms();
    format!("{day:.3}, {:02} {month:.3} {} {hour:02}:{minute:02}:{second:02} GMT", date.day(), date.year())
}
