//! What a release has written, every later build reads: `tests/custody/frozen/` holds the data of each release, as it was then.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use backup_shares::slot::Kind;
use local::{dynamodb, kms::Kms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    event::Event,
    fixtures, operator,
    project::root,
    system::{Answer, Item, System},
};

const DATABASE: &str = "dynamodb.sqlite";
const KEYS: &str = "kms-test-keys.json";
const EXPECTED: &str = "expected.json";
const HALVES: [(&str, Kind); 2] = [("store-backup", Kind::Client), ("webhook-backup", Kind::Custodian)];

/// What a release was sent, and what it then answered.
#[derive(Deserialize, Serialize)]
struct Expected {
    stores: Vec<Store>,
    gets: Vec<Get>,
    lists: Vec<List>,
    fetches: Vec<Fetch>,
}

#[derive(Clone, Deserialize, Serialize)]
struct Store {
    function: String,
    client: String,
    body: Value,
}

#[derive(Deserialize, Serialize)]
struct Get {
    client: String,
    query: String,
    status: u16,
    body: Value,
}

#[derive(Deserialize, Serialize)]
struct List {
    client: String,
    status: u16,
    body: Value,
}

#[derive(Deserialize, Serialize)]
struct Fetch {
    client: String,
    status: u16,
    body: Value,
}

impl Store {
    fn ours(client: &str, body: Value) -> Self {
        Self { function: "store-backup".into(), client: client.into(), body }
    }

    fn portals(client: &str, mut body: Value) -> Self {
        body["clientId"] = json!(client);
        Self { function: "webhook-backup".into(), client: client.into(), body }
    }

    async fn send(&self, system: &System) {
        let event = Event::of(&self.function);
        let event = if self.function == "store-backup" { event.client(&self.client) } else { event };
        let answer = system.call(event.body(&self.body)).await;
        assert_eq!(answer.status, 200, "{} {answer:?}", self.body);
    }
}

async fn get(system: &System, client: &str, query: &str) -> (u16, Value) {
    lasting(system.call(Event::of("get-backup").client(client).query(query)).await)
}

async fn list(system: &System, client: &str) -> (u16, Value) {
    lasting(system.call(Event::of("list-backups").client(client).query("")).await)
}

async fn fetch(system: &System, client: &str) -> (u16, Value) {
    lasting(system.call(Event::of("webhook-fetch").body(json!({ "clientId": client }))).await)
}

/// What of an answer stays: messages may be put better.
fn lasting(mut answer: Answer) -> (u16, Value) {
    answer.body.as_object_mut().unwrap().remove("message");
    (answer.status, answer.body)
}

/// A system over the files of that folder.
async fn over(folder: &Path) -> System {
    let kms = Kms::open(&folder.join(KEYS)).unwrap();
    System::over(kms, dynamodb::open(&folder.join(DATABASE)).unwrap()).await
}

/// All rows of both halves.
async fn rows(system: &System) -> BTreeMap<String, Item> {
    let mut rows = BTreeMap::new();
    for (function, _) in HALVES {
        for row in system.rows(function).await {
            let key = [&row["pk"], &row["sk"]].map(|part| part.as_s().unwrap().as_str());
            rows.insert([function, key[0], key[1]].join(" "), row);
        }
    }
    rows
}

/// The frozen data of every release: a copy that may be written to, and what is expected of it.
fn releases() -> Vec<(String, TempDir, Expected)> {
    let entries =
        fs::read_dir(root().join("tests/custody/frozen")).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    assert!(!folders.is_empty());
    let copied = |folder: PathBuf| {
        let copy = TempDir::new().unwrap();
        for file in [DATABASE, KEYS] {
            fs::copy(folder.join(file), copy.path().join(file)).unwrap();
        }
        let expected = serde_json::from_slice(&fs::read(folder.join(EXPECTED)).unwrap()).unwrap();
        (folder.file_name().unwrap().to_str().unwrap().to_owned(), copy, expected)
    };
    folders.into_iter().map(copied).collect()
}

