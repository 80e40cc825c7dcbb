//! One half's table, by the operator's own credentials.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::{Client, config::retry::RetryConfig, types::AttributeValue};
use backup_shares::{
    ids::ClientId,
    table::{Item, Table},
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

    /// Reads all of a client's rows, page by page, as they stand now.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn of_client(&self, client: &ClientId, mut see: impl FnMut(Item)) -> Result<(), Failed> {
        let mut start = None;
        loop {
            let query = self.dynamodb.query().table_name(&self.name).consistent_read(true);
            let query = query
                .key_condition_expression("pk = :client")
                .expression_attribute_values(":client", AttributeValue::S(client.as_str().into()));
            let page = query.set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| Failed::aws(&format!("reading {}", self.name), &error))?;
            page.items.unwrap_or_default().into_iter().for_each(&mut see);
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
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
