//! Many shares of one client, the largest of them, and many at once: all that is stored can be reached, and nothing
//! that is asked for takes a function beyond its memory, or its time without an answer.

use std::collections::BTreeSet;

use aws_sdk_kms::primitives::Blob;
use backup_shares::share::{Kind, MAX_SHARE_BYTES};
use base64::prelude::{BASE64_STANDARD, Engine};
use dynoxide::Database;
use futures_util::future::join_all;
use local::{
    faults::{Fate, Proxy, Seen},
    kms::Kms,
};
use serde_json::{Value, json};

use crate::{
    event::{CLIENT, Event},
    operator,
    runtime::{Usage, invoke},
    shelf::{Shelf, as_json},
    system::{Answer, System},
    vectors::IMPLEMENTATION,
};

/// What a function has in Lambda (`MemorySize`).
const MEMORY: usize = 512 * 1024 * 1024;

/// Shares of 128 KiB that fill a page of a query.
const A_PAGE: usize = 7;

/// Shares of 128 KiB that need two.
const OVER_A_PAGE: usize = 9;

struct Half {
    kind: Kind,
    stores: &'static str,
    reads: &'static str,
}

const HALVES: [Half; 2] = [
    Half { kind: Kind::Client, stores: "store-backup", reads: "get-backup" },
    Half { kind: Kind::Custodian, stores: "webhook-backup", reads: "webhook-fetch" },
];

fn share(number: usize, bytes: usize) -> String {
    format!("{number:06}{}", "x".repeat(bytes - 6))
}

impl Half {
    /// The event that stores a share, with more than the function asks for.
    fn storing(&self, share: &str, method: &str, more: &str) -> Event {
        let share_name = if self.kind == Kind::Client { "cipherText" } else { "share" };
        Event::of(self.stores)
            .body(json!({"clientId": CLIENT, share_name: share, "backupMethod": method, "unknown": more}))
    }

    async fn store(&self, system: &System, share: &str, method: &str) {
        assert_eq!(system.call(self.storing(share, method, "")).await.status, 200);
    }

    /// Stores that many shares, one after the other.
    async fn fill(&self, system: &System, count: usize, bytes: usize) {
        for number in 0..count {
            self.store(system, &share(number, bytes), "GDRIVE").await;
        }
    }

    /// The event that asks for all that can be had.
    fn reading(&self) -> Event {
        match self.kind {
            Kind::Client => Event::of(self.reads).query(""),
            Kind::Custodian => Event::of(self.reads).body(json!({ "clientId": CLIENT })),
        }
    }

    async fn read(&self, system: &System) -> Answer {
        system.call(self.reading()).await
    }

    /// The shares of an answer.
    fn given(&self, body: &Value) -> Vec<String> {
        match self.kind {
            Kind::Client => vec![body["cipherText"].as_str().unwrap().into()],
            Kind::Custodian => serde_json::from_value(body["backupShares"].clone()).unwrap(),
        }
    }

    /// Of that many shares, those that an answer has: the newest, or as many of the newest as there may be.
    fn newest(&self, count: usize, bytes: usize) -> Vec<String> {
        // A share in an answer takes five bytes more, and the first stands there twice.
        let fit = (5_000_000 / (bytes + 5) - 1).min(128);
        let most = if self.kind == Kind::Client { 1 } else { fit };
        (0..count).rev().take(most).map(|number| share(number, bytes)).collect()
    }
}

