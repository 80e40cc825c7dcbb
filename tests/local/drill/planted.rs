//! APIs that break a promise. A drill has to notice each.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::Drill;
use crate::{
    local::whole_system::start,
    support::{
        client::Reply,
        doctored::{Asked, Doctored, reply},
    },
};

/// A bug of an API's, and what the drill says of it.
struct Bug {
    name: &'static str,
    /// An answer instead of the API's.
    instead: fn(&Asked) -> Option<Reply>,
    /// What becomes of the API's answer.
    after: fn(&Asked, &mut Reply),
    found: &'static str,
}

const fn instead(name: &'static str, instead: fn(&Asked) -> Option<Reply>, found: &'static str) -> Bug {
    Bug { name, instead, after: |_, _| (), found }
}

const fn after(name: &'static str, after: fn(&Asked, &mut Reply), found: &'static str) -> Bug {
    Bug { name, instead: |_| None, after, found }
}

const BUGS: &[Bug] = &[
    after(
        "a fetch drops older shares",
        |asked, reply| kept(asked, reply, |shares| shares.truncate(2)),
        "Portal needs ",
    ),
    after(
        "a fetch doesn't see what was just stored",
        |asked, reply| kept(asked, reply, |shares| drop(shares.drain(..shares.len().min(2)))),
        "was acknowledged and doesn't come back",
    ),
    after(
        "a fetch changes a share",
        |asked, reply| {
            kept(asked, reply, |shares| shares.iter_mut().for_each(|share| *share = changed(share)));
        },
        "was acknowledged and doesn't come back",
    ),
    after(
        "an old field is gone",
        |asked, reply| {
            if is_fetch(asked) && reply.status == 200 {
                reply.body.as_object_mut().unwrap().remove("backupShare");
            }
        },
        "`backupShare` isn't the first",
    ),
    instead(
        "Portal's store acknowledges and keeps nothing",
        |asked| {
            (asked.path == "/webhook/backup" && proven(asked))
                .then(|| reply(200, json!({"message": "Stored."})))
        },
        "was acknowledged and doesn't come back",
    ),
    after(
        "the app's store overwrites",
        |asked, reply| {
            if asked.path.ends_with("/backups") && reply.status == 200 {
                reply.body["backups"].as_array_mut().unwrap().truncate(1);
            }
        },
        "no share of the list opens the wallet",
    ),
    instead(
        "the app's store acknowledges and keeps nothing",
        |asked| (is_app_store(asked) && proven(asked)).then(|| reply(200, json!({"message": "Stored."}))),
        "GET /portal/clients/CLIENT/backup is answered 404 Not Found (not_found)",
    ),
    after(
        "an id gives the newest share",
        |asked, reply| {
            if asked.path.contains("backupId=") {
                reply.body = json!({"cipherText": "00", "backupShare": "00"});
            }
        },
        "no share of the list opens the wallet",
    ),
    after(
        "the app gets another share",
        |asked, reply| {
            if asked.method == "GET" && asked.path.ends_with("/backup") && reply.status == 200 {
                reply.body = json!({"cipherText": "00", "backupShare": "00"});
            }
        },
        "needs",
    ),
    instead(
        "the app's store fails",
        |asked| {
            (is_app_store(asked) && proven(asked))
                .then(|| reply(503, json!({"message": "m", "code": "unavailable"})))
        },
        "is answered 503 Service Unavailable (unavailable)",
    ),
    after(
        "no answer is JSON for Portal's store",
        |asked, reply| {
            if asked.path == "/webhook/backup" && reply.status == 200 {
                reply.body = json!("stored");
            }
        },
        "the answer is no JSON object",
    ),
    after(
        "the list asks for no token",
        |asked, reply| lets_in(asked, reply, 401, "/backups"),
        "no token: GET",
    ),
    after(
        "a store asks for no token",
        |asked, reply| {
            if is_app_store(asked) {
                lets_in(asked, reply, 401, "/backup");
            }
        },
        "no token: POST",
    ),
    after(
        "a function lets another's login in",
        |asked, reply| lets_in(asked, reply, 403, "-of-another/backup"),
        "another client's: GET /portal/clients/CLIENT-of-another/backup is answered 200",
    ),
    after(
        "a store takes any secret",
        |asked, reply| lets_in(asked, reply, 401, "/webhook/backup"),
        "a wrong secret: POST",
    ),
    after(
        "a fetch asks for no secret",
        |asked, reply| lets_in(asked, reply, 401, "/webhook/backup/fetch"),
        "no secret: POST",
    ),
    after(
        "the app's garbage is taken",
        |asked, reply| lets_in(asked, reply, 400, "/backup"),
        "garbage: POST /portal",
    ),
    after(
        "Portal's garbage is taken",
        |asked, reply| lets_in(asked, reply, 400, "/webhook/backup"),
        "garbage: POST /webhook/backup",
    ),
];

fn is_fetch(asked: &Asked) -> bool {
    asked.path.ends_with("/backup/fetch")
}

fn is_app_store(asked: &Asked) -> bool {
    asked.method == "POST" && asked.path.starts_with("/portal/")
}

fn proven(asked: &Asked) -> bool {
    asked
        .headers
        .iter()
        .any(|line| line.starts_with("authorization:") || line.starts_with("x-webhook-secret:"))
}

/// A fetch that keeps what it likes of the shares.
fn kept(asked: &Asked, reply: &mut Reply, keep: fn(&mut Vec<Value>)) {
    if !is_fetch(asked) || reply.status != 200 {
        return;
    }
    let shares = reply.body["backupShares"].as_array_mut().unwrap();
    keep(shares);
    let first = shares.first().cloned();
    let body = reply.body.as_object_mut().unwrap();
    match first {
        Some(first) => body.insert("backupShare".into(), first),
        None => body.remove("backupShare"),
    };
}

fn changed(share: &Value) -> Value {
    json!(share.as_str().unwrap().replacen("\"share\":\"1", "\"share\":\"2", 1) + " ")
}

/// A path on which that refusal is none.
fn lets_in(asked: &Asked, reply: &mut Reply, status: u16, path: &str) {
    if asked.path.ends_with(path) && reply.status == status {
        let empty = json!({"message": "Stored.", "backups": [], "backupShares": [], "cipherText": "0", "backupShare": "0"});
        (reply.status, reply.body) = (200, empty);
    }
}

#[tokio::test]
async fn a_broken_promise_is_noticed() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let drills = BUGS.iter().enumerate().map(async |(number, bug)| {
        let client = format!("drill-{number}");
        let hands = |asked: &Asked, answer: Option<&mut Reply>| match answer {
            None => (bug.instead)(asked),
            Some(answer) => {
                (bug.after)(asked, answer);
                None
            }
        };
        let doctored = Doctored::start(&running.url, hands).await;
        let said = Drill::at(&running, &client).moved_to(&doctored.url).ends().await;
        let found = bug.found.replace("CLIENT", &client);
        assert_eq!(said.code, Some(1), "{}: {}", bug.name, said.all());
        assert!(said.err.contains("FAILED:") && said.err.contains(&found), "{}: {}", bug.name, said.all());
        assert!(said.out.contains("It means:"), "{}: {}", bug.name, said.all());
        let look = said.out.split_once("Look at:").map(|(_, look)| look);
        assert!(look.is_some_and(|look| look.contains("docs/runbook.md")), "{}: {}", bug.name, said.all());
    });
    join_all(drills).await;
    running.stop().await.unwrap();
}
