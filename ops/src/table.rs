//! One half's table, by the operator's own credentials.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::{
    Client, config::retry::RetryConfig, operation::query::builders::QueryFluentBuilder, types::AttributeValue,
};
use backup_shares::{
    ids::ClientId,
    stop::Stop,
    table::{Item, SORT_KEY, Table, text},
};

use crate::{
    failed::Failed,
    half::{Half, Tables},
};

/// How often a call is tried: an operator has more time than a function.
const ATTEMPTS: u32 = 8;

/// A half's table.
pub struct Rows {
    /// Which half it keeps.
    pub half: Half,
    /// Its name.
    pub name: String,
    /// The way to it.
    pub dynamodb: Client,
}

impl Rows {
    /// The tables of these halves.
    ///
    /// # Errors
    /// What to set.
    pub async fn of<const N: usize>(halves: [Half; N], tables: &Tables) -> Result<[Self; N], Failed> {
        let names = halves.map(|half| tables.of(half).map(str::to_owned));
        let dynamodb = client().await;
        let mut rows = Vec::new();
        for (half, name) in halves.into_iter().zip(names) {
            rows.push(Self { half, name: name?, dynamodb: dynamodb.clone() });
        }
        rows.try_into().map_err(|_| Failed::usage("a half is missing"))
    }

    /// The same table, as the functions see its stops.
    pub fn stops(&self) -> Table {
        Table::new(self.dynamodb.clone(), self.name.clone(), self.half.kind())
    }

    /// All stops of a client, lifted ones included.
    ///
    /// # Errors
    /// What AWS refuses, or one that can't be read.
    pub async fn all_stops(&self, client: &ClientId) -> Result<Vec<Stop>, Failed> {
        let stops = self.stops().stops(client).await;
        stops.map_err(|error| Failed::shared(&format!("reading {}", self.name), &error))
    }

    /// The last of a client's sort keys.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn last_key(&self, client: &ClientId) -> Result<Option<String>, Failed> {
        let last = self.rows_of(client).scan_index_forward(false).limit(1).send().await;
        let last = last.map_err(|error| Failed::aws(&format!("reading {}", self.name), &error))?;
        Ok(last.items().first().and_then(|row| text(row, SORT_KEY)).map(str::to_owned))
    }

    fn rows_of(&self, client: &ClientId) -> QueryFluentBuilder {
        let query = self.dynamodb.query().table_name(&self.name).consistent_read(true);
        query
            .key_condition_expression("pk = :client")
            .expression_attribute_values(":client", AttributeValue::S(client.as_str().into()))
    }

    /// Reads all of a client's rows, page by page, as they stand now.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn of_client(&self, client: &ClientId, mut see: impl FnMut(Item)) -> Result<(), Failed> {
        let mut items = self.rows_of(client).into_paginator().items().send();
        while let Some(item) = items.next().await {
            see(item.map_err(|error| Failed::aws(&format!("reading {}", self.name), &error))?);
        }
        Ok(())
    }
}

/// A client of DynamoDB by the operator's own credentials, Region and endpoint.
pub async fn client() -> Client {
    Client::new(&config().await)
}

/// The operator's own credentials, Region and endpoints.
pub async fn config() -> SdkConfig {
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    aws_config::defaults(BehaviorVersion::latest()).retry_config(retries).load().await
}