/// How many pages were read whole, how many to choose by, and how many rows by their keys.
fn queries(proxy: &Proxy) -> [usize; 3] {
    let seen = proxy.seen();
    for call in &seen {
        assert_eq!(call.operation, "Query");
        assert!(call.body.contains(r#""ConsistentRead":true"#), "{}", call.body);
    }
    let count = |part: &str| seen.iter().filter(|call| call.body.contains(part)).count();
    let (projected, rows) = (count("ProjectionExpression"), count(":row"));
    [seen.len() - projected - rows, projected, rows]
}

#[tokio::test]
async fn a_page_of_shares_is_read_by_one_call() {
    for half in HALVES {
        let mut system = System::start().await;
        half.fill(&system, 3, 24_000).await;
        let proxy = system.intercept(|_, _| Fate::Pass).await;
        half.read(&system).await;
        assert_eq!(queries(&proxy), [1, 0, 0], "{}", half.reads);
    }
}

#[tokio::test]
async fn of_more_than_a_page_of_shares_only_the_first_page_and_what_is_opened_are_read_whole() {
    for half in HALVES {
        let mut system = System::start().await;
        half.fill(&system, OVER_A_PAGE, MAX_SHARE_BYTES).await;
        let proxy = system.intercept(|_, _| Fate::Pass).await;
        let given = half.given(&half.read(&system).await.body);
        assert!(given == half.newest(OVER_A_PAGE, MAX_SHARE_BYTES), "{}", half.reads);
        let [whole, projected, rows] = queries(&proxy);
        assert_eq!((whole, projected), (1, 1), "{}", half.reads);
        let beyond = OVER_A_PAGE - A_PAGE;
        let expected = if half.kind == Kind::Client { 0..=1 } else { beyond..=beyond };
        assert!(expected.contains(&rows), "{}: {rows}", half.reads);
        assert_eq!(system.kms_calls("Decrypt").len(), given.len(), "{}", half.reads);
    }
}

/// Removes a row of a table, as only an operator could, and gives what it was.
fn remove(database: &Database, table: &str, row_key: &str) -> Value {
    let key = json!({"pk": {"S": CLIENT}, "sk": {"S": row_key}});
    let delete = json!({"TableName": table, "Key": key, "ReturnValues": "ALL_OLD"});
    let deleted = database.delete_item(serde_json::from_value(delete).unwrap()).unwrap();
    serde_json::to_value(deleted).unwrap()["Attributes"].clone()
}

#[tokio::test]
async fn a_share_stored_between_two_pages_is_in_this_answer_or_the_next_and_no_other_is_missed() {
    for half in HALVES {
        let database = Database::memory().unwrap();
        let mut system = System::over(Kms::memory(), database.clone()).await;
        half.fill(&system, OVER_A_PAGE, MAX_SHARE_BYTES).await;
        // By their methods the one belongs to the first page, the other to the last.
        for method in ["A", "Z"] {
            half.store(&system, method, method).await;
        }
        let table = system.table(half.reads).to_owned();
        let keys = operator::row_keys(&system.aws, &table, CLIENT, 100).await;
        let between = [&keys[0], &keys[keys.len() - 1]].map(|key| remove(&database, &table, key));
        let store_between = move |_, call: &Seen| {
            for item in between.iter().filter(|_| call.nth == 1) {
                let put = json!({"TableName": table, "Item": item});
                database.put_item(serde_json::from_value(put).unwrap()).unwrap();
            }
            Fate::Pass
        };
        let _proxy = system.intercept(store_between).await;
        let stored = half.newest(OVER_A_PAGE, MAX_SHARE_BYTES);
        for newer in [&["Z"][..], &["Z", "A"]] {
            let newer = newer.iter().map(|&share| share.to_owned());
            let mut expected: Vec<String> = newer.chain(stored.iter().cloned()).collect();
            expected.truncate(if half.kind == Kind::Client { 1 } else { expected.len() });
            assert!(half.given(&half.read(&system).await.body) == expected, "{}", half.reads);
        }
    }
}

#[tokio::test]
async fn a_row_removed_between_its_listing_and_its_reading_is_503_and_the_next_answer_is_whole() {
    for half in HALVES {
        let database = Database::memory().unwrap();
        let mut system = System::over(Kms::memory(), database.clone()).await;
        half.fill(&system, OVER_A_PAGE, MAX_SHARE_BYTES).await;
        // By its method the newest belongs to the last page.
        half.store(&system, "newest", "Z").await;
        let table = system.table(half.reads).to_owned();
        let remove_chosen = move |_, call: &Seen| {
            if call.nth == 2 {
                let asked: Value = serde_json::from_str(&call.body).unwrap();
                let chosen = asked["ExpressionAttributeValues"][":row"]["S"].as_str().unwrap();
                assert!(chosen.starts_with("share#Z#"), "{chosen}");
                remove(&database, &table, chosen);
            }
            Fate::Pass
        };
        let _proxy = system.intercept(remove_chosen).await;
        let refused = half.read(&system).await;
        assert_eq!((refused.status, refused.code()), (503, "unavailable"), "{}", half.reads);
        let given = half.given(&half.read(&system).await.body);
        assert!(given == half.newest(OVER_A_PAGE, MAX_SHARE_BYTES), "{}", half.reads);
    }
}

/// Has an operator page through all rows of the client, and open each.
async fn assert_reached(half: &Half, system: &System, count: usize, bytes: usize) {
    let table = system.table(half.reads);
    let mut missing: BTreeSet<String> = (0..count).map(|number| share(number, bytes)).collect();
    for row_key in operator::row_keys(&system.aws, table, CLIENT, 16).await {
        let opened = operator::open(&system.aws, table, half.kind, CLIENT, &row_key).await;
        assert!(missing.remove(opened.expose()), "{}: {row_key} was not stored", half.stores);
    }
    assert!(missing.is_empty(), "{}: {} are missing", half.stores, missing.len());
}

#[tokio::test]
async fn an_operator_pages_through_all_rows_of_a_client_and_opens_each_by_its_key() {
    for half in HALVES {
        let system = System::start().await;
        half.fill(&system, 40, 100).await;
        assert_reached(&half, &system, 40, 100).await;
    }
}

#[tokio::test]
async fn an_operator_opens_a_row_without_any_of_this_code() {
    let share = "{\"é\": \"漢 \u{1F511}\"}\n";
    for half in HALVES {
        let system = System::start().await;
        half.store(&system, share, "GDRIVE-ED25519").await;
        let row = system.rows(half.reads).await.remove(0);
        let printed = json!({ "Item": as_json(&row) }).to_string();
        let kind = half.kind.as_str();
        let wrapped = IMPLEMENTATION.run(&["wrapped"], printed.as_bytes()).await;
        let context = IMPLEMENTATION.run(&["context", kind], printed.as_bytes()).await;
        let context = context.split(',').map(|pair| pair.split_once('=').unwrap());
        let context = context.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let wrapped = Blob::new(BASE64_STANDARD.decode(wrapped).unwrap());
        let decrypt = system.aws.kms.decrypt().key_id(row["key_id"].as_s().unwrap());
        let answer = decrypt.set_encryption_context(Some(context)).ciphertext_blob(wrapped).send().await;
        let data_key = BASE64_STANDARD.encode(answer.unwrap().plaintext.unwrap());
        assert_eq!(
            IMPLEMENTATION.run(&["share", kind, &data_key], printed.as_bytes()).await,
            share,
            "{kind}"
        );
    }
}

#[tokio::test]
#[ignore = "minutes"]
async fn long_ten_thousand_stored_shares_are_reached_by_an_operator_and_the_newest_by_their_callers() {
    for (half, bytes) in HALVES.into_iter().zip([24_000, 6_000]) {
        let system = System::start().await;
        half.fill(&system, 10_000, bytes).await;
        assert_reached(&half, &system, 10_000, bytes).await;
        // The embedded DynamoDB reads all rows that remain for each page: the time may not be enough.
        let answer = half.read(&system).await;
        let whole = answer.status == 200 && half.given(&answer.body) == half.newest(10_000, bytes);
        assert!(whole || answer.status == 503, "{}: {}", half.reads, answer.status);
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
    fn assert_small(&self, part: usize) {
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

/// What a half's real binary answers of that many shares, the newest of which can be opened.
async fn serve_many(half: &Half, count: usize, bytes: usize) -> (Served, Vec<String>) {
    // More than fit one answer, and the sixteen that are opened beyond it.
    let real = count.min(half.newest(count, bytes).len() + 17);
    let system = System::start().await;
    half.fill(&system, real, bytes).await;
    let mut shelf = Shelf::default();
    for key in operator::row_keys(&system.aws, system.table(half.reads), CLIENT, 100).await {
        shelf.add(&operator::row(&system.aws, system.table(half.reads), CLIENT, &key).await);
    }
    shelf.fill_up(count);
    let proxy = Proxy::start(&system.dynamodb_url, move |_, call| shelf.fate(call)).await.unwrap();
    (serve(&system, half.reads, half.reading(), &proxy.url).await, half.newest(real, bytes))
}

#[tokio::test]
async fn thousands_of_shares_of_one_client_are_served_in_a_fraction_of_a_functions_memory() {
    const COUNT: usize = 5000;
    for half in HALVES {
        let (served, newest) = serve_many(&half, COUNT, 6000).await;
        assert_eq!(served.answer.status, 200, "{}", served.line);
        assert!(half.given(&served.answer.body) == newest, "{}", half.reads);
        let left_out = if half.kind == Kind::Client { 0 } else { COUNT - newest.len() };
        assert_eq!(served.line["left_out"], left_out, "{}", served.line);
        served.assert_small(8);
    }
}

#[tokio::test]
#[ignore = "minutes"]
async fn long_ten_thousand_shares_of_one_client_are_served_or_refused_in_time_and_memory() {
    for bytes in [6000, 24_000, MAX_SHARE_BYTES] {
        for half in HALVES {
            let (served, newest) = serve_many(&half, 10_000, bytes).await;
            report(&half, bytes, &served);
            let whole = served.answer.status == 200 && half.given(&served.answer.body) == newest;
            assert!(whole || served.answer.status == 503, "{}", served.line);
            assert!(served.line["ms"].as_u64().unwrap() < 9000, "{}", served.line);
            served.assert_small(4);
        }
    }
}

/// Prints the figures of docs/decisions/0009.
#[expect(clippy::print_stderr, reason = "what a long run is for")]
fn report(half: &Half, bytes: usize, served: &Served) {
    let Served { answer, line, usage } = served;
    let usage = usage.as_ref().map(|usage| (usage.peak_memory / 1_000_000, usage.processor));
    let (status, calls, left_out, ms) = (answer.status, &line["aws_calls"], &line["left_out"], &line["ms"]);
    eprintln!(
        "{} of {bytes} bytes: {status}, {calls} calls, left out {left_out}, {ms} ms, memory (MB) and processor {usage:?}",
        half.reads
    );
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
        assert_reached(&half, &system, 1, MAX_SHARE_BYTES).await;
    }
}

/// Stores that many first shares of one client, each by a process of its own, as Lambda does with requests that
/// come at once. On a busy machine some are refused: those are sent again.
async fn store_at_once(half: &Half, count: usize) {
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
    assert_eq!(newest.len(), if half.kind == Kind::Client { 1 } else { count });
}

#[tokio::test]
async fn first_stores_of_one_client_by_eight_processes_at_once_are_all_kept() {
    for half in HALVES {
        store_at_once(&half, 8).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute, and 64 processes"]
async fn long_first_stores_of_one_client_by_sixty_four_processes_at_once_are_all_kept() {
    for half in HALVES {
        store_at_once(&half, 64).await;
    }
}
