//! `custodian show`, `freeze`, `thaw`, `withdraw` and `reinstate`.

use faults::{Exception, Fate, Fault, Proxy};
use serde_json::{Value, json};

use super::Custodian;
use crate::support::{
    event::CLIENT,
    half::{CLIENTS, CUSTODIANS, HALVES, digest},
    many::share,
    system::System,
};

const WHY: [&str; 3] = ["--why", "ticket 7", "--yes"];

async fn filled() -> (System, Custodian) {
    let system = System::start().await;
    for half in HALVES {
        half.fill(&system, 0..3, 600).await;
    }
    let custodian = Custodian::at(&system);
    (system, custodian)
}

fn words<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [words, more].concat()
}

async fn shown(custodian: &Custodian) -> (Option<i32>, Value) {
    let said = custodian.with(["show", CLIENT, "--json"]).ends().await;
    (said.code, said.lines().remove(0))
}

#[tokio::test]
async fn a_client_is_shown_with_what_a_recovery_gets_and_no_share() {
    let (system, custodian) = filled().await;
    let said = custodian.with(["show", CLIENT]).ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    let id = digest(&system.times("store-backup").await[2]).to_owned();
    for text in
        [&*id, "GDRIVE", "600 bytes under key", "3 shares to Portal's fetch", "Both halves are there."]
    {
        assert!(said.out.contains(text), "{text}: {}", said.out);
    }
    assert!(!said.all().contains("xxxx") && system.kms_calls("Decrypt").is_empty());
    let (code, shown) = shown(&custodian).await;
    assert_eq!((code, &shown["missing"]), (Some(0), &json!([])));
    assert_eq!(shown["halves"][0]["shares"][0]["id"], id);
}

#[tokio::test]
async fn what_is_missing_for_a_recovery_is_named() {
    let system = System::start().await;
    CLIENTS.fill(&system, 0..1, 600).await;
    let (code, shown) = shown(&Custodian::at(&system)).await;
    assert_eq!((code, &shown["missing"]), (Some(1), &json!(["the custodian half has no share to give"])));
    let another =
        Custodian::at(&system).setting("CLIENT_KEYS", "arn:aws:kms:us-east-1:000000000000:key/another");
    let said = another.with(["show", CLIENT]).ends().await;
    assert!(said.out.contains("which is not listed") && said.out.contains("nothing"), "{}", said.all());
}

#[tokio::test]
async fn a_frozen_client_is_given_nothing_until_it_is_thawed() {
    let (system, custodian) = filled().await;
    let freeze = words(&["freeze", CLIENT], &WHY);
    let said = custodian.with(&freeze).ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.out.contains("a backup may be under way"), "{}", said.out);
    for half in HALVES {
        assert_eq!(half.read(&system).await.status, 423);
    }
    assert_eq!(shown(&custodian).await.0, Some(1));
    // Again: it is frozen already, and nothing more is written.
    let rows = system.rows("store-backup").await.len();
    let again = custodian.with(&freeze).ends().await;
    assert_eq!(
        (again.code, again.err.contains("frozen already: frozen by ada")),
        (Some(4), true),
        "{}",
        again.all()
    );
    assert_eq!(system.rows("store-backup").await.len(), rows);
    let said = custodian.with(words(&["thaw", CLIENT], &WHY)).ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    for half in HALVES {
        assert_eq!(half.read(&system).await.status, 200);
    }
    let said = custodian.with(words(&["thaw", CLIENT], &WHY)).ends().await;
    assert_eq!((said.code, said.err.contains("is not frozen")), (Some(4), true));
}

/// Ended between the two halves, by whatever: the same command does the other one, under the same stop.
#[tokio::test]
async fn a_freeze_or_thaw_that_was_ended_half_way_goes_on() {
    let (system, custodian) = filled().await;
    for command in ["freeze", "thaw"] {
        let fails = |_: usize, call: &faults::Seen| match (call.operation.as_str(), call.nth) {
            ("ExecuteStatement", 1..) => {
                Fate::Before(Fault::Refuse(Exception { status: 400, code: "AccessDeniedException" }))
            }
            _ => Fate::Pass,
        };
        let proxy = Proxy::start(&system.dynamodb_url, fails).await.unwrap();
        let broken = custodian.setting("AWS_ENDPOINT_URL_DYNAMODB", &proxy.url);
        let words = words(&[command, CLIENT], &WHY);
        let said = broken.with(&words).ends().await;
        assert_eq!(
            (said.code, said.err.contains("take the operators' role")),
            (Some(4), true),
            "{}",
            said.all()
        );
        let statuses = [system.get("").await.status, system.fetch().await.status];
        assert_eq!(statuses.iter().filter(|status| **status == 423).count(), 1, "{command}: {statuses:?}");
        let said = custodian.with(&words).ends().await;
        assert_eq!(said.code, Some(0), "{}", said.all());
        let expected = if command == "freeze" { 423 } else { 200 };
        assert_eq!([system.get("").await.status, system.fetch().await.status], [expected; 2]);
    }
    let (_, shown) = shown(&custodian).await;
    assert_eq!(shown["halves"][0]["stops"][0]["id"], shown["halves"][1]["stops"][0]["id"]);
}

