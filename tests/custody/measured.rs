//! What reads cost while a client's shares grow from one to ten thousand: calls, read units, and medians in one run, with 5 ms
//! for a call to DynamoDB and 10 for one to KMS. The figures of docs/decisions/0015.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};
use dynoxide::Database;
use faults::{Fate, Fault, Proxy, Seen};
use serde_json::json;

use crate::{
    custody::costs::{OURS, PORTALS, getting, read_units},
    support::{
        event::Event,
        half::{CLIENTS, CUSTODIANS, Half},
        many::{self, share},
        system::{System, aws_at},
    },
};

const DYNAMODB: Duration = Duration::from_millis(5);
const KMS: Duration = Duration::from_millis(10);

/// Requests of each kind; they are sent in turn, so that what slows a machine down slows all.
const ROUNDS: usize = 31;

/// A request of a client with so many shares.
struct Measured {
    what: String,
    event: Event,
    system: System,
    database: Database,
    proxies: [Proxy; 2],
    took: Vec<Duration>,
}

impl Measured {
    async fn new(what: &str, event: Event, (mut system, database): (System, Database)) -> Self {
        let slow = |time| move |_, _: &Seen| Fate::Slow(time);
        let proxies = system.intercept_both(slow(DYNAMODB), slow(KMS)).await;
        Self { what: what.into(), event, system, database, proxies, took: Vec::new() }
    }

    async fn once(&mut self) {
        let start = Instant::now();
        let answer = self.system.call(Event(self.event.0.clone())).await;
        self.took.push(start.elapsed());
        assert_eq!(answer.status, 200, "{}", self.what);
    }

    /// A row of the table; what was measured before in it is the measure of the times. The last two are without what the
    /// embedded DynamoDB computes: it parses each row that it drops, in this process.
    fn row(&mut self, first: Option<[f64; 2]>) -> (String, [f64; 2]) {
        let [dynamodb, kms] = self.proxies.each_ref().map(Proxy::seen);
        let decrypts = kms.iter().filter(|call| call.operation == "Decrypt").count() / ROUNDS;
        let rounds = f64::from(u32::try_from(ROUNDS).unwrap());
        let start = Instant::now();
        let units: f64 = dynamodb.iter().map(|call| read_units(&self.database, call)).sum();
        let (units, computing) = (units / rounds, start.elapsed().as_secs_f64() * 1000.0 / rounds);
        let calls = (dynamodb.len() + kms.len()) / ROUNDS;
        self.took.sort_unstable();
        let median = self.took[ROUNDS / 2].as_secs_f64() * 1000.0;
        let times = [median, median - computing];
        let [ratio, without] = first.map_or([1.0; 2], |first| [times[0] / first[0], times[1] / first[1]]);
        let (what, [all, ours]) = (&self.what, times);
        let row = format!(
            "| {what} | {calls} | {decrypts} | {units} | {all:.1} ms | {ratio:.2} | {ours:.1} ms | {without:.2} |"
        );
        (row, times)
    }
}

/// A client whose newest share is stored by a function, and whose others lie before it.
async fn holding(half: Half, count: usize, bytes: usize, others: &str) -> (System, Database) {
    let (system, database) = many::start().await;
    half.fill(&system, 0..count.min(64), bytes).await;
    if count > 128 {
        half.bury(&system, &database, count - 128, others).await;
    }
    if count > 64 {
        half.fill(&system, 64..count.min(128), bytes).await;
    }
    (system, database)
}

/// The same, and the one share of its method and pair is the oldest.
async fn burying(count: usize) -> (System, Database) {
    let (system, database) = many::start().await;
    let sent =
        json!({"cipherText": share(0, OURS), "backupMethod": "PASSKEY", "backupSharePairId": "pair-1"});
    assert_eq!(system.store(sent).await.status, 200);
    CLIENTS.bury(&system, &database, count - 1, "GDRIVE").await;
    (system, database)
}

#[expect(clippy::print_stderr, reason = "what a long run is for")]
async fn measure(mut all: Vec<Measured>) {
    for _ in 0..ROUNDS {
        for one in &mut all {
            one.once().await;
        }
    }
    let mut first = None;
    for one in &mut all {
        let (row, median) = one.row(first);
        first.get_or_insert(median);
        eprintln!("{row}");
    }
}

