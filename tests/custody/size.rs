//! Many shares of one client, the largest of them, and many at once: all that is stored can be reached, and nothing
//! that is asked for takes a function beyond its memory, or its time without an answer.

use std::collections::BTreeSet;

use backup_shares::{share::MAX_SHARE_BYTES, slot::Kind};
use futures_util::future::join_all;
use instance::Usage;
use serde_json::Value;

use crate::support::{
    event::{CLIENT, Event},
    half::{CLIENTS, CUSTODIANS, HALVES, Half},
    many::{self, share},
    operator,
    runtime::invoke,
    system::{Answer, System},
};

/// What a function has in Lambda (`MemorySize`).
const MEMORY: u64 = 512 * 1024 * 1024;

fn kind(half: Half) -> Kind {
    if half == CLIENTS { Kind::Client } else { Kind::Custodian }
}

/// Has an operator page through all rows of the client, and open each.
async fn assert_reached(half: Half, system: &System, count: usize, bytes: usize) {
    let table = system.table(half.reads);
    let mut missing: BTreeSet<String> = (0..count).map(|number| share(number, bytes)).collect();
    let row_keys = operator::row_keys(&system.aws, table, CLIENT, 16).await;
    for opened in operator::open(&system.aws, table, kind(half), CLIENT, &row_keys).await {
        assert!(missing.remove(&opened), "{}: a row was not stored", half.stores);
    }
    assert!(missing.is_empty(), "{}: {} are missing", half.stores, missing.len());
}

#[tokio::test]
async fn an_operator_pages_through_all_rows_of_a_client_and_opens_each_by_its_key() {
    for half in HALVES {
        let system = System::start().await;
        half.fill(&system, 0..40, 100).await;
        assert_reached(half, &system, 40, 100).await;
    }
}

#[tokio::test]
#[ignore = "minutes"]
async fn long_ten_thousand_stored_shares_are_reached_by_an_operator_and_the_newest_by_their_callers() {
    for (half, bytes) in HALVES.into_iter().zip([24_000, 6_000]) {
        let system = System::start().await;
        half.fill(&system, 0..10_000, bytes).await;
        assert_reached(half, &system, 10_000, bytes).await;
        let answer = half.read(&system).await;
        assert_eq!(half.given(&answer.body)[0], share(9_999, bytes), "{}", half.reads);
    }
}

/// What a real binary made of an event.
struct Served {
    answer: Answer,
    line: Value,
    usage: Option<Usage>,
}

impl Served {
    /// Holds it to a part of what a function has. A system that doesn't tell is held to nothing.
    fn assert_small(&self, part: u64) {
        let peak = self.usage.as_ref().map_or(0, |usage| usage.peak_memory);
        assert!(peak < MEMORY / part, "{peak} bytes: {}", self.line);
    }
}

