//! Lines as CloudWatch Logs gets them, written by the real functions, and some by their real binaries, under real faults.

use aws_sdk_dynamodb::types::AttributeValue;
use backup_shares::{serve::answer, stop::Held, webhook_policy::WebhookPolicy};
use faults::{Exception, Fate, Fault};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{
    secrecy::logs::Lines,
    stack::template::Variant,
    support::{
        event::{CLIENT, Event, WEBHOOK_SECRET, digest},
        half::HALVES,
        project::{FUNCTIONS, USERS, WEBHOOKS},
        runtime::{fail_to_start, invoke},
        system::System,
    },
};

/// A line, and what brought it about.
#[derive(Clone, Debug)]
pub struct Line {
    pub kind: &'static str,
    /// The function or the API that wrote it.
    pub of: &'static str,
    pub text: String,
}

impl Line {
    /// The logical id of its log group.
    pub fn group(&self) -> String {
        camel(self.of) + "Logs"
    }

    /// What it says, if it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.text).ok()
    }

    /// The same line with another value of a field.
    pub fn with(&self, name: &str, value: impl Into<Value>) -> Self {
        let mut line: Value = serde_json::from_str(&self.text).unwrap();
        line[name] = value.into();
        Self { text: line.to_string(), ..self.clone() }
    }
}

/// `get-backup` as the template names it: `GetBackup`.
pub fn camel(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(word).collect()
}

pub const USUAL: &str = "a usual request";
pub const TWO: &str = "a fetch of two shares";
pub const AGAIN: &str = "a share that is stored already";
pub const FIRST: &str = "the first of two secrets";
pub const SECOND: &str = "the second of two secrets";
pub const WRONG_SECRET: &str = "a wrong webhook secret";
pub const ADDRESS: &str = "an address that is not allowed";
pub const NO_LOGIN: &str = "a user without a client id";
pub const ANOTHERS: &str = "another client's share";
pub const MALFORMED: &str = "a malformed request";
pub const THROTTLED: &str = "a request while AWS throttles";
pub const CLOCK: &str = "a store on a host whose clock is a year off";
pub const EDITED: &str = "a request that meets a row which was edited";
pub const REMOVED: &str = "a request for a share whose row was removed";
pub const ROW: &str = "a stored share will never open";
pub const FROZEN: &str = "a request for a client that an operator has frozen";
pub const LEFT_OUT: &str = "a fetch of more shares than it holds";
pub const PANIC: &str = "a handler that panics";
pub const COLD: &str = "the first request of a process";
pub const NO_START: &str = "a function that does not start";
pub const PASSED: &str = "a request that an API passes on";
pub const FLOOD: &str = "a request beyond an API's rate";

const STORING: [&str; 2] = ["store-backup", "webhook-backup"];
/// So that each finds what the one before has stored.
const IN_ORDER: [&str; 5] = ["store-backup", "webhook-backup", "get-backup", "list-backups", "webhook-fetch"];

/// All of them, recorded once.
pub async fn recorded() -> &'static [Line] {
    static RECORDED: OnceCell<Vec<Line>> = OnceCell::const_new();
    RECORDED.get_or_init(|| Box::pin(record())).await
}

/// The line of that kind.
pub async fn line(kind: &str, of: &str) -> &'static Line {
    let found = recorded().await.iter().find(|line| (line.kind, line.of) == (kind, of));
    found.unwrap_or_else(|| panic!("no line of {of}: {kind}"))
}

/// The kinds, in the order in which they were recorded.
pub async fn kinds() -> Vec<&'static str> {
    let mut kinds: Vec<&str> = Vec::new();
    for line in recorded().await {
        if !kinds.contains(&line.kind) {
            kinds.push(line.kind);
        }
    }
    kinds
}