#[tokio::test]
#[ignore = "minutes: cargo test --workspace --test system --profile soak long_measured -- --ignored --nocapture"]
async fn long_measured_reads_of_one_to_ten_thousand_shares() {
    let counts = [1, 10, 100, 1000, 10_000];
    for (what, query) in [("the newest", ""), ("of a method that all are of", "backupMethod=GDRIVE")] {
        let mut all = Vec::new();
        for count in counts {
            let system = holding(CLIENTS, count, OURS, "GDRIVE").await;
            all.push(Measured::new(&format!("{what}, of {count}"), getting(query), system).await);
        }
        measure(all).await;
    }
    for (what, query) in [
        ("of a method that no other is of", "backupMethod=PASSKEY"),
        ("of a pair that no other is of", "backupSharePairId=pair-1"),
    ] {
        let mut all = Vec::new();
        for count in counts {
            all.push(
                Measured::new(&format!("{what}, of {count}"), getting(query), burying(count).await).await,
            );
        }
        measure(all).await;
    }
    let mut all = Vec::new();
    for count in [2, 128, 1000, 10_000] {
        let system = holding(CUSTODIANS, count, PORTALS, "GDRIVE").await;
        all.push(Measured::new(&format!("fetch, of {count}"), CUSTODIANS.reading(), system).await);
    }
    measure(all).await;
}

/// A client share's row.
fn row() -> Vec<(&'static str, AttributeValue)> {
    let text = |text: &str| AttributeValue::S(text.into());
    vec![
        ("pk", text("c19vjk2158y5o9bhedinl6agl")),
        ("sk", text(&format!("share#{}", "0".repeat(64)))),
        ("method", text("GDRIVE")),
        ("pair", text("cc1qakmh7rfwox7dyl0t2yi1m")),
        ("at", AttributeValue::N("1795339800000".into())),
        ("key_id", text("mrk-1234abcd12ab34cd56ef1234567890ab")),
        ("sealed", AttributeValue::B(Blob::new(vec![7; OURS + 300]))),
    ]
}

async fn insert(client: &Client) {
    let row = row();
    let names: Vec<String> = row.iter().map(|(name, _)| format!("'{name}': ?")).collect();
    let statement = format!("INSERT INTO \"ClientSharesTable\" VALUE {{{}}}", names.join(", "));
    let values = row.into_iter().map(|(_, value)| value).collect();
    client.execute_statement().statement(statement).set_parameters(Some(values)).send().await.unwrap();
}

async fn put(client: &Client) {
    let row = row().into_iter().map(|(name, value)| (name.into(), value)).collect();
    let put = client.put_item().table_name("ClientSharesTable").set_item(Some(row));
    let put = put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", "pk");
    put.send().await.unwrap();
}

/// With `WAY` and `COUNT` it makes so many calls of one way and nothing else, for a tool that counts instructions.
#[tokio::test]
#[ignore = "a minute: cargo test --workspace --test system --profile soak long_insert -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "what a long run is for")]
async fn long_insert_against_put() {
    let answer = |_, _: &Seen| Fate::Before(Fault::Answer("{}".into()));
    let service = Proxy::start("http://127.0.0.1:1", answer).await.unwrap();
    let client = aws_at(&service.url, &service.url).dynamodb;
    if let Ok(way) = std::env::var("WAY") {
        let count: usize = std::env::var("COUNT").unwrap().parse().unwrap();
        for _ in 0..count {
            if way == "put" { put(&client).await } else { insert(&client).await }
        }
        return;
    }
    let (mut puts, mut inserts) = (Vec::new(), Vec::new());
    for _ in 0..2000 {
        let start = Instant::now();
        put(&client).await;
        puts.push(start.elapsed());
        let start = Instant::now();
        insert(&client).await;
        inserts.push(start.elapsed());
    }
    puts.sort_unstable();
    inserts.sort_unstable();
    let (put, insert) = (puts[1000], inserts[1000]);
    eprintln!("PutItem {put:?}, INSERT {insert:?}: {:.3}", insert.as_secs_f64() / put.as_secs_f64());
}
