//! The opener for the day on which nothing else of this project is there: `tools/open-row`.

use std::{collections::HashMap, process::Output};

use backup_shares::slot::Kind;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    event::CLIENT,
    half::{CLIENTS, CUSTODIANS, HALVES, Half},
    many::as_json,
    operator::{self, OPENER},
    python::ended,
    system::System,
};

const SHARE: &str = "{\"é\": \"漢 \u{1F511}\"}\n";

/// The ends that docs and script name.
const MISTAKE: Option<i32> = Some(2);
const NOT_AS_STORED: Option<i32> = Some(3);
const OTHER_VERSION: Option<i32> = Some(4);

/// A row in a file, and its data key.
struct Drawn {
    kind: &'static str,
    folder: TempDir,
    item: Value,
    data_key: String,
}

impl Drawn {
    /// Stores a share, and takes its row out of the table and its data key from KMS.
    async fn of(half: Half) -> Self {
        let system = System::start().await;
        half.store(&system, SHARE, "GDRIVE-ED25519").await;
        let row = system.shares(half.reads).await.remove(0);
        let kind = if half == CLIENTS { Kind::Client } else { Kind::Custodian }.as_str();
        let folder = TempDir::new().unwrap();
        let mut drawn = Self { kind, folder, item: as_json(&row), data_key: String::new() };
        drawn.writes(&drawn.item);
        let wrapped = BASE64_STANDARD.encode(drawn.good("wrapped").await);
        let context = String::from_utf8(drawn.good("context").await).unwrap();
        let context = context.split(',').map(|pair| pair.split_once('=').unwrap());
        let context: HashMap<_, _> = context.map(|(name, value)| (name.into(), value.into())).collect();
        drawn.data_key = operator::unwrap(&system.aws, &row, &wrapped, context).await;
        drawn
    }

    fn writes(&self, item: &Value) {
        std::fs::write(self.folder.path().join("row.json"), json!({ "Item": item }).to_string()).unwrap();
    }

    /// What an operator types, with the data key on standard input.
    async fn asks(&self, what: &str, kind: &str, client: &str, data_key: &str) -> Output {
        let row = self.folder.path().join("row.json");
        let script = OPENER.command(&[what, kind, client, row.to_str().unwrap()]).await;
        ended(script, data_key.as_bytes()).await
    }

    async fn good(&self, what: &str) -> Vec<u8> {
        let output = self.asks(what, self.kind, CLIENT, &format!("{}\n", self.data_key)).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// It is refused with this code and says this; it gives nothing, and shows neither key nor share.
    async fn is_refused(&self, [kind, client, data_key]: [&str; 3], code: Option<i32>, says: &str) {
        let output = self.asks("share", kind, client, data_key).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), code, "{said}");
        assert!(said.contains(says), "{said:?} doesn't say {says:?}");
        assert!(output.stdout.is_empty() && !said.contains(&self.data_key) && !said.contains('漢'), "{said}");
    }

    /// Another row in its place is refused.
    async fn refuses(&self, name: &str, value: Value, code: Option<i32>, says: &str) {
        let mut item = self.item.clone();
        item[name] = value;
        self.writes(&item);
        self.is_refused([self.kind, CLIENT, &self.data_key], code, says).await;
    }

    /// The envelope with another byte in it.
    fn flipped(&self, index: usize) -> Value {
        let mut sealed = BASE64_STANDARD.decode(self.item["sealed"]["B"].as_str().unwrap()).unwrap();
        sealed[index] ^= 2;
        json!({"B": BASE64_STANDARD.encode(sealed)})
    }
}

#[tokio::test]
async fn an_operator_opens_a_row_without_any_of_this_code() {
    for half in HALVES {
        let drawn = Drawn::of(half).await;
        assert_eq!(String::from_utf8(drawn.good("share").await).unwrap(), SHARE, "{}", drawn.kind);
    }
}

#[tokio::test]
async fn e10_the_opener_takes_half_and_client_from_its_caller_and_not_from_the_row() {
    let drawn = Drawn::of(CUSTODIANS).await;
    let key = &*drawn.data_key;
    drawn.is_refused(["client", CLIENT, key], NOT_AS_STORED, "not what was sealed").await;
    drawn.is_refused(["custodian", "another", key], MISTAKE, "no row of another").await;
    drawn.refuses("pk", json!({"S": "another"}), MISTAKE, "another client's").await;
    let mut moved = drawn.item.clone();
    moved["pk"] = json!({"S": "another"});
    drawn.writes(&moved);
    drawn.is_refused(["custodian", "another", key], NOT_AS_STORED, "not what was sealed").await;
}

#[tokio::test]
async fn e8_the_opener_tells_a_later_version_from_tampering() {
    let drawn = Drawn::of(CLIENTS).await;
    drawn.refuses("sealed", drawn.flipped(3), OTHER_VERSION, "version 3 of the format").await;
    drawn.refuses("sealed", drawn.flipped(0), NOT_AS_STORED, "not an envelope").await;
    drawn.refuses("sealed", drawn.flipped(4), NOT_AS_STORED, "another data key").await;
}

#[tokio::test]
async fn e11_e17_the_opener_refuses_a_row_that_says_something_else() {
    let drawn = Drawn::of(CUSTODIANS).await;
    let digest = format!("share#{}", "0".repeat(64));
    for (name, value, says) in [
        ("method", json!({"S": "GDRIVE"}), "not what was sealed"),
        ("method", json!({"S": "G,app=another"}), "its method is none"),
        ("method", json!({"N": "1"}), "no method of type S"),
        ("pair", json!({"S": "pair-2"}), "not what was sealed"),
        ("pair", json!({"S": ""}), "its pair is none"),
        ("at", json!({"N": "1"}), "not what was sealed"),
        ("at", json!({"N": "10000000000000000"}), "its at is none"),
        ("sk", json!({ "S": digest }), "another share"),
        ("sealed", json!({"S": "raw"}), "no sealed of type B"),
        ("sealed", json!({"B": "="}), "no base64"),
        ("sealed", json!({"B": "é"}), "no base64"),
        ("sealed", json!(null), "no sealed of type B"),
        ("sealed", json!({"B": ""}), "not an envelope"),
    ] {
        drawn.refuses(name, value, NOT_AS_STORED, says).await;
    }
}

#[tokio::test]
async fn the_opener_says_what_its_caller_has_to_do_otherwise() {
    let drawn = Drawn::of(CUSTODIANS).await;
    let (kind, key) = (drawn.kind, &*drawn.data_key);
    for wrong in ["", "\n", "no base64", "AAAA", "é"] {
        drawn.is_refused([kind, CLIENT, wrong], MISTAKE, "holds no data key").await;
    }
    let another = BASE64_STANDARD.encode([7; 32]);
    drawn.is_refused([kind, CLIENT, &another], NOT_AS_STORED, "another data key").await;
    drawn.is_refused([kind, "a b", key], MISTAKE, "a client id is").await;
    drawn.is_refused(["webhook", CLIENT, key], MISTAKE, "invalid choice").await;
    for empty in ["", "{}", "[]", "{\"Item\"", "{\"Item\":null}"] {
        std::fs::write(drawn.folder.path().join("row.json"), empty).unwrap();
        drawn.is_refused([kind, CLIENT, key], MISTAKE, "holds no row").await;
    }
}