#[tokio::test]
async fn every_route_answers_from_what_a_release_has_stored_as_that_release_did_and_rewrites_nothing() {
    for (release, folder, expected) in releases() {
        let keys = fs::read(folder.path().join(KEYS)).unwrap();
        let system = over(folder.path()).await;
        let before = rows(&system).await;
        for Get { client, query, status, body } in expected.gets {
            assert_eq!(get(&system, &client, &query).await, (status, body), "{release} {query}");
        }
        for List { client, status, body } in expected.lists {
            assert_eq!(list(&system, &client).await, (status, body), "{release} {client}");
        }
        for Fetch { client, status, body } in expected.fetches {
            assert_eq!(fetch(&system, &client).await, (status, body), "{release} {client}");
        }
        assert!(rows(&system).await == before, "{release}: reading has changed a row");
        assert!(
            fs::read(folder.path().join(KEYS)).unwrap() == keys,
            "{release}: reading has changed the keys"
        );
    }
}

#[tokio::test]
async fn what_a_release_has_stored_is_the_same_share_when_it_is_sent_again() {
    for (release, folder, expected) in releases() {
        let system = over(folder.path()).await;
        let before = rows(&system).await;
        assert_eq!(before.len(), 2 * distinct(&expected.stores), "{release}");
        for store in &expected.stores {
            store.send(&system).await;
        }
        assert!(rows(&system).await == before, "{release}: a share has a second row, or another one");
    }
}

/// How many shares these stores make: one a share and slot, and an Enclave form is two.
fn distinct(stores: &[Store]) -> usize {
    let sent: BTreeSet<_> = stores.iter().map(|store| (&store.client, store.body.to_string())).collect();
    sent.iter().map(|(_, body)| if body.contains("secp256k1Ciphertext") { 2 } else { 1 }).sum()
}

#[tokio::test]
async fn every_client_share_that_a_release_has_stored_is_listed_and_given_by_its_id() {
    for (release, folder, expected) in releases() {
        let system = over(folder.path()).await;
        let sent: String = expected.stores.iter().map(|store| store.body.to_string()).collect();
        let mut given = 0;
        for List { client, body, .. } in expected.lists {
            for backup in body["backups"].as_array().unwrap() {
                let query = format!("backupId={}", backup["id"].as_str().unwrap());
                let (status, body) = get(&system, &client, &query).await;
                assert!(status == 200 && sent.contains(&body["cipherText"].to_string()), "{release}: {body}");
                given += 1;
            }
        }
        assert_eq!(given, system.shares("store-backup").await.len(), "{release}");
    }
}

#[tokio::test]
async fn an_operator_opens_every_row_that_a_release_has_written() {
    for (release, folder, expected) in releases() {
        let system = over(folder.path()).await;
        let sent: String = expected.stores.iter().map(|store| store.body.to_string()).collect();
        for (function, kind) in HALVES {
            let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for row in system.shares(function).await {
                let [client, key] = ["pk", "sk"].map(|name| row[name].as_s().unwrap().clone());
                keys.entry(client).or_default().push(key);
            }
            for (client, keys) in keys {
                for share in operator::open(&system.aws, system.table(function), kind, &client, &keys).await {
                    let shown = serde_json::to_string(&share).unwrap();
                    assert!(sent.contains(&shown), "{release}: a row of {client} holds what was never sent");
                }
            }
        }
    }
}

