//! `custodian drill`: the real binary, against the whole system in this process.

mod bad_input;
mod planted;
pub mod program;
mod tls;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use faults::{Fate, Fault, Proxy};
use local::run::Running;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use self::program::{Drill, Said};
use crate::{
    local::whole_system::start,
    support::{
        client::{Reply, send},
        doctored::{Asked, Doctored, reply},
        event::WEBHOOK_SECRET,
    },
};

const SECRETS: [&str; 3] = [WEBHOOK_SECRET, "Bearer", "eyJ"];

/// Nothing that proves who calls, and no share, is in what a drill says.
fn tells_nothing(said: &Said, running: &Running) {
    let token = running.token("drill").unwrap();
    for secret in SECRETS.into_iter().chain([&*token]) {
        assert!(!said.all().contains(secret), "{}", said.all());
    }
    let longest = said.all().split(|letter: char| !letter.is_ascii_alphanumeric()).map(str::len).max();
    assert!(longest < Some(65), "a share, perhaps: {}", said.all());
}

#[tokio::test]
async fn a_stack_that_keeps_its_promises_is_drilled_whole_and_again() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let drill = Drill::at(&running, "drill");
    for _ in 0..2 {
        let said = drill.ends().await;
        assert_eq!(said.code, Some(0), "{}", said.all());
        assert!(said.out.contains("Drilled whole."), "{}", said.out);
        tells_nothing(&said, &running);
    }
    let said = drill.json().ends().await;
    let lines = said.lines();
    let verdict = lines.last().unwrap();
    assert_eq!((&verdict["verdict"], &verdict["exit"]), (&json!("whole"), &json!(0)), "{}", said.out);
    let requests: Vec<_> = lines.iter().filter(|line| line["request"].is_string()).collect();
    assert_eq!(verdict["requests"], requests.len());
    assert!(requests.iter().all(|line| line["ms"].is_u64() && line["slow"] == json!(false)));
    running.stop().await.unwrap();
}

/// Three refused secrets in a quarter of an hour are an alarm.
#[tokio::test]
async fn a_drill_shows_two_refused_secrets_and_stores_under_its_own_client_alone() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    assert_eq!(Drill::at(&running, "drill-2").ends().await.code, Some(0));
    let opened = running.kms().calls().iter().filter(|call| call.operation == "Decrypt").count();
    assert!((65..=68).contains(&opened), "docs/operating.md says how many shares a drill opens: {opened}");
    let lines = stopped(running).await;
    assert_eq!(lines.iter().filter(|line| line["status"] == 401).count(), 2);
    let stored = lines.iter().filter(|line| line["repeated"].is_boolean());
    let clients: Vec<_> = stored.map(|line| line["client"].as_str().unwrap()).collect();
    assert_eq!(clients, ["drill-2"; 9]);
}

/// Stops the system, and gives the functions' lines.
async fn stopped(running: Running) -> Vec<Value> {
    let logs = running.logs();
    running.stop().await.unwrap();
    let files = fs::read_dir(logs).unwrap().map(|file| file.unwrap().path());
    let texts = files.map(|file| fs::read_to_string(file).unwrap()).collect::<String>();
    let lines = texts.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["message"] == "request").collect()
}

