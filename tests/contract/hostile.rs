//! Requests that nobody in good faith sends: each gets the contract's status, and none reaches AWS that is refused.

use std::panic;

use backup_shares::client_id_source::ClientIdSource;
use base64::prelude::{BASE64_STANDARD, Engine};
use lambda_http::request;
use serde_json::{Value, json};

use crate::{
    secrecy::logs::percent,
    support::{
        event::{CLIENT, CLIENT_ID_CLAIM, Event, WEBHOOK_SECRET},
        project::{FUNCTIONS, USERS},
        watched::Watched,
    },
};

const MIB: usize = 1024 * 1024;

/// Sends an event. `None` stands for one that `lambda_http` can't take: the runtime reports it as an error of the
/// invocation, and no function sees it.
async fn status(watched: &Watched, event: Event) -> Option<u16> {
    let before = watched.calls();
    let text = event.0.to_string();
    let taken = panic::catch_unwind(|| request::from_str(&text));
    let status = match taken {
        Ok(Ok(_)) => Some(watched.system.call(event).await.status),
        _ => None,
    };
    let calls = watched.calls() - before;
    match status {
        Some(200 | 404) => assert!(calls > 0),
        Some(400 | 401 | 403 | 413) | None => assert_eq!(calls, 0, "{status:?} after calls to AWS"),
        other => panic!("{other:?} is none of the contract's"),
    }
    status
}

/// Sends every event of a table, and holds each to its status.
async fn all(watched: &Watched, table: impl IntoIterator<Item = (String, Event, Option<u16>)>) {
    for (what, event, expected) in table {
        assert_eq!(status(watched, event).await, expected, "{what}");
    }
}

/// A body of exactly this many bytes: the JSON, and blanks.
fn padded(json: &Value, bytes: usize) -> String {
    let json = json.to_string();
    format!("{json}{}", " ".repeat(bytes - json.len()))
}

/// Bytes as the body.
fn raw(function: &str, bytes: &[u8]) -> Event {
    let mut event = Event::of(function).body(BASE64_STANDARD.encode(bytes));
    event.0["isBase64Encoded"] = json!(true);
    event
}

/// A good body of a route that takes one, by the share's text.
fn good(function: &str) -> Value {
    match function {
        "store-backup" => json!({ "cipherText": "share" }),
        _ => json!({"clientId": CLIENT, "share": "share"}),
    }
}