/// Starts a function's binary for one event. Its environment is the system's, except for DynamoDB's address.
async fn serve(system: &System, function: &str, event: Event, dynamodb: &str) -> Served {
    let mut environment = system.environment(function);
    environment.insert("AWS_ENDPOINT_URL_DYNAMODB".into(), dynamodb.into());
    let invoked = invoke(function, &environment, event).await;
    assert_eq!(invoked.outcome, "response", "{}", invoked.written);
    let line = invoked.written.lines().find(|line| line.contains(r#""message":"request""#)).unwrap();
    Served {
        answer: Answer::of(&invoked.answer),
        line: serde_json::from_str(line).unwrap(),
        usage: invoked.usage,
    }
}

/// What a half's real binary answers of that many shares, of which only those in the middle can't be opened.
async fn serve_many(half: Half, count: usize, bytes: usize) -> Served {
    let (system, database) = many::start().await;
    half.fill(&system, 0..64, bytes).await;
    half.bury(&system, &database, count - 128, "GDRIVE").await;
    half.fill(&system, 64..128, bytes).await;
    serve(&system, half.reads, half.reading(), &system.dynamodb_url).await
}

/// Of 64 oldest and 64 newest shares, those that an answer has: of each half as many as fit into half of its bytes.
fn expected(half: Half, bytes: usize) -> Vec<String> {
    if half == CLIENTS {
        return vec![share(127, bytes)];
    }
    // A share in an answer takes five bytes more.
    let newest = (2_500_000 / (bytes + 5)).min(64);
    let oldest = (5_000_000 / (bytes + 5) - newest).min(64);
    let numbers = (128 - newest..128).rev().chain((0..oldest).rev());
    numbers.map(|number| share(number, bytes)).collect()
}

#[tokio::test]
async fn thousands_of_shares_of_one_client_are_served_in_a_fraction_of_a_functions_memory() {
    for (half, part) in [(CLIENTS, 16), (CUSTODIANS, 8)] {
        let served = serve_many(half, 5000, 6000).await;
        assert_eq!(served.answer.status, 200, "{}", served.line);
        assert!(half.given(&served.answer.body) == expected(half, 6000), "{}", half.reads);
        assert_eq!(served.line["left_out"], half == CUSTODIANS, "{}", served.line);
        served.assert_small(part);
    }
}

#[tokio::test]
#[ignore = "minutes"]
async fn long_ten_thousand_shares_of_one_client_are_served_in_time_and_memory() {
    for bytes in [6000, 24_000, MAX_SHARE_BYTES] {
        for half in HALVES {
            let served = serve_many(half, 10_000, bytes).await;
            report(half, bytes, &served);
            assert!(half.given(&served.answer.body) == expected(half, bytes), "{}", served.line);
            served.assert_small(4);
        }
    }
}

/// Prints the figures of docs/decisions/0015.
#[expect(clippy::print_stderr, reason = "what a long run is for")]
fn report(half: Half, bytes: usize, served: &Served) {
    let Served { line, usage, .. } = served;
    let usage = usage.as_ref().map(|usage| (usage.peak_memory / 1_000_000, usage.processor));
    let (calls, ms) = (&line["aws_calls"], &line["ms"]);
    eprintln!("{} of {bytes} bytes: {calls} calls, {ms} ms, memory (MB) and processor {usage:?}", half.reads);
}

#[tokio::test]
async fn a_body_of_one_mebibyte_is_served_and_a_byte_more_is_refused() {
    for half in HALVES {
        let system = System::start().await;
        let share = share(0, MAX_SHARE_BYTES);
        let event = |unknown: usize| half.storing(&share, "GDRIVE", &"x".repeat(unknown));
        let room = 1024 * 1024 - event(0).0["body"].as_str().unwrap().len();
        for (event, status) in [(event(room), 200), (event(room + 1), 413)] {
            let served = serve(&system, half.stores, event, &system.dynamodb_url).await;
            assert_eq!(served.answer.status, status, "{}", served.line);
            served.assert_small(8);
        }
        assert_reached(half, &system, 1, MAX_SHARE_BYTES).await;
    }
}

/// Stores that many first shares of one client, each by a process of its own, as Lambda does with requests that
/// come at once. On a busy machine some are refused: those are sent again.
async fn store_at_once(half: Half, count: usize) {
    let system = System::start().await;
    let store = async |number| {
        let event = half.storing(&share(number, 24_000), "GDRIVE", "");
        let served = serve(&system, half.stores, event, &system.dynamodb_url).await;
        assert!(matches!(served.answer.status, 200 | 503), "{}", served.line);
        (number, served.answer.status)
    };
    let mut left: Vec<usize> = (0..count).collect();
    let mut rounds = Vec::new();
    while !left.is_empty() {
        rounds.push(left.len());
        assert!(rounds.len() < 10, "{}: {rounds:?} were left to store", half.stores);
        let answers = join_all(left.into_iter().map(&store)).await;
        left = answers.into_iter().filter(|(_, status)| *status == 503).map(|(number, _)| number).collect();
    }
    assert_reached(half, &system, count, 24_000).await;
    let newest = half.given(&half.read(&system).await.body);
    assert_eq!(newest.len(), if half == CLIENTS { 1 } else { count });
}

#[tokio::test]
async fn first_stores_of_one_client_by_eight_processes_at_once_are_all_kept() {
    for half in HALVES {
        store_at_once(half, 8).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute, and 64 processes"]
async fn long_first_stores_of_one_client_by_sixty_four_processes_at_once_are_all_kept() {
    for half in HALVES {
        store_at_once(half, 64).await;
    }
}
