//! Keys, their states and their names, without files or HTTP.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ciphertext::Material, error::KmsException};
use crate::account;

/// A symmetric key. Without `Debug`: it holds the material.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The last part of its ARN. As in KMS, that of a multi-Region key says so.
    pub id: String,
    #[serde(with = "hex::serde")]
    material: Material,
    /// In seconds since 1970.
    pub created_at: u64,
    /// What may be done with it.
    pub state: State,
}

/// What may be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Everything.
    Enabled,
    /// Nothing, until it is enabled again.
    Disabled,
}

impl Key {
    fn generate(multi_region: bool) -> Result<Self, KmsException> {
        let mut material = Material::default();
        rand::fill(&mut material)?;
        let uuid = Uuid::new_v4();
        let id = if multi_region { format!("mrk-{}", uuid.simple()) } else { uuid.to_string() };
        // A clock set before 1970 counts as 1970.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { id, material, created_at: since.as_secs(), state: State::Enabled })
    }

    /// The key ARN, which every answer about the key carries.
    pub fn arn(&self) -> String {
        account::arn("kms", &format!("key/{}", self.id))
    }

    /// The secret, of an enabled key only: a `DisabledException` otherwise.
    pub fn material(&self) -> Result<&Material, KmsException> {
        match self.state {
            State::Enabled => Ok(&self.material),
            State::Disabled => {
                Err(KmsException::new("DisabledException", format!("{} is disabled", self.arn())))
            }
        }
    }
}

/// All keys of the account, some of them by a name.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyring {
    keys: Vec<Key>,
    aliases: BTreeMap<String, String>,
}

impl Keyring {
    /// Makes a key of 32 random bytes.
    pub fn create(&mut self, name: &str, multi_region: bool) -> Result<&Key, KmsException> {
        let key = self.keys.push_mut(Key::generate(multi_region)?);
        self.aliases.insert(name.to_owned(), key.id.clone());
        Ok(key)
    }

    /// The key that a key id or key ARN names. Nobody here asks by an alias.
    pub fn find(&self, reference: &str) -> Result<&Key, KmsException> {
        self.with_id(id_in(reference)).ok_or_else(|| not_found(reference))
    }

    /// The same, to be changed.
    pub fn find_mut(&mut self, reference: &str) -> Result<&mut Key, KmsException> {
        let id = id_in(reference);
        self.keys.iter_mut().find(|key| key.id == id).ok_or_else(|| not_found(reference))
    }

    /// The key with exactly this id.
    pub fn with_id(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The key of that name.
    pub fn named(&self, name: &str) -> Option<&Key> {
        self.aliases.get(name).and_then(|id| self.with_id(id))
    }
}

fn id_in(reference: &str) -> &str {
    reference.strip_prefix(&account::arn("kms", "key/")).unwrap_or(reference)
}

fn not_found(reference: &str) -> KmsException {
    KmsException::new("NotFoundException", format!("there is no key {reference} here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_id_and_arn_and_by_nothing_else() {
        let mut ring = Keyring::default();
        let key = ring.create("shares", false).unwrap();
        let (id, arn) = (key.id.clone(), key.arn());
        assert!(ring.find(&id).is_ok() && ring.find(&arn).is_ok() && ring.find_mut(&arn).is_ok());
        for reference in [
            "",
            "shares",
            &format!("key/{id}"),
            &account::arn("kms", &id),
            &arn.replace(account::REGION, "eu-west-1"),
            &arn.replace(account::ACCOUNT, "111111111111"),
        ] {
            assert_eq!(ring.find(reference).err().unwrap().code, "NotFoundException", "{reference}");
            assert!(ring.find_mut(reference).is_err(), "{reference}");
        }
    }

    #[test]
    fn the_id_of_a_multi_region_key_says_so() {
        let mut ring = Keyring::default();
        let digits = ring.create("shares", true).unwrap().id.strip_prefix("mrk-").unwrap().to_owned();
        assert!(digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
