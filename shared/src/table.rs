//! The rows: one share each, inserted once, never changed, never removed.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client, error::SdkError, operation::put_item::PutItemError, primitives::Blob, types::AttributeValue,
};

use crate::{
    error::{AwsFailure, Error, Result},
    log,
    share::{ClientId, Kind, RowDigest, Slot},
};

const PARTITION_KEY: &str = "pk";
const SORT_KEY: &str = "sk";
const SEALED: &str = "sealed";
const STORED_AT: &str = "stored_at";
const KEY_ID: &str = "key_id";

/// The one table of one half.
pub struct Table {
    client: Client,
    name: String,
    kind: Kind,
}

/// A stored share, still sealed. Nothing in it is verified until it is opened.
pub struct Row {
    /// Where it belongs, by its key.
    pub slot: Slot,
    /// What its key says that its slot and share hash to.
    pub digest: RowDigest,
    /// When it was sealed, in milliseconds since 1970.
    pub stored_at: u64,
    /// Id of the KMS key that wrapped its data key.
    pub key_id: String,
    /// The envelope.
    pub sealed: Vec<u8>,
}

impl Row {
    /// Newest last: by time, then by row key, so that the order never depends on how rows arrive.
    pub fn age(&self) -> (u64, String) {
        (self.stored_at, self.slot.row_key(&self.digest))
    }
}

/// A row that claims to be a share and can't be read as one.
pub struct Unreadable {
    /// Its sort key, empty if it has none.
    pub row_key: String,
    /// Where it belongs, if at least its key can be read.
    pub slot: Option<Slot>,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Table {
    pub const fn new(client: Client, name: String, kind: Kind) -> Self {
        Self { client, name, kind }
    }

    /// Inserts a row, durably, unless it is there: the same share in the same slot, from an earlier request or an
    /// earlier attempt of this one.
    pub async fn insert(&self, row: Row) -> Result<()> {
        log::aws_call();
        let inserted = self
            .client
            .put_item()
            .table_name(&self.name)
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PARTITION_KEY)
            .set_item(Some(into_item(row)))
            .send()
            .await;
        let repeated = inserted.as_ref().is_err_and(is_there);
        log::repeated(repeated);
        match inserted {
            Err(error) if !repeated => Err(Error::Unavailable(AwsFailure::new("PutItem", &error))),
            _ => Ok(()),
        }
    }

    /// Hands every row of a client to `take`, page by page, as they stood when the last write was acknowledged or
    /// later.
    pub async fn each(
        &self,
        client: &ClientId,
        mut take: impl FnMut(Result<Row, Unreadable>) -> Result<()>,
    ) -> Result<()> {
        let mut start = None;
        loop {
            log::aws_call();
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .consistent_read(true)
                .key_condition_expression("#pk = :client")
                .expression_attribute_names("#pk", PARTITION_KEY)
                .expression_attribute_values(":client", AttributeValue::S(client.as_str().into()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::Unavailable(AwsFailure::new("Query", &error)))?;
            for item in page.items.unwrap_or_default() {
                from_item(self.kind, client, item).transpose().map_or(Ok(()), &mut take)?;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
    }
}

fn is_there<R>(error: &SdkError<PutItemError, R>) -> bool {
    error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception)
}

fn into_item(row: Row) -> HashMap<String, AttributeValue> {
    let sort_key = row.slot.row_key(&row.digest);
    [
        (PARTITION_KEY, AttributeValue::S(row.slot.client.as_str().into())),
        (SORT_KEY, AttributeValue::S(sort_key)),
        (SEALED, AttributeValue::B(Blob::new(row.sealed))),
        (STORED_AT, AttributeValue::N(row.stored_at.to_string())),
        (KEY_ID, AttributeValue::S(row.key_id)),
    ]
    .map(|(name, value)| (name.into(), value))
    .into()
}

/// A row of a query's answer; `None` for one that is no share.
fn from_item(
    kind: Kind,
    client: &ClientId,
    mut item: HashMap<String, AttributeValue>,
) -> Result<Option<Row>, Unreadable> {
    let row_key = match item.remove(SORT_KEY) {
        Some(AttributeValue::S(row_key)) if Slot::is_row_key(&row_key) => row_key,
        Some(AttributeValue::S(_)) => return Ok(None),
        _ => return Err(Unreadable { row_key: String::new(), slot: None, why: "the row has no key" }),
    };
    let Some((slot, digest)) = Slot::from_row_key(kind, client, &row_key) else {
        return Err(Unreadable { row_key, slot: None, why: "the row's key is malformed" });
    };
    let attributes = (item.remove(SEALED), item.remove(STORED_AT), item.remove(KEY_ID));
    if let (Some(AttributeValue::B(sealed)), Some(stored_at), Some(AttributeValue::S(key_id))) = attributes
        && let Some(stored_at) = milliseconds(&stored_at)
    {
        return Ok(Some(Row { slot, digest, stored_at, key_id, sealed: sealed.into_inner() }));
    }
    Err(Unreadable { row_key, slot: Some(slot), why: "an attribute is missing or of the wrong type" })
}

fn milliseconds(value: &AttributeValue) -> Option<u64> {
    value.as_n().ok()?.parse().ok()
}
