//! Many rows by their keys, in as few calls as DynamoDB takes (AWS's page on `BatchGetItem`).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::{
    Table,
    row::{Item, PARTITION_KEY, SORT_KEY, ShareRow, text},
};
use crate::{
    error::{AwsFailure, Error, Result},
    ids::ClientId,
    log,
    row_key::{share_digest, share_key},
    slot::RowDigest,
};

/// The rows of shares that were found, each with what is wrong with it if it can't be read.
pub type Found = BTreeMap<RowDigest, Result<ShareRow, &'static str>>;

impl Table {
    /// Those of a client's shares that are there, of at most 100, as they stood when the last write was acknowledged or
    /// later.
    pub(crate) async fn shares(&self, client: &ClientId, digests: BTreeSet<&RowDigest>) -> Result<Found> {
        let mut found = Found::new();
        let mut keys: Vec<Item> = digests.into_iter().map(|digest| key(client, digest)).collect();
        while !keys.is_empty() {
            let asked = keys.len();
            let (items, left) = self.some_of(keys).await?;
            // DynamoDB answers with no more than 1 MB of one client's rows. It says so where it is out of throughput for
            // all of them, and the SDK waits and asks again; so each answer brings the end nearer.
            if left.len() >= asked {
                return Err(Error::NothingRead);
            }
            found.extend(items.into_iter().filter_map(|item| self.read_share(client, item)));
            keys = left;
        }
        Ok(found)
    }

    /// Some of the items of these keys, and the keys of those that have to be asked for again.
    async fn some_of(&self, keys: Vec<Item>) -> Result<(Vec<Item>, Vec<Item>)> {
        let asked = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
        let asked = asked.map_err(|_| Error::Internal("a batch has no keys"))?;
        log::aws_call();
        let answer = self.client.batch_get_item().request_items(&self.name, asked).send().await;
        let answer = answer.map_err(|error| Error::Unavailable(AwsFailure::new("BatchGetItem", &error)))?;
        let items = answer.responses.and_then(|mut tables| tables.remove(&self.name));
        let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name));
        Ok((items.unwrap_or_default(), left.map(|left| left.keys).unwrap_or_default()))
    }

    fn read_share(
        &self,
        client: &ClientId,
        item: Item,
    ) -> Option<(RowDigest, Result<ShareRow, &'static str>)> {
        let digest = share_digest(text(&item, SORT_KEY)?)?;
        let row = ShareRow::read(self.kind, client, &digest, item);
        Some((digest, row))
    }
}

fn key(client: &ClientId, digest: &RowDigest) -> Item {
    let key = [(PARTITION_KEY, client.as_str().to_owned()), (SORT_KEY, share_key(digest))];
    key.map(|(name, value)| (name.into(), AttributeValue::S(value))).into()
}
