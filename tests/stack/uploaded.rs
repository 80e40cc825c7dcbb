//! What `sam build` made: the very files that a deployment uploads.

use std::{fs, path::PathBuf};

use serde_json::json;

use crate::support::{
    event::{CLIENT, Event},
    project::{FUNCTIONS, root},
    runtime::invoke_executable,
    system::{Answer, System},
};

/// The glibc of Amazon Linux 2023, on which Lambda runs `provided.al2023` (AL2023 release notes).
const LAMBDAS_GLIBC: u32 = 34;

fn bootstrap(system: &System, function: &str) -> PathBuf {
    let path = root().join(".aws-sam/build").join(system.logical_id(function)).join("bootstrap");
    let missing = "run `sam build --parameter-overrides Architecture=x86_64` first";
    assert!(path.is_file(), "{} isn't there: {missing}", path.display());
    path
}

/// The built function's answer to an event.
async fn answer(system: &System, function: &str, event: Event) -> Answer {
    let (built, environment) = (bootstrap(system, function), system.environment(function));
    let invoked = invoke_executable(&built, &environment, &event).await;
    assert_eq!(invoked.outcome, "response", "{function}: {}", invoked.written);
    Answer::of(&invoked.answer)
}

#[tokio::test]
#[ignore = "needs `sam build --parameter-overrides Architecture=x86_64`"]
async fn long_the_built_functions_store_and_give_back_a_share_of_either_half() {
    let system = System::start().await;
    let fetch = json!({ "clientId": CLIENT });
    for (function, body) in [
        ("store-backup", json!({"cipherText": "the client's"})),
        ("webhook-backup", json!({"clientId": CLIENT, "share": "the custodian's"})),
    ] {
        let stored = answer(&system, function, Event::of(function).body(body)).await;
        assert_eq!(stored.status, 200, "{function}: {stored:?}");
    }
    let got = answer(&system, "get-backup", Event::of("get-backup").query("")).await;
    assert_eq!((got.status, &got.body["cipherText"]), (200, &json!("the client's")));
    let got = answer(&system, "webhook-fetch", Event::of("webhook-fetch").body(fetch)).await;
    assert_eq!((got.status, &got.body["backupShares"]), (200, &json!(["the custodian's"])));
}

#[tokio::test]
#[ignore = "needs `sam build --parameter-overrides Architecture=x86_64`"]
async fn long_a_panic_in_a_built_function_is_an_answer_and_no_end_of_the_process() {
    let system = System::start().await;
    let environment = system.environment("get-backup");
    // lambda_http panics at a query that is no part of a URI.
    let event = Event::of("get-backup").query("\"");
    let invoked = invoke_executable(&bootstrap(&system, "get-backup"), &environment, &event).await;
    assert_eq!(invoked.outcome, "error", "{}", invoked.written);
}

#[tokio::test]
#[ignore = "needs `sam build --parameter-overrides Architecture=x86_64`"]
async fn long_the_built_functions_ask_for_no_newer_glibc_than_lambda_has() {
    let system = System::start().await;
    for function in FUNCTIONS {
        let bytes = fs::read(bootstrap(&system, function)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let minors = text.split("GLIBC_2.").skip(1).map(minor);
        let newest = minors.max().expect("linked against glibc");
        assert!(newest <= LAMBDAS_GLIBC, "{function} needs glibc 2.{newest}");
    }
}

/// The number that a text starts with.
fn minor(text: &str) -> u32 {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().unwrap_or(0)
}
