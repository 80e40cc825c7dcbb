//! What an operator gets wrong: one clear line each, and nothing stored.

use std::{fs, path::Path};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::json;
use tempfile::TempDir;

use super::program::{Drill, Said};
use crate::{
    local::whole_system::start,
    support::doctored::{Asked, Doctored, reply},
};

const SECRET: &str = "a-secret-of-the-drills-tests-alone";

/// It ends with that code and one line of complaint, which says this.
fn complains(said: &Said, code: i32, says: &str) {
    assert_eq!(said.code, Some(code), "{}", said.all());
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    assert!(said.err.contains(says), "{}", said.all());
    for secret in [SECRET, "eyJ"] {
        assert!(!said.all().contains(secret), "{}", said.all());
    }
}

#[tokio::test]
async fn what_does_not_fit_the_stack_is_one_line_and_not_drilled() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let (api, webhook) = (&*running.url, format!("{}/webhook", running.url));
    let (token, secret) = (running.token("drill").unwrap(), &*running.webhook_secret);
    let expired = jwt(1);
    for (drill, says) in [
        (Drill::of(&webhook, &webhook, &token, secret), "is not the client API"),
        (Drill::of(api, api, &token, secret), "is not the webhook"),
        (Drill::of("http://127.0.0.1:1", &webhook, &token, secret), "gets no answer"),
        (Drill::of(api, &webhook, "no-token", secret), "the API refuses the token: it is of another login"),
        (
            Drill::of(api, &webhook, &jwt(4_102_444_800), secret),
            "the API refuses the token: it is of another login",
        ),
        (Drill::of(api, &webhook, &expired, secret), "the token expired"),
        (
            Drill::of(api, &webhook, &running.token("alice").unwrap(), secret),
            "the token is another client's than drill",
        ),
        (Drill::of(api, &webhook, &token, SECRET), "the webhook refuses the secret"),
    ] {
        complains(&drill.ends().await, 4, says);
    }
    let calls = running.kms().calls();
    let sealed = calls.iter().filter(|call| call.operation == "GenerateDataKey");
    assert_eq!(sealed.count(), 0, "something was stored: {calls:?}");
    running.stop().await.unwrap();
}

/// A JWT that nobody has signed.
fn jwt(expiry: u64) -> String {
    let part = |json: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(json!({"alg": "RS256"})), part(json!({ "exp": expiry })))
}

/// A server that is no custodian's, and says again what it is told.
#[tokio::test]
async fn another_server_gets_no_token_and_no_secret() {
    for status in [200, 204, 302, 400, 401, 403, 404, 500] {
        let echo = move |asked: &Asked, _: Option<&mut _>| {
            assert!(!asked.headers.concat().contains(SECRET), "{:?}", asked.headers);
            Some(reply(status, json!([asked.headers, asked.body])))
        };
        let server = Doctored::start("", echo).await;
        let said = Drill::of(&server.url, &server.url, SECRET, SECRET).ends().await;
        complains(&said, 4, "is not the client API");
    }
}

#[tokio::test]
async fn what_can_not_be_used_is_one_line_before_anything_is_sent() {
    let nowhere = "http://127.0.0.1:1";
    let good = Drill::of(nowhere, nowhere, "token", SECRET);
    for (drill, says) in [
        (Drill::of(nowhere, nowhere, "", SECRET), "DRILL_TOKEN is not set"),
        (Drill::of(nowhere, nowhere, "token", ""), "WEBHOOK_SECRET is not set"),
        (Drill::of(nowhere, nowhere, "two\nlines", SECRET), "DRILL_TOKEN has to be one line"),
        (Drill::of(nowhere, nowhere, "token", "short"), "under 16 characters"),
        (good.clone().with("--token-file").with("/nowhere/at/all"), "/nowhere/at/all can't be read"),
        (
            good.clone().with("--token-file").with("-").with("--webhook-secret-file").with("-"),
            "standard input holds one thing",
        ),
    ] {
        complains(&drill.ends().await, 2, says);
    }
    // The parser of the command line adds how to get help.
    for (drill, says) in [
        (Drill::of("http://a.example", nowhere, "token", SECRET), "has to be https://HOST"),
        (good.clone().with("--client").with("alice"), "never be the newest of a real wallet"),
        (good.clone().with("--token").with("eyJ"), "unexpected argument"),
    ] {
        let said = drill.ends().await;
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains(says), "{}", said.err);
    }
}

#[tokio::test]
async fn a_token_and_a_secret_come_from_files_too() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("{text}\n")).unwrap();
        path
    };
    let token = file("token", &running.token("drill").unwrap());
    let secret = file("secret", &running.webhook_secret);
    let word = |path: &Path| path.to_str().unwrap().to_owned();
    let webhook = format!("{}/webhook", running.url);
    let drill = Drill::of(&running.url, &webhook, "", "").with("--token-file").with(&word(&token));
    let said = drill.with("--webhook-secret-file").with(&word(&secret)).ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    running.stop().await.unwrap();
}
