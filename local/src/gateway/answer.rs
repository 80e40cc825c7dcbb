//! A function's answer as an HTTP response, payload format 2.0 (API Gateway Developer Guide, "Lambda function response
//! for format 2.0").

use std::collections::BTreeMap;
use std::error::Error;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE,
    TRANSFER_ENCODING,
};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    headers: Option<BTreeMap<String, Value>>,
    cookies: Option<Vec<String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// Without a `statusCode` the whole answer is the body of a 200, in JSON.
pub(super) fn response(answer: &[u8]) -> Result<Response, Box<dyn Error>> {
    let answer: Value = serde_json::from_slice(answer)?;
    match answer.get("statusCode") {
        Some(_) => structured(serde_json::from_value(answer)?),
        None => Ok(inferred(answer)),
    }
}

fn inferred(answer: Value) -> Response {
    let body = match answer {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let mut response = Response::new(Body::from(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn structured(answer: Answer) -> Result<Response, Box<dyn Error>> {
    let body = answer.body.unwrap_or_default();
    let body = match answer.is_base64_encoded {
        Some(true) => STANDARD.decode(body)?,
        _ => body.into_bytes(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code)?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    set(headers, answer.headers.unwrap_or_default())?;
    for cookie in answer.cookies.unwrap_or_default() {
        headers.append(SET_COOKIE, cookie.parse()?);
    }
    Ok(response)
}

/// Headers that are about the connection are the gateway's own.
fn set(headers: &mut HeaderMap, answer: BTreeMap<String, Value>) -> Result<(), Box<dyn Error>> {
    for (name, value) in answer {
        let name: HeaderName = name.parse()?;
        if [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
            continue;
        }
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        headers.insert(name, value.parse()?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn read(answer: Value) -> (StatusCode, HeaderMap, String) {
        let (head, body) = response(answer.to_string().as_bytes()).unwrap().into_parts();
        let body = axum::body::to_bytes(body, 1000).await.unwrap();
        (head.status, head.headers, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn status_headers_cookies_and_body_are_the_functions() {
        let answer = json!({
            "statusCode": 404,
            "headers": {"Content-Type": "application/json", "x-n": 1, "content-length": "9"},
            "cookies": ["a=1", "b=2"],
            "body": "aGk=",
            "isBase64Encoded": true,
        });
        let (status, headers, body) = read(answer).await;
        assert_eq!((status.as_u16(), body.as_str()), (404, "hi"));
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["x-n"], "1");
        assert!(!headers.contains_key("content-length"));
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
    }

    #[tokio::test]
    async fn without_a_status_the_answer_is_the_body() {
        for (answer, expected) in [(json!("hi"), "hi"), (json!({"a": 1}), r#"{"a":1}"#)] {
            let (status, headers, body) = read(answer).await;
            assert_eq!((status.as_u16(), body.as_str()), (200, expected));
            assert_eq!(headers["content-type"], "application/json");
        }
    }

    #[tokio::test]
    async fn a_body_without_a_type_is_plain_text() {
        let (_, headers, _) = read(json!({"statusCode": 200, "headers": null, "body": "x"})).await;
        assert_eq!(headers["content-type"], "text/plain;charset=UTF-8");
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for answer in [
            &b"not JSON"[..],
            br#"{"statusCode":"ok"}"#,
            br#"{"statusCode":99}"#,
            br#"{"statusCode":200,"body":{}}"#,
            br#"{"statusCode":200,"headers":{"a b":"c"}}"#,
            br#"{"statusCode":200,"body":"*","isBase64Encoded":true}"#,
        ] {
            assert!(response(answer).is_err(), "{answer:?}");
        }
    }
}