/// What a line should count as.
pub fn expected(line: &Line) -> Vec<(&'static str, f64)> {
    let is_webhook = line.of.starts_with("webhook");
    let mut counts: Vec<(&str, f64)> = match line.kind {
        ROW | NO_START | PASSED => return vec![],
        FLOOD => return vec![("TooManyRequests", 1.0)],
        COLD => vec![("ColdStarts", 1.0)],
        WRONG_SECRET => vec![("SecretsRefused", 1.0)],
        ADDRESS => vec![("AddressesRefused", 1.0)],
        FIRST => vec![("TwoSecrets", 1.0)],
        SECOND => vec![("SecondSecrets", 1.0), ("TwoSecrets", 1.0)],
        THROTTLED => vec![("Errors", 1.0)],
        PANIC => vec![("Errors", 1.0), ("Panics", 1.0)],
        FROZEN => vec![("HeldBack", 1.0)],
        CLOCK => vec![("Errors", 1.0), ("ClocksOff", 1.0)],
        LEFT_OUT => vec![("SharesLeftOut", 1.0), ("SharesOpened", 128.0)],
        EDITED if line.of == "list-backups" => vec![("RowsThatWillNotOpen", 1.0)],
        EDITED if line.of == "webhook-fetch" => vec![("RowsThatWillNotOpen", 1.0), ("SharesOpened", 1.0)],
        EDITED => vec![("Errors", 1.0), ("RowsThatWillNotOpen", 1.0)],
        TWO => vec![("SharesOpened", 2.0)],
        _ => vec![],
    };
    match (line.kind, line.of) {
        (USUAL | COLD, "store-backup" | "webhook-backup") => counts.push(("SharesStored", 1.0)),
        (USUAL, "get-backup") | (USUAL | COLD | FIRST | SECOND, "webhook-fetch") => {
            counts.push(("SharesOpened", 1.0));
        }
        _ => (),
    }
    if is_webhook && !matches!(line.kind, WRONG_SECRET | ADDRESS | SECOND | PANIC) {
        counts.push(("FirstSecrets", 1.0));
    }
    counts.push(("Requests", 1.0));
    counts
}

/// What is written on this thread, put under kinds.
struct Recorder {
    lines: Lines,
    recorded: Vec<Line>,
}

impl Recorder {
    fn note(&mut self, kind: &'static str, of: &'static str) {
        let written = self.lines.take();
        assert!(!written.is_empty(), "{of} wrote nothing: {kind}");
        self.keep(kind, of, written);
    }

    fn keep(&mut self, kind: &'static str, of: &'static str, written: Vec<Value>) {
        for line in written {
            let kind = if line["message"] == "request" { kind } else { ROW };
            self.recorded.push(Line { kind, of, text: line.to_string() });
        }
    }

    async fn call(&mut self, system: &System, kind: &'static str, of: &'static str, event: Event) {
        system.call(event).await;
        self.note(kind, of);
    }
}

async fn record() -> Vec<Line> {
    let (lines, _guard) = Lines::capture();
    let mut recorder = Recorder { lines, recorded: vec![] };
    let system = System::start().await;
    // This process's own first request.
    system.get("").await;
    recorder.lines.take();
    usual(&mut recorder, &system).await;
    refused(&mut recorder, &system).await;
    two_secrets(&mut recorder, system).await;
    failing(&mut recorder).await;
    edited(&mut recorder).await;
    removed(&mut recorder).await;
    frozen(&mut recorder).await;
    left_out(&mut recorder).await;
    panics(&mut recorder).await;
    binaries(&mut recorder).await;
    of_the_apis(&mut recorder).await;
    recorder.recorded
}

async fn usual(recorder: &mut Recorder, system: &System) {
    for of in IN_ORDER {
        recorder.call(system, USUAL, of, Event::of(of)).await;
    }
    for of in STORING {
        recorder.call(system, AGAIN, of, Event::of(of)).await;
    }
    system.backup(json!({"clientId": CLIENT, "share": "of the other curve"})).await;
    recorder.lines.take();
    recorder.call(system, TWO, "webhook-fetch", Event::of("webhook-fetch")).await;
}

async fn refused(recorder: &mut Recorder, system: &System) {
    for of in WEBHOOKS {
        let wrong = Event::of(of).header("x-webhook-secret", "a guess of enough length");
        recorder.call(system, WRONG_SECRET, of, wrong).await;
        recorder.call(system, ADDRESS, of, Event::of(of).source_ip("192.0.2.7")).await;
        recorder.call(system, MALFORMED, of, Event::of(of).body("{")).await;
    }
    for of in USERS {
        recorder.call(system, NO_LOGIN, of, Event::of(of).authorizer(json!({}))).await;
        recorder.call(system, ANOTHERS, of, Event::of(of).path_of("another")).await;
    }
    recorder.call(system, MALFORMED, "store-backup", Event::of("store-backup").body("{")).await;
}

async fn two_secrets(recorder: &mut Recorder, mut system: System) {
    let new = "the secret that a rotation brings";
    let digests = format!("{},{}", digest(new), digest(WEBHOOK_SECRET));
    let policy = WebhookPolicy::parse(&digests, "127.0.0.1/32").unwrap();
    (system.backup.policy, system.fetch.policy) = (policy.clone(), policy);
    for of in WEBHOOKS {
        let event = if of == "webhook-fetch" {
            Event::of(of).body(json!({"clientId": "one"}))
        } else {
            Event::of(of)
        };
        let share = json!({"clientId": "one", "share": "one"});
        system.call(Event::of("webhook-backup").header("x-webhook-secret", new).body(share)).await;
        recorder.lines.take();
        recorder.call(&system, FIRST, of, event.clone().header("x-webhook-secret", new)).await;
        recorder.call(&system, SECOND, of, event).await;
    }
}

