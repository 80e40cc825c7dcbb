//! The rows: one share each, inserted once, never changed, never removed.

#[cfg(test)]
mod properties;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{
        put_item::PutItemError,
        query::{QueryOutput, builders::QueryFluentBuilder},
    },
    primitives::Blob,
    types::AttributeValue,
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

type Item = HashMap<String, AttributeValue>;

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

/// What a listing says of a row: enough to choose by.
pub struct Listed {
    /// Where it belongs, by its key.
    pub slot: Slot,
    digest: RowDigest,
    stored_at: u64,
    /// The whole row, where the listing came with it.
    whole: Option<Item>,
}

impl Listed {
    /// Newest last: by time, then by row key, so that the order never depends on how rows arrive.
    pub fn age(&self) -> (u64, String) {
        (self.stored_at, self.row_key())
    }

    /// The row's sort key.
    pub fn row_key(&self) -> String {
        self.slot.row_key(&self.digest)
    }
}

/// A row that claims to be a share, and doesn't say which or from when.
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

    /// Lists every row of a client to `take`, page by page, as they stood when the last write was acknowledged or
    /// later. The first page, which is all of nearly every client, comes whole; of later ones only what it takes to
    /// choose (docs/decisions/0009).
    pub async fn list(
        &self,
        client: &ClientId,
        mut take: impl FnMut(Result<Listed, Unreadable>) -> Result<()>,
    ) -> Result<()> {
        let mut start = None;
        loop {
            let query = self.rows_of(client).key_condition_expression("#pk = :client");
            let query = if start.is_none() { query } else { only_to_choose_by(query) };
            let page = send(query.set_exclusive_start_key(start.clone())).await?;
            for item in page.items.unwrap_or_default() {
                let whole = start.is_none();
                from_item(self.kind, client, item, whole).transpose().map_or(Ok(()), &mut take)?;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// Reads a row that was listed, if the listing did not come with it.
    ///
    /// # Errors
    /// [`Error::Tampered`] when it is not of the form that we write.
    pub async fn read(&self, listed: Listed) -> Result<Row> {
        let item = match listed.whole {
            Some(item) => item,
            None => self.item(&listed.slot.client, listed.slot.row_key(&listed.digest)).await?,
        };
        let Listed { slot, digest, stored_at, .. } = listed;
        let (key_id, sealed) = contents(item)
            .ok_or(Error::Tampered("an attribute of its row is missing or of the wrong type"))?;
        Ok(Row { slot, digest, stored_at, key_id, sealed })
    }

    /// A row by its key. By `Query`, the one right to read that a function's role has.
    async fn item(&self, client: &ClientId, row_key: String) -> Result<Item> {
        let query = self
            .rows_of(client)
            .key_condition_expression("#pk = :client AND #sk = :row")
            .expression_attribute_names("#sk", SORT_KEY)
            .expression_attribute_values(":row", AttributeValue::S(row_key));
        send(query).await?.items.unwrap_or_default().pop().ok_or(Error::Removed)
    }

    fn rows_of(&self, client: &ClientId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .expression_attribute_names("#pk", PARTITION_KEY)
            .expression_attribute_values(":client", AttributeValue::S(client.as_str().into()))
    }
}

fn only_to_choose_by(query: QueryFluentBuilder) -> QueryFluentBuilder {
    query
        .projection_expression("#sk, #stored_at")
        .expression_attribute_names("#sk", SORT_KEY)
        .expression_attribute_names("#stored_at", STORED_AT)
}

async fn send(query: QueryFluentBuilder) -> Result<QueryOutput> {
    log::aws_call();
    query.send().await.map_err(|error| Error::Unavailable(AwsFailure::new("Query", &error)))
}

fn is_there<R>(error: &SdkError<PutItemError, R>) -> bool {
    error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception)
}

fn into_item(row: Row) -> Item {
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
    mut item: Item,
    whole: bool,
) -> Result<Option<Listed>, Unreadable> {
    let row_key = match item.remove(SORT_KEY) {
        Some(AttributeValue::S(row_key)) if Slot::is_row_key(&row_key) => row_key,
        Some(AttributeValue::S(_)) => return Ok(None),
        _ => return Err(Unreadable { row_key: String::new(), slot: None, why: "the row has no key" }),
    };
    let Some((slot, digest)) = Slot::from_row_key(kind, client, &row_key) else {
        return Err(Unreadable { row_key, slot: None, why: "the row's key is malformed" });
    };
    match item.get(STORED_AT).and_then(milliseconds) {
        Some(stored_at) => Ok(Some(Listed { slot, digest, stored_at, whole: whole.then_some(item) })),
        None => Err(Unreadable { row_key, slot: Some(slot), why: "the row's time can't be read" }),
    }
}

fn contents(mut item: Item) -> Option<(String, Vec<u8>)> {
    match (item.remove(KEY_ID)?, item.remove(SEALED)?) {
        (AttributeValue::S(key_id), AttributeValue::B(sealed)) => Some((key_id, sealed.into_inner())),
        _ => None,
    }
}

fn milliseconds(value: &AttributeValue) -> Option<u64> {
    value.as_n().ok()?.parse().ok()
}
