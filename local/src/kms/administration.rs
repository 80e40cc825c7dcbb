//! Operations on keys themselves.

use serde::{Deserialize, Serialize};

use super::{
    error::Refusal,
    keys::{Key, Keyring, State, now},
    operations::{Algorithm, Done, Operation},
};
use crate::account::{ACCOUNT, REGION};

const DAY: u64 = 24 * 60 * 60;

/// Makes a symmetric key for encryption, the only kind that is here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CreateKey {
    key_spec: Option<String>,
    key_usage: Option<String>,
    #[serde(default)]
    multi_region: bool,
    #[serde(default)]
    description: String,
}

impl CreateKey {
    fn check_kind(&self) -> Result<(), Refusal> {
        if let Some(spec) = self.key_spec.as_deref().filter(|s| *s != "SYMMETRIC_DEFAULT") {
            let message = format!("this emulator makes no {spec} keys, only SYMMETRIC_DEFAULT");
            return Err(Refusal::new("UnsupportedOperationException", message));
        }
        match self.key_usage.as_deref() {
            None | Some("ENCRYPT_DECRYPT") => Ok(()),
            Some(usage) => Err(Refusal::validation(format!(
                "a SYMMETRIC_DEFAULT key is for ENCRYPT_DECRYPT, not {usage}"
            ))),
        }
    }
}

impl Operation for CreateKey {
    type Answer = Described;

    fn run(self, keys: &mut Keyring) -> Result<Described, Refusal> {
        self.check_kind()?;
        let key = keys.create(self.multi_region, self.description)?;
        Ok(Described::from(key))
    }
}

/// Gives a key a name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CreateAlias {
    alias_name: String,
    target_key_id: String,
}

impl Operation for CreateAlias {
    type Answer = Done;

    fn run(self, keys: &mut Keyring) -> Result<Done, Refusal> {
        keys.add_alias(&self.alias_name, &self.target_key_id)?;
        Ok(Done {})
    }
}

/// Tells what is known of a key, whatever its state.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DescribeKey {
    key_id: String,
}

impl Operation for DescribeKey {
    type Answer = Described;

    fn run(self, keys: &mut Keyring) -> Result<Described, Refusal> {
        keys.find(&self.key_id).map(Described::from)
    }
}

/// Lets a key be used again.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EnableKey {
    key_id: String,
}

impl Operation for EnableKey {
    type Answer = Done;

    fn run(self, keys: &mut Keyring) -> Result<Done, Refusal> {
        keys.find_mut(&self.key_id)?.change(State::Enabled)?;
        Ok(Done {})
    }
}

/// Forbids a key's use until it is enabled.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DisableKey {
    key_id: String,
}

impl Operation for DisableKey {
    type Answer = Done;

    fn run(self, keys: &mut Keyring) -> Result<Done, Refusal> {
        keys.find_mut(&self.key_id)?.change(State::Disabled)?;
        Ok(Done {})
    }
}

/// Forbids a key's use for good, at a date that is told but never acted on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ScheduleKeyDeletion {
    key_id: String,
    #[serde(default = "longest_window")]
    pending_window_in_days: u64,
}

fn longest_window() -> u64 {
    30
}

/// Answer to [`ScheduleKeyDeletion`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Scheduled {
    key_id: String,
    deletion_date: u64,
    key_state: &'static str,
    pending_window_in_days: u64,
}

impl Operation for ScheduleKeyDeletion {
    type Answer = Scheduled;

    fn run(self, keys: &mut Keyring) -> Result<Scheduled, Refusal> {
        let days = self.pending_window_in_days;
        if !(7..=30).contains(&days) {
            let message = "PendingWindowInDays is 7 to 30";
            return Err(Refusal::validation(message));
        }
        let deletion_date = now() + days * DAY;
        let key = keys.find_mut(&self.key_id)?;
        key.change(State::PendingDeletion { deletion_date })?;
        Ok(Scheduled {
            key_id: key.arn(),
            deletion_date,
            key_state: state_name(key.state()),
            pending_window_in_days: days,
        })
    }
}

/// Answer about a key.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Described {
    key_metadata: Metadata,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    #[serde(rename = "AWSAccountId")]
    account: &'static str,
    key_id: String,
    arn: String,
    creation_date: u64,
    enabled: bool,
    description: String,
    key_usage: &'static str,
    key_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_date: Option<u64>,
    origin: &'static str,
    key_manager: &'static str,
    key_spec: Algorithm,
    encryption_algorithms: [Algorithm; 1],
    multi_region: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_region_configuration: Option<Regions>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Regions {
    multi_region_key_type: &'static str,
    primary_key: PrimaryKey,
    replica_keys: [PrimaryKey; 0],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PrimaryKey {
    arn: String,
    region: &'static str,
}

impl From<&Key> for Described {
    fn from(key: &Key) -> Self {
        let state = key.state();
        let key_metadata = Metadata {
            account: ACCOUNT,
            key_id: key.id().to_owned(),
            arn: key.arn(),
            creation_date: key.created_at(),
            enabled: state == State::Enabled,
            description: key.description().to_owned(),
            key_usage: "ENCRYPT_DECRYPT",
            key_state: state_name(state),
            deletion_date: match state {
                State::PendingDeletion { deletion_date } => Some(deletion_date),
                State::Enabled | State::Disabled => None,
            },
            origin: "AWS_KMS",
            key_manager: "CUSTOMER",
            key_spec: Algorithm::SymmetricDefault,
            encryption_algorithms: [Algorithm::SymmetricDefault],
            multi_region: key.multi_region(),
            multi_region_configuration: key.multi_region().then(|| primary(key)),
        };
        Self { key_metadata }
    }
}

fn primary(key: &Key) -> Regions {
    Regions {
        multi_region_key_type: "PRIMARY",
        primary_key: PrimaryKey { arn: key.arn(), region: REGION },
        replica_keys: [],
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Enabled => "Enabled",
        State::Disabled => "Disabled",
        State::PendingDeletion { .. } => "PendingDeletion",
    }
}