async fn failing(recorder: &mut Recorder) {
    let mut system = System::start().await;
    let refuse = || Fate::Before(Fault::Refuse(Exception::THROTTLES));
    let throttled = system.intercept_both(move |_, _| refuse(), move |_, _| refuse()).await;
    for of in FUNCTIONS {
        recorder.call(&system, THROTTLED, of, Event::of(of)).await;
    }
    drop(throttled);
    let year = |_: usize, _: &_| Fate::Dated(Some(365 * 86_400));
    let _off = system.intercept_both(|_, _| Fate::Pass, year).await;
    for of in STORING {
        recorder.call(&system, CLOCK, of, Event::of(of)).await;
    }
}

/// Each half has a share whose row says another method than it was sealed with, and the list a row that can't be read.
async fn edited(recorder: &mut Recorder) {
    let system = System::start().await;
    for of in STORING {
        system.call(Event::of(of)).await;
        let mut row = system.shares(of).await.remove(0);
        row.insert("method".into(), AttributeValue::S("EDITED".into()));
        system.put(of, row).await;
    }
    recorder.lines.take();
    for of in ["store-backup", "webhook-backup", "get-backup"] {
        recorder.call(&system, EDITED, of, Event::of(of)).await;
    }
    // Of a fetch the edited row is left out, and the others are given.
    system.backup(json!({"clientId": CLIENT, "share": "of the other curve"})).await;
    recorder.lines.take();
    recorder.call(&system, EDITED, "webhook-fetch", Event::of("webhook-fetch")).await;
    let mut row = system.times("store-backup").await.remove(0);
    row.insert("sk".into(), AttributeValue::S("time#0".into()));
    system.put("store-backup", row).await;
    recorder.call(&system, EDITED, "list-backups", Event::of("list-backups")).await;
}

async fn removed(recorder: &mut Recorder) {
    let system = System::start().await;
    system.call(Event::of("store-backup")).await;
    for row in system.rows("store-backup").await {
        system.delete("store-backup", &row).await;
    }
    recorder.lines.take();
    recorder.call(&system, REMOVED, "get-backup", Event::of("get-backup")).await;
}

async fn frozen(recorder: &mut Recorder) {
    let system = System::start().await;
    for half in HALVES {
        system.hold(half, CLIENT, Held::Everything).await;
    }
    for of in ["get-backup", "list-backups", "webhook-fetch"] {
        recorder.call(&system, FROZEN, of, Event::of(of)).await;
    }
}

async fn left_out(recorder: &mut Recorder) {
    let system = System::start().await;
    for number in 0..129 {
        system.backup(json!({"clientId": CLIENT, "share": format!("share {number}")})).await;
    }
    recorder.lines.take();
    system.fetch().await;
    recorder.note(LEFT_OUT, "webhook-fetch");
}

async fn panics(recorder: &mut Recorder) {
    for of in FUNCTIONS {
        let request = lambda_http::request::from_str(&Event::of(of).0.to_string()).unwrap();
        answer(&|_| async { panic!("as a test wants it") }, request).await;
        recorder.note(PANIC, of);
    }
}

async fn binaries(recorder: &mut Recorder) {
    let system = System::start().await;
    recorder.lines.take();
    for of in FUNCTIONS {
        let invoked = invoke(of, &system.environment(of), Event::of(of)).await;
        let written = invoked.written.lines().map(|line| serde_json::from_str(line).unwrap());
        recorder.keep(COLD, of, written.collect());
    }
    for of in FUNCTIONS {
        let mut environment = system.environment(of);
        environment.remove("SHARES_TABLE");
        let (_, written) = fail_to_start(of, &environment).await;
        let line = written.lines().next().unwrap().to_owned();
        recorder.recorded.push(Line { kind: NO_START, of, text: line });
    }
}

/// API Gateway's own lines, in the format that the template gives it.
async fn of_the_apis(recorder: &mut Recorder) {
    for (of, stage) in [("client-api", "ClientApiStage"), ("webhook-api", "WebhookApiStage")] {
        let settings = &Variant::Production.expanded().await.properties(stage)["AccessLogSettings"];
        for (kind, status) in [(PASSED, "200"), (FLOOD, "429")] {
            let line = settings["Format"].as_str().unwrap().replace("$context.status", status);
            recorder.recorded.push(Line { kind, of, text: line });
        }
    }
}