#[tokio::test]
async fn a_webhook_that_refuses_this_address_is_half_drilled() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let refuses = move |asked: &Asked, _: Option<&mut _>| {
        count.fetch_add(usize::from(asked.path.starts_with("/webhook")), Ordering::Relaxed);
        let refusal = json!({"message": "Not allowed.", "code": "forbidden"});
        asked.path.starts_with("/webhook").then(|| reply(403, refusal))
    };
    let doctored = Doctored::start(&running.url, refuses).await;
    let said = Drill::at(&running, "drill").moved_to(&doctored.url).ends().await;
    assert_eq!(said.code, Some(3), "{}", said.all());
    assert!(said.out.contains("Half drilled."), "{}", said.out);
    assert!(said.out.contains("WebhookAllowedIps"), "{}", said.out);
    assert_eq!(seen.load(Ordering::Relaxed), 2, "three refused addresses are an alarm");
    tells_nothing(&said, &running);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_drill_that_was_killed_anywhere_is_in_nobodys_way() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let drill = Drill::at(&running, "drill");
    for number in [0, 5, 10, 20, 33] {
        killed(&drill, &running, number).await;
    }
    let said = drill.ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_freeze_is_played_and_lifted_whatever_was_seen_and_also_after_a_drill_that_was_killed_in_it() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let drill = Drill::at(&running, "drill").with("--freeze");
    let said = drill.ends().await;
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "without the tables' names: {}", said.all());
    let drill = drill.by_an_operator(&running);
    let said = drill.ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(said.out.matches("refused with 423").count(), 3, "{}", said.out);
    tells_nothing(&said, &running);

    // One who is given what is frozen.
    let gives = |asked: &Asked, answer: Option<&mut Reply>| {
        if let Some(answer) = answer.filter(|answer| asked.method == "GET" && answer.status == 423) {
            *answer = reply(200, json!({"backups": []}));
        }
        None
    };
    let doctored = Doctored::start(&running.url, gives).await;
    let said = drill.clone().moved_to(&doctored.url).ends().await;
    assert_eq!(said.code, Some(1), "{}", said.all());
    assert!(said.err.contains("423 frozen is right"), "{}", said.err);
    assert_eq!(Drill::at(&running, "drill").ends().await.code, Some(0), "it was thawed");

    // One that is killed in the middle: its first request of a frozen client, the sixth from the end, stays unanswered.
    let counted = Proxy::start(&running.url, |_, _| Fate::Pass).await.unwrap();
    assert_eq!(drill.clone().moved_to(&counted.url).ends().await.code, Some(0));
    killed(&drill, &running, counted.seen().len() - 6).await;
    let said = Drill::at(&running, "drill").ends().await;
    assert!(said.code == Some(1) && said.out.contains("A frozen client asks"), "{}", said.all());
    assert_eq!(drill.ends().await.code, Some(0));
    running.stop().await.unwrap();
}

/// Runs a drill until that request of it, from 0, is not answered, and kills it.
async fn killed(drill: &Drill, running: &Running, number: usize) {
    let waits = Arc::new(Notify::new());
    let tell = Arc::clone(&waits);
    let unanswered = move |request: usize, _: &_| {
        if request < number {
            return Fate::Pass;
        }
        tell.notify_one();
        Fate::After(Fault::Hang)
    };
    let silent = Proxy::start(&running.url, unanswered).await.unwrap();
    drill.clone().moved_to(&silent.url).is_killed_while_it(&waits).await;
}

#[tokio::test]
async fn the_drill_asks_portal_whether_it_calls_a_webhook_at_all() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    for (answer, code, says) in [
        (
            reply(200, json!({"id": "c1", "environment": {"backupWithPortalEnabled": false}})),
            0,
            "Drilled whole.",
        ),
        (
            reply(200, json!({"id": "c1", "environment": {"backupWithPortalEnabled": true}})),
            1,
            "calls no webhook",
        ),
        (reply(200, json!({"id": "c1", "environment": {}})), 4, "backupWithPortalEnabled"),
        (reply(401, json!({"error": "no"})), 4, "Portal answers 401 to PORTAL_CLIENT_TOKEN"),
    ] {
        let portal = Doctored::start("", move |asked: &Asked, _: Option<&mut _>| {
            let bears = asked.headers.iter().any(|line| line == "authorization: Bearer portals-token");
            let here = (asked.method == "GET" && asked.path == "/api/v3/clients/me" && bears)
                .then(|| reply(answer.status, answer.body.clone()));
            Some(here.unwrap_or_else(|| reply(500, json!({}))))
        })
        .await;
        let said = Drill::at(&running, "drill").asking(&portal.url, "portals-token").ends().await;
        assert_eq!(said.code, Some(code), "{}", said.all());
        assert!(said.all().contains(says) && !said.all().contains("portals-token"), "{}", said.all());
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn alarms_are_rung_by_refusals_that_store_nothing() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let said = Drill::at(&running, "drill").with("--alarm").ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    let (url, secret) =
        (format!("{}/webhook/backup/fetch", running.url), format!("x-webhook-secret: {WEBHOOK_SECRET}"));
    let fetched = send("POST", &url, &[&secret], r#"{"clientId":"drill"}"#).await;
    assert_eq!(fetched.body, json!({"backupShares": []}));
    let lines = stopped(running).await;
    assert_eq!(lines.iter().filter(|line| line["status"] == 401).count(), 1 + 10);
    assert!(lines.iter().all(|line| line["repeated"].is_null()), "nothing is stored");
}
