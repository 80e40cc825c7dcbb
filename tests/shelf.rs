//! One client's rows as DynamoDB pages them, from memory, for figures alone: the embedded DynamoDB reads all rows that
//! remain for each page, and so measures itself.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::prelude::{BASE64_STANDARD, Engine};
use local::faults::{Fate, Fault, Seen};
use serde_json::{Value, json};

use crate::system::Item;

const PAGE_BYTES: usize = 1024 * 1024;

/// Rows by their sort keys.
#[derive(Clone, Default)]
pub struct Shelf(BTreeMap<String, Row>);

#[derive(Clone)]
struct Row {
    stored_at: u64,
    contents: Arc<str>,
}

impl Shelf {
    /// Adds a row as it was stored.
    pub fn add(&mut self, item: &Item) {
        let item = as_json(item);
        let contents = ["pk", "key_id", "sealed"].map(|name| format!("\"{name}\":{}", item[name]));
        let text = |name: &str, kind: &str| item[name][kind].as_str().unwrap().to_owned();
        let row =
            Row { stored_at: text("stored_at", "N").parse().unwrap(), contents: contents.join(",").into() };
        self.0.insert(text("sk", "S"), row);
    }

    /// Adds rows up to that many: older than any other, as large as those, and not to be opened.
    pub fn fill_up(&mut self, count: usize) {
        let contents = Arc::clone(&self.0.first_key_value().unwrap().1.contents);
        for number in self.0.len()..count {
            let row = Row { stored_at: number as u64, contents: Arc::clone(&contents) };
            self.0.insert(format!("share#UNKNOWN#-#{number:064x}"), row);
        }
    }

    /// Answers a `Query` in the service's place; anything else is passed.
    pub fn fate(&self, call: &Seen) -> Fate {
        if call.operation != "Query" {
            return Fate::Pass;
        }
        let asked: Value = serde_json::from_str(&call.body).unwrap();
        let answer = match asked["ExpressionAttributeValues"][":row"]["S"].as_str() {
            Some(key) => {
                format!("{{\"Items\":[{}]}}", self.0.get_key_value(key).map(whole).unwrap_or_default())
            }
            None => self.page(&asked),
        };
        Fate::Before(Fault::Answer(answer))
    }

    fn page(&self, asked: &Value) -> String {
        let start = asked["ExclusiveStartKey"]["sk"]["S"].as_str().map_or(Unbounded, Excluded);
        let render = if asked["ProjectionExpression"].is_string() { projected } else { whole };
        let mut rows = self.0.range::<str, _>((start, Unbounded)).peekable();
        let (mut items, mut bytes, mut last) = (Vec::new(), 0, None);
        while let Some((key, row)) = rows.next_if(|(_, row)| bytes + stored_bytes(row) <= PAGE_BYTES) {
            bytes += stored_bytes(row);
            items.push(render((key, row)));
            last = Some(key);
        }
        let more = last.filter(|_| rows.peek().is_some());
        let end = more.map(|key| json!({"pk": {"S": "client"}, "sk": {"S": key}}));
        let end = end.map(|key| format!(",\"LastEvaluatedKey\":{key}")).unwrap_or_default();
        format!("{{\"Items\":[{}]{end}}}", items.join(","))
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

/// In the table, where bytes are not base64.
fn stored_bytes(row: &Row) -> usize {
    row.contents.len() * 3 / 4
}

fn projected((key, row): (&String, &Row)) -> String {
    json!({"sk": {"S": key}, "stored_at": {"N": row.stored_at.to_string()}}).to_string()
}

fn whole(row: (&String, &Row)) -> String {
    projected(row).replacen('{', &format!("{{{},", row.1.contents), 1)
}
