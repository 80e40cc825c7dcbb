//! A function's answer as an HTTP response, payload format 2.0 (API Gateway Developer Guide, "Lambda function response
//! for format 2.0"): as the functions give it, with a status and without cookies.

use std::{collections::BTreeMap, error::Error};

use axum::{
    body::Body,
    http::{
        StatusCode,
        header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING},
    },
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Headers that are about the connection are the gateway's own.
pub(super) fn response(answer: &[u8]) -> Result<Response, Box<dyn Error>> {
    let answer: Answer = serde_json::from_slice(answer)?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { BASE64_STANDARD.decode(body)? } else { body.into_bytes() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code)?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    for (name, value) in answer.headers {
        let name: HeaderName = name.parse()?;
        if ![CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
            headers.insert(name, value.parse()?);
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn status_headers_and_body_are_the_functions() {
        for (body, is_base64) in [("aGk=", true), ("hi", false)] {
            let headers = json!({"Content-Type": "application/json", "x-n": "1", "content-length": "9"});
            let answer =
                json!({"statusCode": 404, "headers": headers, "body": body, "isBase64Encoded": is_base64});
            let (head, body) = response(answer.to_string().as_bytes()).unwrap().into_parts();
            assert_eq!((head.status.as_u16(), &to_bytes(body, 9).await.unwrap()[..]), (404, &b"hi"[..]));
            assert_eq!(head.headers["content-type"], "application/json");
            assert_eq!(head.headers["x-n"], "1");
            assert!(!head.headers.contains_key("content-length"));
        }
    }

    #[test]
    fn a_body_without_a_type_is_plain_text() {
        let response = response(br#"{"statusCode":200,"body":"x"}"#).unwrap();
        assert_eq!(response.headers()["content-type"], "text/plain;charset=UTF-8");
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for answer in [
            &b"not JSON"[..],
            br#"{"body":"x"}"#,
            br#"{"statusCode":99}"#,
            br#"{"statusCode":200,"body":{}}"#,
            br#"{"statusCode":200,"headers":{"a b":"c"}}"#,
            br#"{"statusCode":200,"body":"*","isBase64Encoded":true}"#,
        ] {
            assert!(response(answer).is_err(), "{answer:?}");
        }
    }
}