/// Bodies of a route: what they are, their bytes, and the status that they get.
fn bodies(good: &Value, taken: u16) -> Vec<(&'static str, Vec<u8>, u16)> {
    let deep = |times: usize| format!("{}{}", "[".repeat(times), "]".repeat(times));
    let unknown = |value: &str| good.to_string().replacen('{', &format!(r#"{{"unknown":{value},"#), 1);
    let bytes = good.to_string().into_bytes();
    vec![
        ("1 MiB", padded(good, MIB).into(), taken),
        ("1 MiB and a byte", padded(good, MIB + 1).into(), 413),
        ("5 MiB", vec![b' '; 5 * MIB], 413),
        ("arrays without an end", "[".repeat(100_000).into(), 400),
        ("objects without an end", r#"{"data":"#.repeat(100_000).into(), 400),
        ("an unknown field, 100,000 deep", unknown(&deep(100_000)).into(), taken),
        ("an unknown number that is too great for any type", unknown("-1e999999").into(), taken),
        (
            "an overlong number in a field's place",
            br#"{"clientId":1e999999,"cipherText":1e999999}"#.into(),
            400,
        ),
        ("a number of 100 kB", format!("[{}]", "9".repeat(100_000)).into(), 400),
        ("a field name of 100 kB", format!(r#"{{"{}":1}}"#, "a".repeat(100_000)).into(), 400),
        ("half of a body", bytes[..10].into(), 400),
        ("two bodies", bytes.repeat(2), 400),
        ("no UTF-8", [&b"\xff\xfe"[..], &bytes].concat(), 400),
        ("UTF-16", good.to_string().encode_utf16().flat_map(u16::to_le_bytes).collect(), 400),
        ("a byte order mark", format!("\u{feff}{good}").into(), 400),
        ("a form", b"clientId=a&share=b&cipherText=c".into(), 400),
        ("nothing", Vec::new(), 400),
        ("a NUL", vec![0], 400),
    ]
}

#[tokio::test]
async fn a_body_is_refused_by_size_and_form_before_any_call_and_no_depth_breaks_it() {
    for function in ["store-backup", "webhook-backup", "webhook-fetch"] {
        let watched = Watched::start().await;
        let cases = bodies(&good(function), 200)
            .into_iter()
            .map(|(what, body, status)| (format!("{function}: {what}"), raw(function, &body), Some(status)));
        all(&watched, cases).await;
    }
}

#[tokio::test]
async fn a_known_field_that_is_repeated_is_refused_at_any_depth() {
    let watched = Watched::start().await;
    let client = format!(r#""clientId":"{CLIENT}""#);
    let cases = [
        ("webhook-fetch", format!("{{{client},{client}}}")),
        ("webhook-backup", format!(r#"{{{client},{client},"share":"s"}}"#)),
        ("webhook-backup", format!(r#"{{{client},"share":"s","share":"s"}}"#)),
        ("webhook-backup", format!(r#"{{{client},"share":"s","backupMethod":"A","backupMethod":"A"}}"#)),
        ("webhook-backup", format!(r#"{{{client},"share":"s","sh\u0061re":"t"}}"#)),
        ("store-backup", r#"{"data":{"cipherText":"a","cipherText":"a"}}"#.into()),
        ("store-backup", r#"{"data":{"data":{"cipherText":"a"},"cipherText":"b"}}"#.into()),
        ("store-backup", r#"{"cipherText":"a","backupMethod":"A","backupMethod":"B"}"#.into()),
        ("store-backup", r#"{"cipherText":"a","c\u0069pherText":"b"}"#.into()),
    ];
    all(&watched, cases.map(|(function, body)| (body.clone(), Event::of(function).body(body), Some(400))))
        .await;
}

#[tokio::test]
async fn a_body_that_lies_about_base64_is_refused() {
    let watched = Watched::start().await;
    for function in ["store-backup", "webhook-backup", "webhook-fetch"] {
        let body = good(function).to_string();
        let lie = |text: &str| {
            let mut event = Event::of(function).body(text);
            event.0["isBase64Encoded"] = json!(true);
            event
        };
        let encoded = BASE64_STANDARD.encode(&body);
        all(
            &watched,
            [
                ("JSON said to be base64".into(), lie(&body), None),
                ("base64 that breaks off".into(), lie(&encoded[..encoded.len() - 1]), None),
                ("base64 of base64".into(), lie(&BASE64_STANDARD.encode(&encoded)), Some(400)),
                ("base64 said to be JSON".into(), Event::of(function).body(encoded), Some(400)),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn the_webhook_secret_is_one_header_and_nothing_like_it() {
    let watched = Watched::start().await;
    let headers = |headers: Value| {
        let mut event = Event::of("webhook-fetch");
        event.0["headers"] = headers;
        event
    };
    let name = "x-webhook-secret";
    let twice = format!("{WEBHOOK_SECRET},{WEBHOOK_SECRET}");
    let spaced = format!(" {WEBHOOK_SECRET}");
    all(
        &watched,
        [
            ("absent", headers(json!({})), 401),
            ("repeated, as API Gateway joins it", headers(json!({ name: twice })), 401),
            ("with a blank", headers(json!({ name: spaced })), 401),
            ("in base64", headers(json!({ name: BASE64_STANDARD.encode(WEBHOOK_SECRET) })), 401),
            ("no ASCII", headers(json!({ name: "sécrét sécrét sécrét" })), 401),
            ("very long", headers(json!({ name: "a".repeat(100_000) })), 401),
            (
                "under another name",
                headers(json!({"x-webhook-secret-": WEBHOOK_SECRET, "webhook-secret": WEBHOOK_SECRET})),
                401,
            ),
            ("in mixed case", headers(json!({ "X-wEbHoOk-SeCrEt": WEBHOOK_SECRET })), 200),
        ]
        .map(|(what, event, status)| (what.into(), event, Some(status))),
    )
    .await;
    let wrong = "a wrong one of some length";
    for values in [
        json!([WEBHOOK_SECRET, WEBHOOK_SECRET]),
        json!([wrong, WEBHOOK_SECRET]),
        json!([WEBHOOK_SECRET, wrong]),
    ] {
        assert_eq!(status(&watched, headers(json!({ name: values }))).await, Some(401), "{values}");
    }
    for value in [
        json!(null),
        json!(7),
        json!([]),
        json!([[WEBHOOK_SECRET]]),
        json!({"a": WEBHOOK_SECRET}),
        json!("a\nb"),
    ] {
        let answered = status(&watched, headers(json!({ name: value }))).await;
        assert!(matches!(answered, None | Some(401)), "{value}: {answered:?}");
    }
}

/// Characters that look like those of an id, or vanish.
const LOOK_ALIKES: [&str; 14] = [
    "\u{430}",
    "\u{ff21}",
    "\u{2010}",
    "\u{2011}",
    "\u{ff0e}",
    "\u{a789}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{202e}",
    "\u{301}",
    "\u{a0}",
    "\u{661}",
    "\u{1d400}",
];

#[tokio::test]
async fn an_id_takes_the_ascii_of_its_alphabet_and_no_other_character() {
    let watched = Watched::start().await;
    let ascii = (0..128_u8).map(|byte| char::from(byte).to_string());
    for character in ascii.chain(LOOK_ALIKES.map(String::from)) {
        for (text, is_first) in [(character.clone(), true), (format!("a{character}b"), false)] {
            let letter = character.chars().all(|c| c.is_ascii_alphanumeric());
            let is_id = letter || !is_first && "_.:-".contains(&character);
            let is_method = is_id || !is_first && character == "+";
            let expected = |good: bool| Some(if good { 200 } else { 400 });
            let webhook = |field: &str| {
                let mut body = json!({"clientId": CLIENT, "share": "share"});
                body[field] = json!(text);
                Event::of("webhook-backup").body(body)
            };
            all(
                &watched,
                [
                    (format!("client {text:?}"), webhook("clientId"), expected(is_id)),
                    (format!("pair {text:?}"), webhook("backupSharePairId"), expected(is_id)),
                    (format!("method {text:?}"), webhook("backupMethod"), expected(is_method)),
                ],
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_path_that_only_looks_like_the_tokens_client_is_refused() {
    let watched = Watched::start().await;
    let percent = percent(CLIENT, |_| false);
    let mut paths: Vec<String> = LOOK_ALIKES.map(|character| CLIENT.replacen('a', character, 1)).into();
    paths.extend(LOOK_ALIKES.map(|character| format!("{CLIENT}{character}")));
    paths.extend([percent, format!("{CLIENT}/"), format!("../{CLIENT}"), format!("{CLIENT}\0")]);
    paths.extend(["*".into(), "%".into(), format!("{CLIENT},{CLIENT}")]);
    for function in USERS {
        for path in paths.iter().filter(|path| *path != CLIENT) {
            let said = Event::of(function).path_of(path);
            assert_eq!(status(&watched, said).await, Some(403), "{function} {path:?}");
            let said_by_the_token_too = Event::of(function).client(path);
            assert_eq!(status(&watched, said_by_the_token_too).await, Some(401), "{function} {path:?}");
        }
        let another = Event::of(function).path_of(&CLIENT.to_uppercase());
        assert_eq!(status(&watched, another).await, Some(403), "{function}");
    }
}

#[tokio::test]
async fn an_authorizer_that_is_not_of_its_form_lets_nobody_in() {
    let mut watched = Watched::start().await;
    let claims = |claims: Value| json!({"jwt": {"claims": claims, "scopes": null}});
    let wrong =
        [json!(null), json!(7), json!(true), json!(CLIENT), json!([CLIENT]), json!({"clientId": CLIENT})];
    let authorizers: Vec<Value> = wrong
        .iter()
        .flat_map(|value| {
            [
                value.clone(),
                json!({ "jwt": value }),
                claims(value.clone()),
                claims(json!({ CLIENT_ID_CLAIM: [value] })),
                claims(json!({ CLIENT_ID_CLAIM: {"clientId": value} })),
                json!({ "lambda": value }),
                json!({ "lambda": {"clientId": [value]} }),
                json!({"iam": {"clientId": CLIENT}, "clientId": value}),
            ]
        })
        // These are of its form.
        .filter(|authorizer| *authorizer != json!({ "lambda": {"clientId": CLIENT} }))
        .filter(|authorizer| *authorizer != json!({ "lambda": {"clientId": [CLIENT]} }))
        .collect();
    for source in [ClientIdSource::Claim(CLIENT_ID_CLAIM.into()), ClientIdSource::Authorizer] {
        watched.system.takes_client_id_from(&source);
        for function in USERS {
            for authorizer in &authorizers {
                let answered = status(&watched, Event::of(function).authorizer(authorizer.clone())).await;
                assert!(matches!(answered, None | Some(401)), "{function} {authorizer}: {answered:?}");
            }
        }
    }
}

/// Every place in a JSON value, as JSON pointers.
fn places(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.replace('/', "~1"), value)).collect()
        }
        Value::Array(values) => {
            values.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    let below = |(name, value): &(String, &Value)| {
        let deeper = places(value).into_iter().map(|place| format!("/{name}{place}"));
        [format!("/{name}")].into_iter().chain(deeper).collect::<Vec<_>>()
    };
    children.iter().flat_map(below).collect()
}

#[tokio::test]
async fn null_or_another_type_in_any_place_of_an_event_or_body_proves_nothing_and_breaks_nothing() {
    let mut tried = 0;
    for function in FUNCTIONS {
        let watched = Watched::start().await;
        let whole = Event::of(function);
        let proofs = ["/headers", "/headers/x-webhook-secret", "/pathParameters", "/pathParameters/clientId"];
        for place in places(&whole.0).into_iter().filter(|place| !place.ends_with("/routeKey")) {
            for value in [json!(null), json!(7), json!([]), json!({}), json!(""), json!("\u{0}")] {
                let mut event = whole.clone();
                *event.0.pointer_mut(&place).unwrap() = value.clone();
                let answered = status(&watched, event).await;
                let is_user = USERS.contains(&function);
                let is_proof = if is_user {
                    proofs[2..].contains(&&*place)
                        || place.contains("authorizer") && !place.contains("scopes")
                } else {
                    proofs[..2].contains(&&*place) || place.ends_with("/sourceIp")
                };
                let others = ["aud", "exp", "iat", "iss", "sub"].iter().any(|claim| place.ends_with(claim));
                if is_proof && !others {
                    assert!(
                        matches!(answered, None | Some(401 | 403)),
                        "{function} {place} {value}: {answered:?}"
                    );
                }
                tried += 1;
            }
        }
        if let Some(body) = whole.0["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok())
        {
            for place in places(&body).into_iter().chain([String::new()]) {
                for value in
                    [json!(null), json!(7), json!([]), json!({}), json!(""), json!([null]), json!(true)]
                {
                    let mut body = body.clone();
                    *body.pointer_mut(&place).unwrap() = value;
                    status(&watched, whole.clone().body(body)).await;
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 0, "{tried}");
}
