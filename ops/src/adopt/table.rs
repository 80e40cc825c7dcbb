//! An adopted table: what it lacks of what a stack's own table has.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    error::ProvideErrorMetadata,
    types::{
        KeySchemaElement, PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, StreamSpecification,
        StreamViewType, TableDescription, TableStatus,
    },
};
use backup_shares::{key_ring::KeyRing, table::text};
use serde_json::Value;

use crate::failed::Failed;

const BACKUPS: &str = "backups of 35 days";
const PROTECTION: &str = "protection against deletion";
const STREAM: &str = "a stream, which a second Region needs";

/// How often a table that is being changed is looked at, and for how long: ten minutes.
const LOOK: Duration = Duration::from_secs(5);
const LOOKS: usize = 120;

/// How many rows are looked at to see which keys they name.
const SAMPLE: i32 = 100;

/// A table that exists.
pub struct Adopted {
    dynamodb: Client,
    name: String,
    arn: String,
}

impl Adopted {
    /// The table of that name.
    ///
    /// # Errors
    /// When it is not there, or not of a table's form.
    pub async fn of(config: &SdkConfig, name: &str) -> Result<Self, Failed> {
        let dynamodb = Client::new(config);
        let table = describe(&dynamodb, name).await?;
        let keys: Vec<&str> = table.key_schema().iter().map(KeySchemaElement::attribute_name).collect();
        if keys != ["pk", "sk"] {
            return Err(Failed::not_done(format!("{name} is no table of shares: its keys are {keys:?}")));
        }
        let arn = table.table_arn().unwrap_or_default().to_owned();
        Ok(Self { dynamodb, name: name.into(), arn })
    }

    /// Looks at some rows: the keys that they name have to be listed. Rows of the other half name others.
    ///
    /// # Errors
    /// Which key is not listed.
    pub async fn is_sealed_under(&self, ring: &KeyRing) -> Result<(), Failed> {
        let scan = self.dynamodb.scan().table_name(&self.name).limit(SAMPLE).send().await;
        let scan = scan.map_err(|error| Failed::aws(&format!("reading {}", self.name), &error))?;
        let named = scan.items().iter().filter_map(|item| text(item, "key_id"));
        match named.into_iter().find(|key| ring.find(key).is_none()) {
            Some(key) => Err(Failed::not_done(format!(
                "rows of {} are sealed under key {key}, which is not listed. Is it the other half's table? If not, add the \
                 key to ClientOlderKeyArns or CustodianOlderKeyArns, and deploy",
                self.name
            ))),
            None => Ok(()),
        }
    }

    /// What it lacks.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn lacks(&self) -> Result<Vec<&'static str>, Failed> {
        let table = describe(&self.dynamodb, &self.name).await?;
        let backups = self.dynamodb.describe_continuous_backups().table_name(&self.name).send().await;
        let backups = backups.map_err(|error| Failed::aws("reading its backups", &error))?;
        let recovery =
            backups.continuous_backups_description().and_then(|all| all.point_in_time_recovery_description());
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status());
        let has = [
            (BACKUPS, status == Some(&PointInTimeRecoveryStatus::Enabled)),
            (PROTECTION, table.deletion_protection_enabled() == Some(true)),
            (STREAM, table.stream_specification().is_some_and(StreamSpecification::stream_enabled)),
        ];
        Ok(has.into_iter().filter(|(_, has)| !has).map(|(what, _)| what).collect())
    }

    /// Gives it what it lacks, one after the other, as DynamoDB wants it.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn complete(&self, lacks: &[&str]) -> Result<(), Failed> {
        if lacks.contains(&BACKUPS) {
            self.back_up().await?;
        }
        let update = || self.dynamodb.update_table().table_name(&self.name);
        if lacks.contains(&PROTECTION) {
            let updated = update().deletion_protection_enabled(true).send().await;
            updated.map_err(|error| Failed::aws("protecting it", &error))?;
            self.until_active().await?;
        }
        if lacks.contains(&STREAM) {
            let stream = StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()
                .map_err(|error| Failed::not_done(error.to_string()))?;
            let updated = update().stream_specification(stream).send().await;
            updated.map_err(|error| Failed::aws("giving it a stream", &error))?;
            self.until_active().await?;
        }
        Ok(())
    }

    async fn back_up(&self) -> Result<(), Failed> {
        let recovery = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(true)
            .recovery_period_in_days(35)
            .build()
            .map_err(|error| Failed::not_done(error.to_string()))?;
        let update = self.dynamodb.update_continuous_backups().table_name(&self.name);
        let updated = update.point_in_time_recovery_specification(recovery).send().await;
        updated.map_err(|error| Failed::aws("switching its backups on", &error))?;
        Ok(())
    }

    async fn until_active(&self) -> Result<(), Failed> {
        for _ in 0..LOOKS {
            if describe(&self.dynamodb, &self.name).await?.table_status() == Some(&TableStatus::Active) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Failed::not_done(format!("{} is still being changed: run this again later", self.name)))
    }

    /// Its policy; null when it has none.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn policy(&self) -> Result<Value, Failed> {
        let policy = self.dynamodb.get_resource_policy().resource_arn(&self.arn).send().await;
        match policy {
            Ok(policy) => Ok(serde_json::from_str(policy.policy().unwrap_or_default()).unwrap_or_default()),
            Err(error) if error.code() == Some("PolicyNotFoundException") => Ok(Value::Null),
            Err(error) => Err(Failed::aws("reading its policy", &error)),
        }
    }

    /// Puts its policy.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn put_policy(&self, policy: &Value) -> Result<(), Failed> {
        let put = self.dynamodb.put_resource_policy().resource_arn(&self.arn).policy(policy.to_string());
        put.send().await.map_err(|error| Failed::aws("putting its policy", &error))?;
        Ok(())
    }
}

async fn describe(dynamodb: &Client, name: &str) -> Result<TableDescription, Failed> {
    let table = dynamodb.describe_table().table_name(name).send().await;
    let table = table.map_err(|error| Failed::aws(&format!("looking at {name}"), &error))?;
    table.table.ok_or_else(|| Failed::not_done(format!("AWS does not describe {name}")))
}
