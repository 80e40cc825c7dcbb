//! The KMS keys of one half.

#[cfg(test)]
mod properties;

use std::collections::BTreeSet;

use crate::environment::{Checked, ConfigError, variable};

/// A KMS key, by its ARN. An alias is refused: re-pointing one would strand the rows sealed before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyArn(String);

impl KeyArn {
    /// The whole ARN.
    pub fn arn(&self) -> &str {
        &self.0
    }

    /// The last part of the ARN: the same in every Region for a multi-Region key.
    pub fn id(&self) -> &str {
        self.0.rsplit_once(":key/").map_or("", |(_, id)| id)
    }

    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let [arn, partition, "kms", region, account, resource] = parts[..] else { return None };
        let id = resource.strip_prefix("key/")?;
        let named =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (arn == "arn" && [partition, region, account, id].into_iter().all(named)).then(|| Self(text.into()))
    }
}

/// The keys of one half, up to [`MAX_KEYS`]: the first seals, all open.
#[derive(Clone, Debug)]
pub struct KeyRing {
    sealing: KeyArn,
    older: Vec<KeyArn>,
}

/// Most keys of one half: a table that was adopted more than once holds rows of several.
pub const MAX_KEYS: usize = 8;

impl KeyRing {
    const MISSING: &str = "is not set: it takes 1 to 8 ARNs of KMS keys, comma-separated (all but the first are \
                           ClientOlderKeyArns or CustodianOlderKeyArns in the template)";

    /// Reads `SHARES_KEYS`.
    ///
    /// # Errors
    /// Names the variable when it is missing or malformed.
    pub fn from_env() -> Checked<Self> {
        Self::parse(&variable("SHARES_KEYS", Self::MISSING)?)
    }

    /// Reads `SHARES_KEYS`' value.
    ///
    /// # Errors
    /// When it is not 1 to [`MAX_KEYS`] ARNs of different keys.
    pub fn parse(text: &str) -> Checked<Self> {
        let refuse = |problem| Err(ConfigError { name: "SHARES_KEYS", problem });
        if text.contains(":alias/") {
            return refuse("names an alias, which can be pointed at another key: name the key itself");
        }
        let keys: Option<Vec<KeyArn>> = text.split(',').map(|arn| KeyArn::parse(arn.trim())).collect();
        let Some(keys) = keys else {
            return refuse("holds what is no ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID)");
        };
        let ids: BTreeSet<&str> = keys.iter().map(KeyArn::id).collect();
        if ids.len() < keys.len() {
            return refuse("names a key twice");
        }
        match keys.split_first() {
            Some((sealing, older)) if older.len() < MAX_KEYS => {
                Ok(Self { sealing: sealing.clone(), older: older.to_vec() })
            }
            _ => refuse("names more than 8 keys: seal the rows of some under another with ReEncrypt"),
        }
    }

    /// The key that new shares are sealed under.
    pub const fn sealing(&self) -> &KeyArn {
        &self.sealing
    }

    /// The keys that open and seal nothing new.
    pub fn older(&self) -> &[KeyArn] {
        &self.older
    }

    /// The key with this id.
    pub fn find(&self, id: &str) -> Option<&KeyArn> {
        [&self.sealing].into_iter().chain(&self.older).find(|key| key.id() == id)
    }
}
