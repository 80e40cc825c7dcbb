//! What each route costs, exactly: calls, how many of them one after the other, shares opened, read and write units. A read
//! costs what its answer costs, whatever else the client has stored.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use backup_shares::share::MAX_SHARE_BYTES;
use dynoxide::Database;
use faults::{Fate, Proxy, Seen};
use serde_json::{Value, json};

use crate::support::{
    event::{CLIENT, Event},
    half::{CLIENTS, CUSTODIANS, Half},
    many::{self, share},
    stops::span,
    system::{Answer, System},
};

/// A client share of both curves, and a custodian share of one, in bytes.
pub const OURS: usize = 24_000;
pub const PORTALS: usize = 6_000;

/// Longer than it takes a function to make all calls that wait for nothing. All calls of such a time are answered at its
/// end, so that the calls of the next have waited for them.
const ROUND_TRIP: Duration = Duration::from_millis(600);

/// What a request took.
#[derive(Debug, Default, PartialEq)]
struct Cost {
    status: u16,
    kms: usize,
    dynamodb: usize,
    /// So many calls came one after the other.
    in_sequence: usize,
    decrypts: usize,
    read_units: f64,
    write_units: f64,
}

/// A system whose every call is counted and takes its time.
struct Scene {
    system: System,
    database: Database,
    rounds: Arc<Mutex<Rounds>>,
    proxies: [Proxy; 2],
}

impl Scene {
    /// Puts the proxies before a system that has been filled.
    async fn of((mut system, database): (System, Database)) -> Self {
        let rounds = Arc::<Mutex<Rounds>>::default();
        let slow = || {
            let rounds = Arc::clone(&rounds);
            move |_, _: &Seen| Fate::At(rounds.lock().unwrap().end())
        };
        let proxies = system.intercept_both(slow(), slow()).await;
        Self { system, database, rounds, proxies }
    }

    async fn cost(&self, event: Event) -> (Cost, Answer) {
        let before = self.proxies.each_ref().map(|proxy| proxy.seen().len());
        *self.rounds.lock().unwrap() = Rounds::default();
        let answer = self.system.call(event).await;
        let [dynamodb, kms] = [0, 1].map(|of| self.proxies[of].seen().split_off(before[of]));
        let cost = Cost {
            status: answer.status,
            kms: kms.len(),
            dynamodb: dynamodb.len(),
            in_sequence: self.rounds.lock().unwrap().seen.len(),
            decrypts: kms.iter().filter(|call| call.operation == "Decrypt").count(),
            read_units: dynamodb.iter().map(|call| read_units(&self.database, call)).sum(),
            write_units: dynamodb.iter().map(|call| self.write_units(call)).sum(),
        };
        (cost, answer)
    }

    /// What an insert costs where nothing is in its way.
    fn write_units(&self, call: &Seen) -> f64 {
        if call.operation != "ExecuteStatement" {
            return 0.0;
        }
        let empty = Database::memory().unwrap();
        for function in ["store-backup", "webhook-backup"] {
            empty.create_table(serde_json::from_value(table(self.system.table(function))).unwrap()).unwrap();
        }
        let answer = empty.execute_statement(serde_json::from_value(with_capacity(call)).unwrap()).unwrap();
        capacity(&serde_json::to_value(answer).unwrap())
    }
}

/// What a read costs, as DynamoDB says when it is asked.
pub fn read_units(database: &Database, call: &Seen) -> f64 {
    let asked = with_capacity(call);
    match &*call.operation {
        "Query" => {
            let answer = database.query(serde_json::from_value(asked).unwrap()).unwrap();
            capacity(&serde_json::to_value(answer).unwrap())
        }
        "BatchGetItem" => {
            let answer = database.batch_get_item(serde_json::from_value(asked).unwrap()).unwrap();
            capacity(
                &json!({"ConsumedCapacity": serde_json::to_value(answer).unwrap()["ConsumedCapacity"][0]}),
            )
        }
        _ => 0.0,
    }
}

fn with_capacity(call: &Seen) -> Value {
    let mut asked: Value = serde_json::from_str(&call.body).unwrap();
    asked["ReturnConsumedCapacity"] = json!("TOTAL");
    asked
}

