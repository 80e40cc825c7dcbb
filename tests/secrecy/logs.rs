//! One JSON line a request, and nothing secret in any line.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, Once},
};

use backup_shares::{envelope::DataKey, log::subscriber, secret::Secret, share::Share};
use base64::{
    engine::GeneralPurpose,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine},
};
use serde_json::{Value, json};
use tracing::{level_filters::LevelFilter, subscriber::DefaultGuard};
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, layer::SubscriberExt, registry};

use crate::support::{
    event::{CLIENT, Event, WEBHOOK_SECRET},
    project::FUNCTIONS,
    refusals::{Refusals, refusing},
    system::System,
};

/// Its last characters look different in the two alphabets of base64.
pub const SHARE: &str = "canary-share-41f6a8c2-~~~???>>>";
pub const WRONG_SECRET: &str = "canary-secret-of-a-stranger";
pub const TOKEN: &str = "canary-token-7be1";

/// What is logged on this thread as long as the value lives.
#[derive(Clone)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub fn capture() -> (Self, DefaultGuard) {
        want_every_line();
        let lines = Self(Arc::default());
        let guard = tracing::subscriber::set_default(subscriber(lines.clone()));
        (lines, guard)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub fn take(&self) -> Vec<Value> {
        let text = self.text();
        self.0.lock().unwrap().clear();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        // The emulator runs on the same thread and has its own to say.
        lines.filter(|line| line["target"] != "dynoxide::server").collect()
    }
}