/// Two clients, one of them with the shapes that real shares come in.
fn stores() -> Vec<Store> {
    let (alice, bob) = ("c19vjk2158y5o9bhedinl6agl", "bob_2.x:y-z");
    let unicode = "{\"n\": 1.0e0,\t\"é\":\"漢 \u{1F511} \\ \\u0000\"}\n";
    vec![
        Store::ours(alice, json!({"cipherText": "alice, no method, from an old version"})),
        Store::ours(alice, json!({"backupMethod": "GDRIVE", "cipherText": "alice, GDRIVE, replaced"})),
        Store::ours(alice, json!({"backupMethod": "GDRIVE", "cipherText": "alice, GDRIVE, newest"})),
        Store::ours(
            alice,
            json!({"backupMethod": "ICLOUD", "backupSharePairId": "pair-1", "cipherText": "alice, ICLOUD, pair-1"}),
        ),
        Store::ours(
            alice,
            json!({"backupMethod": "ICLOUD", "backupSharePairId": "pair-2", "cipherText": "alice, ICLOUD, pair-2"}),
        ),
        Store::ours(
            alice,
            json!({"data": {"secp256k1Ciphertext": "alice, CUSTOM, s", "ed25519Ciphertext": "alice, CUSTOM, e"}}),
        ),
        Store::ours(alice, json!({"backupMethod": "PASSKEY", "cipherText": unicode})),
        Store::ours(bob, json!({"backupMethod": "GDRIVE", "cipherText": "alice, GDRIVE, newest"})),
        Store::portals(alice, json!({"share": "alice, custodian, no method"})),
        Store::portals(alice, fixtures::custodian_share("secp256k1")),
        Store::portals(alice, fixtures::custodian_share("ed25519")),
        Store::portals(
            alice,
            json!({"backupMethod": "a+b", "backupSharePairId": "p:_.-9", "share": "alice, custodian, pair"}),
        ),
        Store::portals(
            alice,
            json!({"backupMethod": "GDRIVE", "share": json!({"clientId": "", "backupSharePairId": "pair-1"}).to_string()}),
        ),
        Store::portals(alice, json!({"backupMethod": "PASSWORD", "share": unicode})),
        Store::portals(bob, json!({"backupMethod": "GDRIVE", "share": "bob, custodian, one of two methods"})),
        Store::portals(bob, json!({"backupMethod": "ICLOUD", "share": "bob, custodian, one of two methods"})),
    ]
}

const QUERIES: [&str; 12] = [
    "",
    "backupMethod=GDRIVE",
    "backupMethod=ICLOUD",
    "backupMethod=PASSKEY",
    "backupMethod=PASSWORD",
    "backupMethod=CUSTOM-SECP256K1",
    "backupMethod=CUSTOM-ED25519",
    "backupMethod=UNKNOWN",
    "backupSharePairId=pair-1",
    "backupSharePairId=pair-2&backupMethod=ICLOUD",
    "backupSharePairId=pair-1&backupMethod=GDRIVE",
    "backupSharePairId=pair-3",
];

/// Writes the data of this release, for good (`tests/custody/frozen/README.md`).
#[test]
#[ignore = "writes a folder that stays"]
fn freeze_what_this_release_stores() {
    let name = std::env::var("FREEZE").expect("FREEZE names the folder, such as v2");
    let folder = root().join("tests/custody/frozen").join(name);
    fs::create_dir(&folder).expect("what a release has stored is never written again");
    // The database's last connection ends with the runtime, and leaves one file.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let expected = runtime.block_on(fill(&folder));
    drop(runtime);
    fs::write(folder.join(EXPECTED), serde_json::to_string_pretty(&expected).unwrap() + "\n").unwrap();
    let mut keys: Value = serde_json::from_slice(&fs::read(folder.join(KEYS)).unwrap()).unwrap();
    keys["warning"] = json!("TEST DATA: keys of tests/frozen, which guard nothing but made-up shares.");
    fs::write(folder.join(KEYS), serde_json::to_string_pretty(&keys).unwrap() + "\n").unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
}

async fn fill(folder: &Path) -> Expected {
    let system = over(folder).await;
    let mut expected = Expected { stores: stores(), gets: vec![], lists: vec![], fetches: vec![] };
    for store in &expected.stores {
        store.send(&system).await;
    }
    let stored = expected.stores.iter().map(|store| store.client.clone());
    let clients: BTreeSet<String> = stored.chain(["nobody".into()]).collect();
    for client in clients {
        for query in QUERIES {
            let (status, body) = get(&system, &client, query).await;
            expected.gets.push(Get { client: client.clone(), query: query.into(), status, body });
        }
        let (status, body) = list(&system, &client).await;
        expected.lists.push(List { client: client.clone(), status, body });
        let (status, body) = fetch(&system, &client).await;
        expected.fetches.push(Fetch { client, status, body });
    }
    expected
}
