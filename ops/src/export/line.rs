//! A row as a line of text: DynamoDB's own JSON, its key first. Two rows are the same when their lines are.

use std::{collections::BTreeMap, fmt::Write};

use aws_sdk_dynamodb::types::AttributeValue;
use backup_shares::table::{Item, PARTITION_KEY, SORT_KEY};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{failed::Failed, scan::Key};

/// A row's line, without its end; `None` when this build can't write all of it.
pub fn line(key: &Key, item: &Item) -> Option<String> {
    let text = |text: &str| json!({ "S": text });
    let mut line = format!(r#"{{"{PARTITION_KEY}":{},"{SORT_KEY}":{}"#, text(&key.pk), text(&key.sk));
    let others = item.iter().filter(|(name, _)| ![PARTITION_KEY, SORT_KEY].contains(&name.as_str()));
    for (name, value) in others.collect::<BTreeMap<_, _>>() {
        write!(line, ",{}:{}", json!(name), typed(value)?).ok()?;
    }
    line.push('}');
    Some(line)
}

/// A row has an attribute of a type that was not there when this was built.
pub fn unknown_type(key: &Key) -> Failed {
    Failed::not_done(format!(
        "{key}: it has an attribute of a type that this build does not know: take a newer one"
    ))
}

/// The key of a row's line; `None` when it is none.
pub fn key(line: &[u8]) -> Option<Key> {
    let Keyed { pk, sk } = serde_json::from_slice(line).ok()?;
    Some(Key { pk: pk.s, sk: sk.s })
}

#[derive(Deserialize)]
struct Keyed {
    pk: Text,
    sk: Text,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    s: String,
}

/// A value with its type. What has no order of its own is sorted.
fn typed(value: &AttributeValue) -> Option<Value> {
    let base64 = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    Some(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": base64(bytes.as_ref()) }),
        AttributeValue::Bool(yes) => json!({ "BOOL": yes }),
        AttributeValue::Null(yes) => json!({ "NULL": yes }),
        AttributeValue::Ss(texts) => json!({ "SS": sorted(texts.clone()) }),
        AttributeValue::Ns(numbers) => json!({ "NS": sorted(numbers.clone()) }),
        AttributeValue::Bs(all) => {
            json!({ "BS": sorted(all.iter().map(|bytes| base64(bytes.as_ref())).collect()) })
        }
        AttributeValue::L(values) => json!({ "L": values.iter().map(typed).collect::<Option<Vec<_>>>()? }),
        AttributeValue::M(values) => {
            let sorted: BTreeMap<_, _> = values.iter().collect();
            let typed = |(name, value): (&String, _)| Some((name.clone(), typed(value)?));
            json!({ "M": sorted.into_iter().map(typed).collect::<Option<serde_json::Map<_, _>>>()? })
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::primitives::Blob;

    #[test]
    fn a_rows_line_is_the_same_in_whatever_order_its_attributes_come() {
        let text = |text: &str| AttributeValue::S(text.into());
        let of = |values: &[(&str, AttributeValue)]| -> Item {
            values.iter().map(|(name, value)| ((*name).into(), value.clone())).collect()
        };
        let item = of(&[
            ("sk", text("two\n")),
            ("pk", text("one\"")),
            ("at", AttributeValue::N("7".into())),
            ("sealed", AttributeValue::B(Blob::new("PBS"))),
            ("a", AttributeValue::Ss(vec!["b".into(), "a".into()])),
            (
                "m",
                AttributeValue::M(of(&[
                    ("y", AttributeValue::Bool(true)),
                    ("x", AttributeValue::L(vec![text("")])),
                ])),
            ),
        ]);
        let key = Key::of(&item).unwrap();
        let line = line(&key, &item).unwrap();
        assert_eq!(
            line,
            r#"{"pk":{"S":"one\""},"sk":{"S":"two\n"},"a":{"SS":["a","b"]},"at":{"N":"7"},"m":{"M":{"x":{"L":[{"S":""}]},"y":{"BOOL":true}}},"sealed":{"B":"UEJT"}}"#
        );
        assert_eq!(super::key(line.as_bytes()), Some(key));
    }

    #[test]
    fn what_is_no_rows_line_has_no_key() {
        for line in ["", "{}", r#"{"pk":{"S":"a"}}"#, r#"{"pk":{"N":"1"},"sk":{"S":"a"}}"#, r#"{"rows":1}"#] {
            assert_eq!(key(line.as_bytes()), None, "{line}");
        }
    }
}
