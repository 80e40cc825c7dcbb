//! Rows, and the items that DynamoDB keeps of them.

#[cfg(test)]
mod properties;

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

use crate::{
    envelope::Envelope,
    ids::ClientId,
    row_key::{LATEST, TimeKey, share_key},
    slot::{Kind, RowDigest, Slot},
};

/// Name of the partition key's attribute.
pub const PARTITION_KEY: &str = "pk";
/// Name of the sort key's attribute.
pub const SORT_KEY: &str = "sk";
pub const METHOD: &str = "method";
pub const PAIR: &str = "pair";
const AT: &str = "at";
const SEALED: &str = "sealed";
const KEY_ID: &str = "key_id";

/// A row as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// A row's attributes, to be written.
pub type Values = Vec<(&'static str, AttributeValue)>;

/// A stored share, still sealed. Nothing in it is verified until it is opened.
pub struct ShareRow {
    /// Where it belongs.
    pub slot: Slot,
    /// What its key says that its slot and share hash to.
    pub digest: RowDigest,
    /// When it was first sealed, in milliseconds since 1970.
    pub at: u64,
    /// Id of the KMS key that wrapped its data key.
    pub key_id: String,
    /// The envelope.
    pub sealed: Vec<u8>,
}

impl ShareRow {
    /// What says from when on the share is stored.
    pub fn time_key(&self) -> TimeKey {
        TimeKey { at: self.at, digest: self.digest.clone() }
    }

    /// The key of its time row, from which a page can go on.
    pub fn start(&self) -> Item {
        let [_, client, ..] = self.slot.parts();
        let key = [(PARTITION_KEY, client.to_owned()), (SORT_KEY, self.time_key().to_string())];
        key.map(|(name, value)| (name.into(), AttributeValue::S(value))).into()
    }

    /// The length of its share, in bytes, by its envelope; 0 for what is none.
    pub fn share_len(&self) -> usize {
        Envelope::parse(&self.sealed).map_or(0, |envelope| envelope.share_len())
    }

    pub(super) fn values(&self) -> Values {
        let mut values = common(&self.slot, share_key(&self.digest));
        values.extend([
            (AT, AttributeValue::N(self.at.to_string())),
            (KEY_ID, AttributeValue::S(self.key_id.clone())),
            (SEALED, AttributeValue::B(Blob::new(self.sealed.as_slice()))),
        ]);
        values
    }

    /// Reads the item of a share's row, or says what is wrong with it.
    ///
    /// # Errors
    /// What can't be read.
    pub fn read(
        kind: Kind,
        client: &ClientId,
        digest: &RowDigest,
        mut item: Item,
    ) -> Result<Self, &'static str> {
        let slot = slot(kind, client, &item).ok_or("its method or pair can't be read")?;
        let at = item.get(AT).and_then(milliseconds).ok_or("its time can't be read")?;
        match (item.remove(KEY_ID), item.remove(SEALED)) {
            (Some(AttributeValue::S(key_id)), Some(AttributeValue::B(sealed))) => {
                Ok(Self { slot, digest: digest.clone(), at, key_id, sealed: sealed.into_inner() })
            }
            _ => Err("its envelope or the id of its key can't be read"),
        }
    }
}

/// That a share is stored, and since when. What can't be read of it is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeRow {
    /// Its sort key: all time rows stand in the order of theirs.
    pub row_key: String,
    /// When it was sealed, and which share it is.
    pub key: Option<TimeKey>,
    /// Where the share belongs, its method by its meaning.
    pub slot: Option<Slot>,
}

impl TimeRow {
    /// Reads the item of a time row, as far as it can be read.
    pub fn read(kind: Kind, client: &ClientId, item: &Item) -> Self {
        let row_key = text(item, SORT_KEY).unwrap_or_default().to_owned();
        Self { key: TimeKey::parse(&row_key), slot: slot(kind, client, item), row_key }
    }
}

/// The method by its meaning, so that a read by any spelling finds it.
pub(super) fn time_values(slot: &Slot, key: &TimeKey) -> Values {
    common(&Slot { method: slot.method.meaning(), ..slot.clone() }, key.to_string())
}

fn common(slot: &Slot, row_key: String) -> Values {
    let [_, client, method, pair] = slot.parts();
    let text = |text: &str| AttributeValue::S(text.into());
    vec![
        (PARTITION_KEY, text(client)),
        (SORT_KEY, AttributeValue::S(row_key)),
        (METHOD, text(method)),
        (PAIR, text(pair)),
    ]
}

/// The text of an attribute; `None` when it is not there, or no text.
pub fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn slot(kind: Kind, client: &ClientId, item: &Item) -> Option<Slot> {
    Slot::from_row(kind, client, text(item, METHOD)?, text(item, PAIR)?)
}

pub(super) fn milliseconds(value: &AttributeValue) -> Option<u64> {
    value.as_n().ok()?.parse().ok().filter(|at| *at <= LATEST)
}
