//! What a caller writes beside a body: ids, headers, address and query.

use backup_shares::{
    ids::{ClientId, Method, PairId},
    row_key::{TimeKey, share_digest, share_key},
};
use serde_json::{Value, json};

use crate::functions::{CLAIM, CLIENT, Function, SECRET, event, request, with};

/// Every line of the bytes is an id, a row's key, a header, an address and a query.
pub fn headers_and_ids(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for line in text.split('\n').take(8) {
        ids(line);
        row_key(line);
        with(|functions| {
            let named = json!({ "clientId": line }).to_string();
            for (function, event, is_good) in [
                (Function::Fetch, header(line), line == SECRET),
                (Function::Fetch, address(line), line.parse() == Ok(std::net::Ipv4Addr::LOCALHOST)),
                (Function::Get, path(line), line == CLIENT),
                (Function::Get, claim(line), vouches(line, CLIENT)),
                (Function::Get, query(line), true),
                (Function::List, path(line), line == CLIENT),
                (Function::List, claim(line), vouches(line, CLIENT)),
                (Function::List, query(line), true),
                (Function::Fetch, event(named.as_bytes()), true),
            ] {
                let Some(request) = request(&event.to_string()) else { continue };
                let answer = functions.call(function, request);
                assert!(is_good || matches!(answer.status, 401 | 403), "{function:?} answers {answer:?}");
            }
        });
    }
}

/// Whether a claim holds a client's id: alone, or in a list as API Gateway writes it.
pub fn vouches(claim: &str, client: &str) -> bool {
    let list = claim.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    claim == client || list.is_some_and(|list| list.split_whitespace().any(|id| id == client))
}

/// Which ids there are, written another way.
fn ids(text: &str) {
    let is_id = |max: usize, more: &[u8]| {
        let bytes = text.as_bytes();
        (1..=max).contains(&bytes.len())
            && bytes[0].is_ascii_alphanumeric()
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || more.contains(byte))
            && !["undefined", "null", "nan", "none"].contains(&text.to_ascii_lowercase().as_str())
    };
    assert_eq!(ClientId::parse(text).is_ok(), is_id(128, b"_.:-"));
    assert_eq!(PairId::parse(text).is_ok(), is_id(128, b"_.:-"));
    assert_eq!(Method::parse(text).is_ok(), is_id(64, b"_.:-+"));
}

/// A row's key that can be read is the one that would be written.
fn row_key(text: &str) {
    for key in [text, &format!("share#{text}"), &format!("time#{text}")] {
        if let Some(digest) = share_digest(key) {
            assert_eq!(share_key(&digest), *key);
        }
        if let Some(time) = TimeKey::parse(key) {
            assert_eq!(time.to_string(), *key);
        }
    }
}

fn with_field(pointer: &str, value: &str) -> Value {
    let mut event = event(json!({ "clientId": CLIENT }).to_string().as_bytes());
    *event.pointer_mut(pointer).unwrap() = json!(value);
    event
}

fn header(secret: &str) -> Value {
    let mut event = with_field("/headers/x-webhook-secret", secret);
    event["headers"]["x-portal-trace-id"] = json!(secret);
    event
}

fn address(address: &str) -> Value {
    with_field("/requestContext/http/sourceIp", address)
}

fn path(client: &str) -> Value {
    with_field("/pathParameters/clientId", client)
}

fn claim(client: &str) -> Value {
    with_field(&format!("/requestContext/authorizer/jwt/claims/{CLAIM}"), client)
}

fn query(query: &str) -> Value {
    with_field("/rawQueryString", query)
}
