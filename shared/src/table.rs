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

/// What an insert found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// A new row.
    Now,
    /// This very share, in this very slot, from an earlier request or an earlier attempt of this one.
    Before,
}

impl Table {
    pub const fn new(client: Client, name: String, kind: Kind) -> Self {
        Self { client, name, kind }
    }

    /// Inserts a row, durably, unless it is there.
    pub async fn insert(&self, row: Row) -> Result<Stored> {
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
        match inserted {
            Ok(_) => Ok(Stored::Now),
            Err(error) if is_there(&error) => Ok(Stored::Before),
            Err(error) => Err(Error::Unavailable(AwsFailure::new("PutItem", &error))),
        }
    }

    /// Hands every row of a client to `take`, page by page, as they stood when the last write was acknowledged or
    /// later. A row that can't be read as one is handed over as the error that it is.
    pub async fn each(
        &self,
        client: &ClientId,
        mut take: impl FnMut(Result<Row>) -> Result<()>,
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

fn from_item(
    kind: Kind,
    client: &ClientId,
    mut item: HashMap<String, AttributeValue>,
) -> Result<Option<Row>> {
    let malformed = || Error::Tampered("the row lacks an attribute, or one has the wrong type");
    let Some(AttributeValue::S(sort_key)) = item.remove(SORT_KEY) else { return Err(malformed()) };
    let Some((slot, digest)) = Slot::from_row_key(kind, client, &sort_key)? else { return Ok(None) };
    let (
        Some(AttributeValue::B(sealed)),
        Some(AttributeValue::N(stored_at)),
        Some(AttributeValue::S(key_id)),
    ) = (item.remove(SEALED), item.remove(STORED_AT), item.remove(KEY_ID))
    else {
        return Err(malformed());
    };
    let stored_at = stored_at.parse().map_err(|_| malformed())?;
    Ok(Some(Row { slot, digest, stored_at, key_id, sealed: sealed.into_inner() }))
}
