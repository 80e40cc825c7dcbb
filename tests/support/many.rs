//! A client with many shares: some stored by the functions, and between them many more, put into the table as they would
//! lie there, which nobody has to open.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::prelude::{BASE64_STANDARD, Engine};
use dynoxide::Database;
use local::kms::Kms;
use serde_json::{Value, json};

use crate::support::{
    event::{CLIENT, Event},
    half::{CLIENTS, Half},
    system::{Answer, Item, System},
};

/// A share by its number, of so many bytes.
pub fn share(number: usize, bytes: usize) -> String {
    format!("{number:06}{}", "x".repeat(bytes - 6))
}

/// A system, and the database of its tables.
pub async fn start() -> (System, Database) {
    let database = Database::memory().unwrap();
    (System::over(Kms::memory(), database.clone()).await, database)
}

impl Half {
    /// The event that stores a share, with more than the function asks for.
    pub fn storing(self, share: &str, method: &str, more: &str) -> Event {
        let share_name = if self == CLIENTS { "cipherText" } else { "share" };
        Event::of(self.stores)
            .body(json!({"clientId": CLIENT, share_name: share, "backupMethod": method, "unknown": more}))
    }

    pub async fn store(self, system: &System, share: &str, method: &str) {
        assert_eq!(system.call(self.storing(share, method, "")).await.status, 200);
    }

    /// Stores that many shares, one after the other.
    pub async fn fill(self, system: &System, numbers: std::ops::Range<usize>, bytes: usize) {
        for number in numbers {
            self.store(system, &share(number, bytes), "GDRIVE").await;
        }
    }

    /// Puts as many shares into the table, of a method and of the size of those that are there, later than those.
    pub async fn bury(self, system: &System, database: &Database, count: usize, method: &str) {
        let [row, time] = self.newest_rows(system).await;
        let at: u64 = row["at"].as_n().unwrap().parse().unwrap();
        let (mut row, mut time) = (as_json(&row), as_json(&time));
        for of in [&mut row, &mut time] {
            of["method"] = json!({ "S": method });
            of["pair"] = json!({"S": "another"});
        }
        row["at"] = json!({ "N": (at + 1).to_string() });
        for number in 0..count {
            row["sk"] = json!({ "S": format!("share#{number:064x}") });
            time["sk"] = json!({ "S": format!("time#{:016}#{number:064x}", at + 1) });
            for item in [&row, &time] {
                let put = json!({"TableName": system.table(self.stores), "Item": item});
                database.put_item(serde_json::from_value(put).unwrap()).unwrap();
            }
        }
    }

    /// The event that asks for all that can be had.
    pub fn reading(self) -> Event {
        match self {
            CLIENTS => Event::of(self.reads).query(""),
            _ => Event::of(self.reads).body(json!({ "clientId": CLIENT })),
        }
    }

    pub async fn read(self, system: &System) -> Answer {
        system.call(self.reading()).await
    }

    /// The shares of an answer.
    pub fn given(self, body: &Value) -> Vec<String> {
        match self {
            CLIENTS => vec![body["cipherText"].as_str().unwrap().into()],
            _ => serde_json::from_value(body["backupShares"].clone()).unwrap(),
        }
    }
}

/// An item in DynamoDB's JSON.
pub fn as_json(item: &Item) -> Value {
    let typed = |value: &AttributeValue| match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": BASE64_STANDARD.encode(bytes) }),
        other => panic!("{other:?} is not in our rows"),
    };
    item.iter().map(|(name, value)| (name.clone(), typed(value))).collect()
}
