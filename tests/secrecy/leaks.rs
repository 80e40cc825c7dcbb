//! Shares, secrets and tokens go through every route, through success and every failure of AWS, and come out nowhere but in
//! the answer to whom they belong.

use std::{hint::black_box, panic::AssertUnwindSafe};

use backup_shares::http::parse_body;
use faults::{Exception, Fate, Fault};
use futures_util::{FutureExt, future::join_all};
use lambda_http::request;
use serde_json::{Value, json};

use crate::{
    secrecy::logs::{Lines, SHARE, TOKEN, WRONG_SECRET, every_path, forms},
    support::{
        event::{CLIENT, Event, WEBHOOK_SECRET},
        project::FUNCTIONS,
        refusals::refusing,
        system::{Answer, System},
        watched::Watched,
    },
};

/// Holds that a text has none of the canaries, in no form.
fn assert_clean(text: &str, what: &str) {
    for secret in [SHARE, WRONG_SECRET, WEBHOOK_SECRET, TOKEN] {
        for form in forms(secret) {
            assert!(!text.contains(&form), "{form} is in {what}:\n{text}");
        }
    }
}

/// Everything of both tables, as text and as it would be read by somebody who looks for the canaries.
async fn assert_rows_clean(system: &System, what: &str) {
    for function in ["store-backup", "webhook-backup"] {
        for row in system.shares(function).await {
            let sealed = row["sealed"].as_b().unwrap().as_ref();
            assert_clean(&String::from_utf8_lossy(sealed), what);
            assert_clean(&format!("{row:?}"), what);
        }
        assert_clean(&format!("{:?}", system.times(function).await), what);
    }
}

fn good(function: &str) -> Event {
    let body = match function {
        "store-backup" => json!({"cipherText": SHARE, "backupMethod": "GDRIVE"}),
        _ => json!({"clientId": CLIENT, "share": SHARE}),
    };
    Event::of(function).header("authorization", &format!("Bearer {TOKEN}")).body(body)
}

/// All routes at once, in good order; those that fail tell nothing. Gives how many did.
async fn every_route(system: &System, what: &str) -> usize {
    let calls = FUNCTIONS.map(|function| system.call(good(function).query("")));
    let failed: Vec<Answer> =
        join_all(calls).await.into_iter().filter(|answer| answer.status != 200).collect();
    for answer in &failed {
        assert_clean(&format!("{answer:?}"), what);
    }
    failed.len()
}

/// What AWS does, and its name.
type Failure = (&'static str, fn() -> Fate);

/// Every way in which AWS fails or answers nonsense, some of it with a share inside.
fn failures() -> Vec<Failure> {
    vec![
        ("DynamoDB fails", || Fate::Before(Fault::Refuse(Exception::DYNAMODB_FAILS))),
        ("KMS fails", || Fate::Before(Fault::Refuse(Exception::KMS_FAILS))),
        ("the table throttles", || Fate::Before(Fault::Refuse(Exception::TABLE_THROTTLES))),
        ("throttled", || Fate::Before(Fault::Refuse(Exception::THROTTLES))),
        ("a quota is used up", || Fate::Before(Fault::Refuse(Exception::KMS_LIMITS))),
        ("not allowed", || {
            Fate::Before(Fault::Refuse(Exception { status: 400, code: "AccessDeniedException" }))
        }),
        ("refused as invalid", || {
            Fate::Before(Fault::Refuse(Exception { status: 400, code: "InvalidCiphertextException" }))
        }),
        ("hangs", || Fate::Before(Fault::Hang)),
        ("closed before", || Fate::Before(Fault::Close)),
        ("reset before", || Fate::Before(Fault::Reset)),
        ("closed after", || Fate::After(Fault::Close)),
        ("reset after", || Fate::After(Fault::Reset)),
        ("fails after", || Fate::After(Fault::Refuse(Exception::KMS_FAILS))),
        ("cut in the middle", || Fate::Truncate),
        ("no JSON", || Fate::After(Fault::Answer(format!("{{\"Plaintext\":\"{SHARE}")))),
        ("another type", || {
            Fate::After(Fault::Answer(json!({"Plaintext": [SHARE], "Items": SHARE}).to_string()))
        }),
        ("rows of a stranger", || Fate::After(Fault::Answer(strange_rows().to_string()))),
        ("a key of a stranger", || Fate::After(Fault::Answer(strange_key().to_string()))),
    ]
}

/// Rows whose every value is a share, but their keys: those are no secret, and are logged.
fn strange_rows() -> Value {
    let row = |key: &str| json!({"pk": {"S": CLIENT}, "sk": {"S": key}, "sealed": {"S": SHARE}, "at": {"S": SHARE}, "key_id": {"S": SHARE}, "method": {"S": SHARE}, "pair": {"S": SHARE}});
    json!({"Count": 2, "Items": [row("time#0"), row("share#0")]})
}

fn strange_key() -> Value {
    json!({"KeyId": "arn:aws:kms:us-east-1:000000000000:key/1", "Plaintext": "Y2FuYXJ5LXNoYXJl", "CiphertextBlob": "Y2FuYXJ5"})
}

#[tokio::test]
async fn no_line_answer_or_row_holds_a_share_a_secret_or_a_token() {
    let (system, kms, _proxies) = refusing().await;
    let (lines, _guard) = Lines::capture();
    assert_eq!(every_route(&system, "an answer").await, 1, "the app asks before anything is stored");
    every_path(&system, &kms).await;
    assert!(!lines.text().is_empty());
    assert_clean(&lines.text(), "the log");
    assert_rows_clean(&system, "a row").await;
}

#[tokio::test]
async fn however_aws_fails_no_line_answer_or_row_holds_a_share_a_secret_or_a_token() {
    for (what, fate) in failures() {
        let watched = Watched::start().await;
        let (lines, _guard) = Lines::capture();
        every_route(&watched.system, what).await;
        watched.break_by(fate);
        assert!(every_route(&watched.system, what).await > 0, "{what}: nothing fails");
        assert!(lines.text().lines().count() >= 8, "{what}");
        assert_clean(&lines.text(), what);
        assert_rows_clean(&watched.system, what).await;
    }
}

/// A panic's message is what the code says that panics, and it says no value: this is what one says at most.
#[tokio::test]
async fn a_panic_over_a_share_tells_nothing_of_it() {
    let (lines, _guard) = Lines::capture();
    let request = || request::from_str(&good("store-backup").0.to_string()).unwrap();
    let handle = |request| async move {
        let body: Value = parse_body(&request)?;
        panic!("{}", body.as_str().map_or("it is no string", |_| "it is a string"))
    };
    let response = backup_shares::serve::answer(&handle, request()).await;
    assert_clean(&format!("{response:?}{}", lines.text()), "an answer after a panic");
    let share = backup_shares::share::Share::parse(backup_shares::secret::Secret::new(SHARE.into())).unwrap();
    let unwrapped = async { black_box(Err::<(), _>(share)).unwrap() };
    let panicked = AssertUnwindSafe(unwrapped).catch_unwind().await.unwrap_err();
    assert_clean(panicked.downcast_ref::<String>().unwrap(), "a panic's message");
}