fn capacity(answer: &Value) -> f64 {
    answer["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap()
}

fn table(name: &str) -> Value {
    let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [attribute("pk"), attribute("sk")],
        "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
    })
}

/// The rounds of one request's calls.
#[derive(Default)]
struct Rounds {
    first: Option<Instant>,
    /// Those in which a call came.
    seen: BTreeSet<u32>,
}

impl Rounds {
    /// The end of the round of the call that came now.
    fn end(&mut self) -> Instant {
        let first = *self.first.get_or_insert_with(Instant::now);
        let round = u32::try_from(first.elapsed().as_nanos() / ROUND_TRIP.as_nanos()).unwrap();
        self.seen.insert(round);
        first + ROUND_TRIP * (round + 1)
    }
}

pub fn getting(query: &str) -> Event {
    Event::of("get-backup").query(query)
}

async fn filled(half: Half, count: usize, bytes: usize) -> (System, Database) {
    let (system, database) = many::start().await;
    half.fill(&system, 0..count, bytes).await;
    (system, database)
}

#[tokio::test]
async fn a_store_is_three_calls_one_after_the_other_and_one_write_unit_more_than_its_share() {
    let scene = Scene::of(many::start().await).await;
    for (half, bytes, write_units) in [(CLIENTS, OURS, 25.0), (CUSTODIANS, PORTALS, 8.0)] {
        let event = || half.storing(&share(0, bytes), "GDRIVE", "");
        let first = Cost { status: 200, kms: 1, dynamodb: 2, in_sequence: 3, write_units, ..Cost::default() };
        assert_eq!(scene.cost(event()).await.0, first, "{}", half.stores);
        // Sent again: both rows are there, and each is looked at.
        let (again, _) = scene.cost(event()).await;
        assert_eq!((again.status, again.kms, again.dynamodb, again.in_sequence), (200, 1, 4, 5));
        // The share is read once, and its time row.
        let share_units = if half == CLIENTS { 6.0 } else { 2.0 };
        assert_eq!((again.decrypts, again.read_units), (0, share_units + 1.0));
    }
}

#[tokio::test]
async fn both_curves_are_stored_side_by_side() {
    let scene = Scene::of(many::start().await).await;
    let body = json!({"data": {"secp256k1Ciphertext": "one", "ed25519Ciphertext": "two"}});
    let (cost, _) = scene.cost(Event::of("store-backup").body(body)).await;
    let expected =
        Cost { status: 200, kms: 2, dynamodb: 4, in_sequence: 3, write_units: 4.0, ..Cost::default() };
    assert_eq!(cost, expected);
}

#[tokio::test]
async fn a_get_of_the_newest_costs_the_same_whatever_else_is_stored() {
    for buried in [0, 2000] {
        let (system, database) = filled(CLIENTS, 1, OURS).await;
        CLIENTS.bury(&system, &database, buried, "ICLOUD").await;
        CLIENTS.store(&system, &share(1, OURS), "GDRIVE").await;
        let scene = Scene::of((system, database)).await;
        let (cost, answer) = scene.cost(getting("")).await;
        // A unit for the stops beside that for the time row, six for the share.
        let expected = Cost {
            status: 200,
            kms: 1,
            dynamodb: 3,
            in_sequence: 3,
            decrypts: 1,
            read_units: 8.0,
            write_units: 0.0,
        };
        assert_eq!(cost, expected, "{buried} others");
        assert_eq!(answer.body["cipherText"], share(1, OURS));
    }
}

#[tokio::test]
async fn a_get_of_a_method_or_pair_reads_small_rows_alone_until_one_fits() {
    // A unit for the stops and each 4 KB of time rows, and six for the share.
    for (buried, read_units) in [(0, 8.0), (2000, 76.0)] {
        let (system, database) = many::start().await;
        let sent =
            json!({"cipherText": share(0, OURS), "backupMethod": "GDRIVE", "backupSharePairId": "pair-1"});
        assert_eq!(system.store(sent).await.status, 200);
        CLIENTS.bury(&system, &database, buried, "ICLOUD").await;
        let scene = Scene::of((system, database)).await;
        for query in ["backupMethod=GDRIVE", "backupMethod=GDRIVE&backupSharePairId=pair-1"] {
            let (cost, answer) = scene.cost(getting(query)).await;
            // What is not among the newest 64 is on a second page.
            let pages = if buried == 0 { 1 } else { 2 };
            assert_eq!(
                (cost.status, cost.kms, cost.dynamodb, cost.in_sequence),
                (200, 1, pages + 2, pages + 2),
                "{query}"
            );
            assert_eq!((cost.decrypts, cost.read_units), (1, read_units), "{query}");
            assert_eq!(answer.body["cipherText"], share(0, OURS));
        }
    }
}

