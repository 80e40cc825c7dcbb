//! docs/openapi.yaml says what the functions do, and the functions do what it says.

pub mod document;
mod requests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use backup_shares::{row_key::LATEST, stop::Held};
use document::Document;
use fastrand::Rng;
use lambda_http::http::StatusCode;
use requests::Requests;
use serde_json::json;

use crate::{
    custody::history::seed,
    support::{
        event::{CLIENT, Event},
        half::HALVES,
        project::{root, routed},
        python::Script,
        stops::span,
        system::{Answer, System, aws_at},
    },
};

/// API Gateway answers so before a function runs.
const OF_THE_API: u16 = 429;
const REQUESTS: usize = 400;
const VALIDATOR: Script = Script { name: "openapi", folder: "tests/contract/openapi" };

/// The function of each route that has one.
fn functions() -> BTreeMap<String, String> {
    routed().into_iter().map(|(function, route)| (route, function)).collect()
}

/// The statuses of a route that its function gives.
fn given(document: &Document, route: &str) -> BTreeSet<u16> {
    let mut statuses = document.statuses(route);
    assert!(statuses.remove(&OF_THE_API), "{route}");
    statuses
}

#[tokio::test]
async fn it_is_openapi_by_another_reader_of_it() {
    let text = fs::read(root().join("docs/openapi.yaml")).unwrap();
    assert_eq!(VALIDATOR.run(&[], &text).await, "", "is right");
    let broken = String::from_utf8(text).unwrap().replacen("responses:", "answers:", 1);
    assert!(VALIDATOR.run(&[], broken.as_bytes()).await.contains("answers"), "is wrong");
}

#[test]
fn its_routes_are_the_templates() {
    assert!(Document::read().operations().keys().eq(functions().keys()));
}

/// Makes a function give every answer that it can: of what is not stored, refused, stored, withdrawn, damaged, frozen and out
/// of reach.
async fn answers(function: &str) -> Vec<Answer> {
    let mut system = System::start().await;
    let good = Event::of(function);
    let is_user = good.0["pathParameters"].is_object();
    let another =
        if is_user { good.clone().token_of("another") } else { good.clone().source_ip("192.0.2.1") };
    let mut events = vec![
        good.clone(),
        good.clone().query(&format!("before={}", "0".repeat(64))),
        good.clone().authorizer(json!({})).without_header("x-webhook-secret"),
        another,
        good.clone().query("pairId=a").body("{"),
        good.clone().body(" ".repeat(1024 * 1024 + 1)),
    ];
    let mut answers = Vec::new();
    for event in events.drain(..) {
        answers.push(system.call(event).await);
    }
    for half in ["store-backup", "webhook-backup"] {
        assert_eq!(system.call(Event::of(half)).await.status, 200, "{half}");
    }
    answers.push(system.call(good.clone()).await);
    for half in HALVES {
        let stop = system.hold(half, CLIENT, span(0, LATEST, None)).await;
        answers.push(system.call(good.clone()).await);
        system.lift(half, CLIENT, &stop).await;
    }
    for mut row in system.shares(function).await {
        row.remove("method");
        let id = row["sk"].as_s().unwrap().replace("share#", "");
        events.push(good.clone().query(&format!("before={id}")));
        system.put(function, row).await;
    }
    events.push(good.clone());
    for event in events {
        answers.push(system.call(event).await);
    }
    for half in HALVES {
        system.hold(half, CLIENT, Held::Everything).await;
    }
    answers.push(system.call(good.clone()).await);
    let nowhere = "http://127.0.0.1:1";
    system.reach_by(&aws_at(nowhere, nowhere));
    answers.push(system.call(good).await);
    answers
}

#[tokio::test]
async fn a_functions_statuses_are_its_and_every_answer_is_as_it_says() {
    let document = Document::read();
    for (route, function) in functions() {
        let mut statuses = BTreeSet::new();
        for answer in answers(&function).await {
            let objections = document.objections(&route, &answer);
            assert!(objections.is_empty(), "{route}: {objections:?} to {answer:?}");
            statuses.insert(answer.status);
        }
        assert_eq!(statuses, given(&document, &route), "{route}");
    }
}

/// So that a status that is new in the code can't stay out of the document.
#[test]
fn every_status_that_an_error_has_is_its() {
    let source = fs::read_to_string(root().join("shared/src/error.rs")).unwrap();
    let named = source
        .split("StatusCode::")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap().to_owned());
    let name = |status: u16| {
        StatusCode::from_u16(status).unwrap().canonical_reason().unwrap().to_uppercase().replace(' ', "_")
    };
    let document = Document::read();
    let statuses = functions().into_keys().flat_map(|route| given(&document, &route));
    let documented: BTreeSet<String> = statuses.filter(|status| *status != 200).map(name).collect();
    assert_eq!(named.filter(|name| !name.is_empty()).collect::<BTreeSet<_>>(), documented);
}

#[tokio::test]
async fn its_parameters_choose() {
    let (document, system) = (Document::read(), System::start().await);
    assert_eq!(system.call(Event::of("store-backup")).await.status, 200);
    for (route, function) in functions() {
        for (name, _) in document.queries(&route) {
            let answer = system.call(Event::of(&function).query(&format!("{name}=a"))).await;
            assert_eq!(answer.status, 404, "{route}?{name}");
        }
    }
}

/// docs/contract.md, "Client API", `POST`.
#[tokio::test]
async fn it_has_an_example_of_each_senders_body_and_all_are_taken() {
    let (document, system) = (Document::read(), System::start().await);
    let mut senders = BTreeSet::new();
    for (route, function) in functions() {
        let Some(body) = document.body(&route) else { continue };
        let validator = document.validator(&body["schema"]);
        for example in body["examples"].as_object().unwrap().values() {
            let value = &example["value"];
            assert!(validator.is_valid(value), "{value}");
            assert_eq!(system.call(Event::of(&function).body(value)).await.status, 200, "{value}");
            if route.ends_with("/{clientId}/backup") {
                senders.insert(example["summary"].as_str().unwrap().to_owned());
            }
        }
    }
    let contract = fs::read_to_string(root().join("docs/contract.md")).unwrap();
    let rows = contract.split("| sender | body |\n|---|---|\n").nth(1).unwrap().lines();
    let rows = rows.map_while(|row| row.strip_prefix("| ")?.split(" | ").next());
    assert_eq!(senders, rows.map(str::to_owned).collect());
}

/// `OPENAPI_SEED` makes the requests of a seed again.
#[tokio::test]
async fn requests_made_from_it_get_what_it_says_and_never_a_failure_of_ours() {
    let (document, system, functions) = (Document::read(), System::start().await, functions());
    let seed = seed("OPENAPI_SEED");
    let (mut rng, mut statuses) = (Rng::with_seed(seed), BTreeSet::new());
    for number in 0..REQUESTS {
        let (route, function) = functions.iter().nth(number % functions.len()).unwrap();
        let requests = Requests { document: &document, route, function };
        let (event, fate) = requests.make(&mut rng, number / functions.len());
        let answer = system.call(event).await;
        let objections = document.objections(route, &answer);
        let is_right = objections.is_empty() && fate.fits(answer.status);
        let told = format!("request {number} of OPENAPI_SEED={seed}, {route}");
        assert!(is_right, "{told}: {objections:?} to {answer:?}, which was to be {fate:?}");
        statuses.insert(answer.status);
    }
    assert!(statuses.is_superset(&[200, 400, 401, 403, 404].into()), "{statuses:?} of seed {seed}");
}