/// `tracing` remembers for good that nobody wants a line which is first used while a capture on another thread starts.
/// So somebody always wants ours.
fn want_every_line() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ours = Targets::new().with_target("backup_shares", LevelFilter::TRACE);
        tracing::subscriber::set_global_default(registry().with(ours)).unwrap();
    });
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_request_is_one_json_line_that_says_what_happened() {
    let system = System::start().await;
    let (lines, _guard) = Lines::capture();
    let pair = "cc1qakmh7rfwox7dyl0t2yi1m";
    let sent =
        json!({"clientId": CLIENT, "share": SHARE, "backupMethod": "GDRIVE", "backupSharePairId": pair});
    system.backup(sent).await;
    let written = lines.take();
    let [line] = &written[..] else { panic!("{written:?}") };
    let expected = json!({
        "level": "INFO", "message": "request", "route": "POST /webhook/backup", "status": 200, "code": "ok",
        "client": CLIENT, "method": "GDRIVE", "webhook_secret": 1, "webhook_secrets": 1, "opened": 0, "stored": 1, "aws_calls": 3, "trace_id": "trace-1",
        "tampered": 0, "left_out": false, "repeated": false, "source_ip": "127.0.0.1",
        "api_request_id": "JKJaXmPLvHcESHA=", "pair": "cc1qakmh7rfwox7dyl0t2yi1m",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(line[name], *value, "{name} of {line}");
    }
    assert!(line["ms"].is_u64() && line["cold"].is_boolean() && line["request_id"].is_string(), "{line}");
}

#[tokio::test]
async fn a_refusal_is_one_line_with_its_code_and_reason() {
    let (system, kms, _proxies) = refusing().await;
    let (lines, _guard) = Lines::capture();
    system.backup(json!({"clientId": CLIENT, "share": 7})).await;
    let written = lines.take();
    let [line] = &written[..] else { panic!("{written:?}") };
    assert_eq!((&line["status"], &line["code"]), (&json!(400), &json!("bad_request")));
    assert!(line["reason"].as_str().unwrap().contains("column"), "{line}");
    let inside = json!({"backupSharePairId": "two"}).to_string();
    system.backup(json!({"clientId": CLIENT, "share": inside, "backupSharePairId": "one"})).await;
    assert_eq!(lines.take()[0]["client"], CLIENT, "a refused store says whose it is");
    system.call(Event::of("webhook-backup").source_ip("192.0.2.7")).await;
    assert_eq!(lines.take()[0]["source_ip"], "192.0.2.7");
    kms.expect("GenerateDataKey", "AccessDeniedException", 1);
    system.backup(json!({"clientId": CLIENT, "share": SHARE})).await;
    let written = lines.take();
    let [line] = &written[..] else { panic!("{written:?}") };
    assert_eq!((&line["level"], &line["code"]), (&json!("ERROR"), &json!("unavailable")));
    let reason = line["reason"].as_str().unwrap();
    assert!(reason.starts_with("GenerateDataKey failed: AccessDeniedException (AWS request id "), "{reason}");
}

#[tokio::test]
async fn a_tampered_share_is_told_of_and_counted() {
    let system = System::start().await;
    system.backup(json!({"clientId": CLIENT, "share": "good"})).await;
    let mut row = system.times("webhook-backup").await.remove(0);
    row.insert("sk".into(), aws_sdk_dynamodb::types::AttributeValue::S("time#0".into()));
    system.put("webhook-backup", row).await;
    let (lines, _guard) = Lines::capture();
    assert_eq!(system.fetch().await.status, 200);
    let written = lines.take();
    let [warning, line] = &written[..] else { panic!("{written:?}") };
    assert_eq!(warning["level"], "ERROR");
    assert_eq!((&line["level"], &line["tampered"]), (&json!("WARN"), &json!(1)));
}

#[tokio::test]
async fn a_tampered_share_of_a_user_is_told_of_and_counted() {
    let system = System::start().await;
    system.store(json!({ "cipherText": "good" })).await;
    let mut row = system.shares("store-backup").await.remove(0);
    row.insert("at".into(), aws_sdk_dynamodb::types::AttributeValue::N("1".into()));
    system.put("store-backup", row).await;
    let (lines, _guard) = Lines::capture();
    assert_eq!(system.get("").await.status, 500);
    let written = lines.take();
    let [telling, line] = &written[..] else { panic!("{written:?}") };
    assert_eq!((&telling["level"], &telling["client"]), (&json!("ERROR"), &json!(CLIENT)));
    assert!(telling["row"].as_str().unwrap().starts_with("time#0"), "{telling}");
    assert_eq!(telling["request_id"], line["request_id"]);
    assert_eq!((&line["level"], &line["tampered"]), (&json!("ERROR"), &json!(1)));
}

#[tokio::test]
async fn an_answer_that_has_no_room_for_every_share_is_said_to_have_none() {
    let system = System::start().await;
    for number in 0..130 {
        system.backup(json!({"clientId": CLIENT, "share": format!("share {number}")})).await;
    }
    let (lines, _guard) = Lines::capture();
    system.fetch().await;
    let line = lines.take().remove(0);
    assert_eq!((&line["level"], &line["left_out"]), (&json!("WARN"), &json!(true)));
}

#[tokio::test]
async fn every_share_that_is_opened_is_counted() {
    let system = System::start().await;
    system.store(json!({ "cipherText": SHARE })).await;
    for share in ["one", "two", "three"] {
        system.backup(json!({"clientId": CLIENT, "share": share})).await;
    }
    let (lines, _guard) = Lines::capture();
    system.get("").await;
    system.fetch().await;
    system.list("").await;
    let opened: Vec<_> = lines.take().into_iter().map(|line| line["opened"].clone()).collect();
    assert_eq!(opened, [1, 3, 0]);
}

#[tokio::test]
async fn a_repeated_store_is_said_to_be_one() {
    let system = System::start().await;
    let (lines, _guard) = Lines::capture();
    for repeated in [false, true] {
        system.store(json!({ "cipherText": SHARE })).await;
        let written = lines.take();
        assert_eq!(written[0]["repeated"], repeated, "{written:?}");
        assert_eq!(written[0]["stored"], u32::from(!repeated), "{written:?}");
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_and_logged_like_any_failure() {
    let (lines, _guard) = Lines::capture();
    let request = lambda_http::request::from_str(&Event::of("get-backup").0.to_string()).unwrap();
    let response = backup_shares::serve::answer(&|_| async { panic!("as a test wants it") }, request).await;
    assert_eq!(response.status(), 500);
    assert_eq!(lines.take()[0]["code"], "internal");
}

#[tokio::test]
async fn what_a_caller_controls_is_bounded_and_escaped() {
    let (sent, written) = ("a b-1\"}\\ \u{2028}\u{202e}é", r#"a b-1"}\ \u{2028}\u{202e}\u{e9}"#);
    assert_eq!(trace_of(sent).await, written);
    let long = "x".repeat(1000);
    assert_eq!(trace_of(&long).await, long[..128]);
}

async fn trace_of(sent: &str) -> String {
    let line = stranger("webhook-fetch", sent).await;
    serde_json::from_str::<Value>(&line).unwrap()["trace_id"].as_str().unwrap().to_owned()
}

/// The line of a call by somebody who knows nothing, with this trace id.
async fn stranger(function: &str, trace: &str) -> String {
    let system = System::start().await;
    let (lines, _guard) = Lines::capture();
    let event = Event::of(function).header("x-portal-trace-id", trace).header("x-webhook-secret", trace);
    let event = if function.starts_with("webhook") { event } else { event.authorizer(json!({})) };
    assert_eq!(system.call(event.body(trace)).await.status, 401);
    lines.text()
}

#[tokio::test]
async fn a_rows_key_is_bounded_and_escaped() {
    let system = System::start().await;
    system.backup(json!({"clientId": CLIENT, "share": "good"})).await;
    let mut row = system.times("webhook-backup").await.remove(0);
    let key = format!("time#\n\u{1}\u{202e}{}", "x".repeat(900));
    row.insert("sk".into(), aws_sdk_dynamodb::types::AttributeValue::S(key));
    system.put("webhook-backup", row).await;
    let (lines, _guard) = Lines::capture();
    system.fetch().await;
    let row = lines.take().remove(0)["row"].as_str().unwrap().to_owned();
    assert!(row.starts_with(r"time#\u{a}\u{1}\u{202e}xxx") && row.len() == 128, "{row}");
}

/// Whatever they send: who knows no secret must not make us pay for what they write.
#[tokio::test]
async fn a_strangers_line_is_under_one_kilobyte_and_plain_ascii() {
    for text in ["x", "\"", "\\", "\u{2028}", "\u{202e}", "🦀"] {
        for function in FUNCTIONS {
            let written = stranger(function, &text.repeat(8000)).await;
            assert_eq!(written.lines().count(), 1, "{written}");
            assert!(
                written.len() <= 1024 && written.is_ascii(),
                "{} of {function}: {written}",
                written.len()
            );
        }
    }
}

#[tokio::test]
async fn no_line_holds_a_share_a_secret_a_token_or_a_body() {
    let (system, kms, _proxies) = refusing().await;
    let (lines, _guard) = Lines::capture();
    every_path(&system, &kms).await;
    let text = lines.text();
    assert!(!text.is_empty());
    for secret in [SHARE, WRONG_SECRET, WEBHOOK_SECRET, TOKEN] {
        forms(secret).for_each(|form| assert!(!text.contains(&form), "{form}:\n{text}"));
    }
}

/// A secret in the ways in which one may be written: plain, in hex, URL-encoded, as a list of bytes, and in base64.
pub fn forms(secret: &str) -> impl Iterator<Item = String> {
    let bytes = secret.as_bytes();
    // Base64 looks different at each of three offsets; its ends depend on what stands beside.
    let base64 = |engine: GeneralPurpose| {
        (0..3).map(move |skipped| {
            let whole = engine.encode(&bytes[skipped..]);
            whole[4..whole.len() - 4].to_owned()
        })
    };
    let listed = format!("{bytes:?}");
    let texts = [
        secret.to_owned(),
        hex::encode(secret),
        hex::encode_upper(secret),
        percent(secret, u8::is_ascii_alphanumeric),
        percent(secret, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte)),
        percent(secret, |_| false),
        listed.trim_matches(['[', ']']).to_owned(),
    ];
    texts.into_iter().chain(base64(BASE64_STANDARD)).chain(base64(BASE64_URL_SAFE))
}

/// A text with each byte percent-encoded that is not plain.
pub fn percent(text: &str, is_plain: impl Fn(&u8) -> bool) -> String {
    let one = |byte: u8| if is_plain(&byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

/// Goes through what succeeds and what fails, with a canary wherever a caller can put one.
pub async fn every_path(system: &System, kms: &Refusals) {
    let token = format!("Bearer {TOKEN}");
    let custodian = json!({"clientId": CLIENT, "share": SHARE});
    let ours = || Event::of("store-backup").header("authorization", &token);
    system.backup(custodian.clone()).await;
    system.fetch().await;
    system.call(ours().body(json!({ "cipherText": SHARE }))).await;
    system.get("").await;
    system.list("").await;
    system.list(&format!("before=canary-share%20{TOKEN}")).await;
    for name in ["backupId", "backupMethod"] {
        system.get(&format!("{name}=canary-share%20{TOKEN}")).await;
    }
    system.call(ours().body(json!({"cipherText": [SHARE]}))).await;
    system.call(ours().body(json!({"cipherText": SHARE, "backupMethod": {SHARE: SHARE}}))).await;
    system.call(ours().body(format!("{{\"cipherText\":\"{SHARE}"))).await;
    // Where JSON of another type is wanted, a parser's own message would quote the string that stands there.
    for body in [json!(SHARE), json!({ "data": SHARE })] {
        system.call(ours().body(&body)).await;
        system.backup(body.clone()).await;
        system.call(Event::of("webhook-fetch").body(body)).await;
    }
    system.call(ours().token_of(&format!("{TOKEN} "))).await;
    system.call(ours().path_of(TOKEN)).await;
    system.backup(json!({"clientId": SHARE.repeat(9), "share": SHARE})).await;
    system.backup(json!({"clientId": CLIENT, "share": {"share": SHARE}})).await;
    system.call(Event::of("webhook-fetch").header("x-webhook-secret", WRONG_SECRET)).await;
    for operation in ["GenerateDataKey", "Decrypt"] {
        for code in ["ThrottlingException", "InvalidCiphertextException", "AccessDeniedException"] {
            kms.expect(operation, code, 3);
        }
    }
    for _ in 0..6 {
        system.backup(custodian.clone()).await;
        system.fetch().await;
        system.get("").await;
    }
}

#[test]
fn every_type_that_holds_a_secret_prints_without_it() {
    let key: DataKey = Secret::new([0x5a; 32]);
    let text = || Secret::new(String::from(SHARE));
    let share = Share::parse(text()).unwrap();
    let printed =
        format!("{key:?} {key:#?} {:?} {share:?} {:#?} {:?}", text(), Some(&share), Secret::new(vec![0x5a]));
    assert!(!printed.contains("90") && !printed.contains("5a") && !printed.contains("canary"), "{printed}");
    assert_eq!(printed.matches("redacted").count(), 6, "{printed}");
}

#[test]
fn libraries_are_held_at_warn_and_ours_at_info() {
    let (lines, _guard) = Lines::capture();
    tracing::trace!(target: "lambda_runtime::layers", "a whole event");
    tracing::debug!(target: "aws_smithy_runtime", "a whole answer");
    tracing::info!(target: "hyper", "a header");
    assert_eq!(lines.text(), "");
    tracing::warn!(target: "hyper", "worth knowing");
    assert_eq!(lines.take().len(), 1);
    tracing::debug!(target: "backup_shares::serve", "ours");
    tracing::info!(target: "backup_shares::serve", "ours");
    assert_eq!(lines.take().len(), 1);
}
