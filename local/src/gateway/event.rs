//! The event that API Gateway's HTTP APIs send to a function, payload format 2.0 (API Gateway Developer Guide, "Create
//! AWS Lambda proxy integrations for HTTP APIs").

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, net::IpAddr};

use axum::http::{
    header::{CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT},
    request::Parts,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use time::{OffsetDateTime, UtcOffset};

use crate::{
    account::{ACCOUNT, arn},
    template::Route,
};

const API_ID: &str = "local";
const STAGE: &str = "$default";

/// A request that a route has been found for.
pub(super) struct Arrival<'a> {
    /// The route.
    pub route: &'a Route,
    /// Method, URI and headers.
    pub head: &'a Parts,
    /// The address at the other end of the connection.
    pub peer: IpAddr,
    /// Names the request in answers and logs.
    pub request_id: &'a str,
    /// When it came in.
    pub time: OffsetDateTime,
}

impl Arrival<'_> {
    /// What a function is sent, with what the authorizer said of the caller. Fields that API Gateway leaves out where
    /// there is nothing to say are left out.
    pub fn for_function(&self, authorized: Option<Value>, body: &[u8]) -> Value {
        let mut event = self.event();
        if let Some(authorized) = authorized {
            event["requestContext"]["authorizer"] = authorized;
        }
        let (body, is_base64) = body_text(&self.head.headers, body);
        if let Some(body) = body {
            event["body"] = body.into();
        }
        event["isBase64Encoded"] = is_base64.into();
        event
    }

    /// What an authorizer is sent (API Gateway Developer Guide, "Control access to HTTP APIs with AWS Lambda
    /// authorizers"), with what it is to look at.
    pub fn for_authorizer(&self, source: &str) -> Value {
        let mut event = self.event();
        event["type"] = "REQUEST".into();
        event["identitySource"] = json!([source]);
        let resource = format!("{API_ID}/{STAGE}/{}{}", self.head.method, self.head.uri.path());
        event["routeArn"] = arn("execute-api", &resource).into();
        event
    }

    fn event(&self) -> Value {
        let query = self.head.uri.query().unwrap_or_default();
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route.key(),
            "rawPath": self.path(),
            "rawQueryString": query,
            "headers": header_texts(&self.head.headers),
            "requestContext": self.context(),
        });
        let mut set = |name: &str, value: Value| {
            if value.as_array().is_none_or(|list| !list.is_empty()) && value != json!({}) {
                event[name] = value;
            }
        };
        set("cookies", cookies(&self.head.headers));
        set("queryStringParameters", query_texts(query));
        set("pathParameters", self.parameters());
        event
    }

    fn context(&self) -> Value {
        let host = header(&self.head.headers, &HOST);
        let domain = host.rsplit_once(':').map_or(host.as_str(), |(domain, _port)| domain);
        json!({
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": self.head.method.as_str(),
                "path": self.path(),
                "protocol": format!("{:?}", self.head.version),
                "sourceIp": self.peer.to_string(),
                "userAgent": header(&self.head.headers, &USER_AGENT),
            },
            "requestId": self.request_id,
            "routeKey": self.route.key(),
            "stage": STAGE,
            "time": clock_text(self.time),
            "timeEpoch": self.time.unix_timestamp_nanos() / 1_000_000,
        })
    }

    /// HTTP APIs decode the path, `rawPath` too, whatever its name says.
    fn path(&self) -> String {
        decode(self.head.uri.path())
    }

    /// The path's parameters, decoded once.
    fn parameters(&self) -> Value {
        let segments = self.route.path.split('/').zip(self.head.uri.path().split('/'));
        segments
            .filter_map(|(name, value)| {
                Some((name.strip_prefix('{')?.strip_suffix('}')?.to_owned(), json!(decode(value))))
            })
            .collect()
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// UTC, as in `12/Mar/2020:19:03:58 +0000`.
fn clock_text(time: OffsetDateTime) -> String {
    let time = time.to_offset(UtcOffset::UTC);
    let (year, month, day) = (time.year(), time.month().to_string(), time.day());
    let (hour, minute, second) = time.to_hms();
    format!("{day:02}/{month:.3}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

fn header(headers: &HeaderMap, name: &HeaderName) -> String {
    headers.get(name).map(value_text).unwrap_or_default()
}

fn value_text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Names in lower case, repeated ones joined by commas; cookies have a place of their own.
fn header_texts(headers: &HeaderMap) -> Value {
    let names = headers.keys().filter(|name| **name != COOKIE);
    names
        .map(|name| {
            let values = headers.get_all(name).iter().map(value_text);
            (name.to_string(), json!(values.collect::<Vec<_>>().join(",")))
        })
        .collect()
}

fn cookies(headers: &HeaderMap) -> Value {
    let headers: Vec<_> = headers.get_all(COOKIE).iter().map(value_text).collect();
    let cookies = headers.iter().flat_map(|header| header.split(';'));
    cookies.map(str::trim).filter(|cookie| !cookie.is_empty()).collect()
}

/// Decoded; repeated ones joined by commas.
fn query_texts(query: &str) -> Value {
    let mut texts = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        texts.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    texts.into_iter().map(|(name, values)| (name, json!(values.join(",")))).collect()
}

/// The body as text or base64, and whether it is the latter; none if it is empty.
fn body_text(headers: &HeaderMap, body: &[u8]) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match str::from_utf8(body) {
        Ok(text) if is_text(&header(headers, &CONTENT_TYPE)) => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

/// The media types that are not base64 in an event: `text/*`, JSON, XML and JavaScript; and what has no type.
fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, subtype) = media_type.split_once('/').unwrap_or(("text", ""));
    let suffix = subtype.rsplit('+').next().unwrap_or_default();
    kind == "text" || (kind == "application" && matches!(suffix, "json" | "xml" | "javascript"))
}