/// Two thousand that are withdrawn as one span cost a get one query more, and a fetch nothing.
#[tokio::test]
async fn a_withdrawn_span_costs_one_query_however_many_shares_it_has() {
    for (half, bytes, dynamodb, in_sequence, read_units) in
        [(CLIENTS, OURS, 4, 4, 9.0), (CUSTODIANS, PORTALS, 5, 5, 12.0)]
    {
        let (system, database) = filled(half, 1, bytes).await;
        half.bury(&system, &database, 2000, "GDRIVE").await;
        let [.., time] = half.newest_rows(&system).await;
        let at: u64 = time["sk"].as_s().unwrap()[5..21].parse().unwrap();
        system.hold(half, CLIENT, span(at, at, None)).await;
        let scene = Scene::of((system, database)).await;
        let (cost, answer) = scene.cost(half.reading()).await;
        assert_eq!((cost.status, half.given(&answer.body)), (200, vec![share(0, bytes)]));
        assert_eq!((cost.kms, cost.decrypts), (1, 1));
        assert_eq!(
            (cost.dynamodb, cost.in_sequence, cost.read_units),
            (dynamodb, in_sequence, read_units),
            "{half:?}"
        );
    }
}

#[tokio::test]
async fn of_what_is_not_there_only_the_time_rows_and_the_stops_are_read() {
    let scene = Scene::of(many::start().await).await;
    for (event, status) in
        [(getting(""), 404), (getting("backupMethod=GDRIVE"), 404), (CUSTODIANS.reading(), 200)]
    {
        let nothing = Cost { status, dynamodb: 2, in_sequence: 1, ..Cost::default() };
        let (mut cost, _) = scene.cost(event).await;
        // AWS counts a query that finds nothing as the smallest one.
        cost.read_units = 0.0;
        assert_eq!(cost, nothing);
    }
}

#[tokio::test]
async fn a_fetch_opens_what_it_gives_and_nothing_else() {
    // Two read units for each share, and one for the stops and for each 4 KB of time rows.
    for (count, buried, dynamodb, in_sequence, read_units) in [
        (1, 0, 3, 3, 4.0),
        (2, 0, 3, 3, 6.0),
        (33, 0, 4, 4, 69.0),
        (128, 0, 7, 7, 265.0),
        (128, 2000, 7, 7, 265.0),
    ] {
        let (system, database) = filled(CUSTODIANS, count.min(64), PORTALS).await;
        CUSTODIANS.bury(&system, &database, buried, "GDRIVE").await;
        CUSTODIANS.fill(&system, 64..count.max(64), PORTALS).await;
        let scene = Scene::of((system, database)).await;
        let (cost, answer) = scene.cost(CUSTODIANS.reading()).await;
        assert_eq!((cost.status, answer.shares().len()), (200, count));
        assert_eq!(
            (cost.kms, cost.decrypts, cost.read_units),
            (count, count, read_units),
            "{count} and {buried}"
        );
        assert_eq!((cost.dynamodb, cost.in_sequence), (dynamodb, in_sequence), "{count} and {buried}");
        assert_eq!(answer.shares()[0], share(count - 1, PORTALS), "{CLIENT}");
    }
}

#[tokio::test]
async fn a_fetch_of_large_shares_reads_one_turn_of_each_end_and_opens_what_it_gives() {
    let (mut system, _) = filled(CUSTODIANS, 80, MAX_SHARE_BYTES).await;
    let [dynamodb, kms] = system.intercept_both(|_, _| Fate::Pass, |_, _| Fate::Pass).await;
    assert_eq!(system.call(CUSTODIANS.reading()).await.shares().len(), 38);
    // The stops, the list, and a turn of 32 rows of each end, of which 19 have room.
    assert_eq!((dynamodb.seen().len(), kms.seen().len()), (2 + 2, 38));
}