#[tokio::test]
async fn shares_are_withdrawn_by_id_and_given_again() {
    let (system, custodian) = filled().await;
    let id = digest(&system.times("store-backup").await[2]).to_owned();
    let of = |command| words(&[command, CLIENT, "--half", "client", "--share", &id], &WHY);
    let said = custodian.with(of("withdraw")).ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.out.contains("Afterwards a recovery gets:"), "{}", said.out);
    assert_eq!(system.get("").await.body["cipherText"], share(1, 600));
    let again = custodian.with(of("withdraw")).ends().await;
    assert_eq!((again.code, again.err.contains("withdrawn already")), (Some(4), true), "{}", again.all());
    assert_eq!(custodian.with(of("reinstate")).ends().await.code, Some(0));
    assert_eq!(system.get("").await.body["cipherText"], share(2, 600));
    let again = custodian.with(of("reinstate")).ends().await;
    assert_eq!((again.code, again.err.contains("lifted already")), (Some(4), true), "{}", again.all());
}

#[tokio::test]
async fn a_span_is_withdrawn_and_lifted_by_its_stop() {
    let (system, custodian) = filled().await;
    let (_, before) = shown(&custodian).await;
    let shares = before["halves"][1]["shares"].as_array().unwrap();
    let [from, to] = [&shares[1], &shares[0]].map(|share| share["storedAt"].as_str().unwrap());
    let span = words(&["withdraw", CLIENT, "--half", "custodian", "--from", from, "--to", to], &WHY);
    let said = custodian.with(&span).ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(system.fetch().await.shares(), [share(0, 600)]);
    let (_, after) = shown(&custodian).await;
    let stop = after["halves"][1]["stops"][0]["id"].as_str().unwrap();
    // One share of a span can't be given by itself, and the answer says how.
    let one = shares[0]["id"].as_str().unwrap();
    let said = custodian
        .with(words(&["reinstate", CLIENT, "--half", "custodian", "--share", one], &WHY))
        .ends()
        .await;
    assert!(said.code == Some(4) && said.err.contains(stop), "{}", said.all());
    let said = custodian
        .with(words(&["reinstate", CLIENT, "--half", "custodian", "--stop", stop], &WHY))
        .ends()
        .await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(system.fetch().await.shares().len(), 3);
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_says_what_would_be() {
    let (system, custodian) = filled().await;
    let before = system.rows("store-backup").await.len();
    let id = digest(&system.times("store-backup").await[2]).to_owned();
    for command in [
        vec!["freeze", CLIENT, "--why", "a try", "--dry-run"],
        vec!["withdraw", CLIENT, "--half", "client", "--share", &id, "--why", "a try", "--dry-run"],
    ] {
        let said = custodian.with(&command).ends().await;
        assert_eq!((said.code, said.out.contains("Nothing was changed.")), (Some(0), true), "{}", said.all());
    }
    assert_eq!(system.rows("store-backup").await.len(), before);
}

/// One clear line that says what to do, a code that is not 0, and nothing changed.
#[tokio::test]
async fn bad_input_is_one_clear_line() {
    let (system, custodian) = filled().await;
    let before = system.rows("store-backup").await.len();
    let nobody = "0".repeat(64);
    let late = ["--from", "2030-01-01T00:00:00Z", "--to", "2020-01-01T00:00:00Z"];
    for (command, code, says) in [
        (vec!["show", "nobody"], 4, "nothing is stored for nobody"),
        (words(&["freeze", "nobody"], &WHY), 4, "is that its id?"),
        (vec!["freeze", CLIENT, "--why", "x"], 2, "Add --yes"),
        (words(&["freeze", "a b"], &WHY), 2, "the client id is not"),
        (vec!["freeze", CLIENT, "--yes"], 2, "--why"),
        (words(&["withdraw", CLIENT, "--half", "client", "--share", &nobody], &WHY), 4, "there is no share"),
        (
            words(&["withdraw", CLIENT, "--half", "client", "--share", "1"], &WHY),
            2,
            "64 lowercase hex digits",
        ),
        (words(&words(&["withdraw", CLIENT, "--half", "client"], &late), &WHY), 2, "--from is after --to"),
        (words(&["withdraw", CLIENT, "--half", "client"], &WHY), 2, "--share"),
        (
            words(&["reinstate", CLIENT, "--half", "client", "--share", &nobody], &WHY),
            4,
            "there is no such stop",
        ),
    ] {
        let said = custodian.with(&command).ends().await;
        assert_eq!((said.code, said.err.contains(says)), (Some(code), true), "{command:?}: {}", said.all());
    }
    assert_eq!(system.rows("store-backup").await.len(), before);
}

#[tokio::test]
async fn what_is_missing_around_it_is_said() {
    let (system, custodian) = filled().await;
    let nowhere = custodian.setting("AWS_ACCESS_KEY_ID", "").setting("AWS_EC2_METADATA_DISABLED", "true");
    for (custodian, code, says) in [
        (custodian.setting("CLIENT_TABLE", ""), 2, "Export CLIENT_TABLE"),
        (custodian.setting("CLIENT_TABLE", "another"), 4, "there is no such table"),
        (custodian.setting("CLIENT_KEYS", "alias/x"), 2, "CLIENT_KEYS"),
        (custodian.setting("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"), 4, "AWS can't be reached"),
        (nowhere, 4, "no credentials were found"),
    ] {
        let said = custodian.with(["show", CLIENT]).ends().await;
        assert_eq!((said.code, said.err.contains(says)), (Some(code), true), "{says}: {}", said.all());
        assert!(said.err.lines().count() == 1, "one line: {}", said.err);
    }
    assert_eq!(CUSTODIANS.read(&system).await.status, 200);
}
