//! Keys, their states and their aliases, without files or HTTP.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{error::Unspecified, rand};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ciphertext::Material, error::Refusal};
use crate::account;

const MAX_REFERENCE: usize = 2048;
const MAX_ALIAS: usize = 256;

/// A symmetric key. Without `Debug`: it holds the material.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    id: String,
    #[serde(with = "hex::serde")]
    material: Material,
    description: String,
    created_at: u64,
    state: State,
}

/// What may be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Everything.
    Enabled,
    /// Nothing, until it is enabled again.
    Disabled,
    /// Nothing. This emulator keeps such a key for good, past its date too.
    PendingDeletion {
        /// When KMS would delete it, in seconds since 1970.
        deletion_date: u64,
    },
}

impl Key {
    fn generate(multi_region: bool, description: String) -> Result<Self, Unspecified> {
        let mut material = Material::default();
        rand::fill(&mut material)?;
        let uuid = Uuid::new_v4();
        let id = if multi_region { format!("mrk-{}", uuid.simple()) } else { uuid.to_string() };
        Ok(Self { id, material, description, created_at: now(), state: State::Enabled })
    }

    /// The key id: the last part of its ARN.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key ARN, which every answer about the key carries.
    pub fn arn(&self) -> String {
        account::arn("kms", &format!("key/{}", self.id))
    }

    /// Whether it is a multi-Region key: as in KMS, its id says so.
    pub fn multi_region(&self) -> bool {
        self.id.starts_with("mrk-")
    }

    /// What its maker wrote about it.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// In seconds since 1970.
    pub fn created_at(&self) -> u64 {
        self.created_at
    }

    /// The state that it is in.
    pub fn state(&self) -> State {
        self.state
    }

    /// The secret, of an enabled key only: a `DisabledException` or a `KMSInvalidStateException`
    /// otherwise.
    pub fn material(&self) -> Result<&Material, Refusal> {
        match self.state {
            State::Enabled => Ok(&self.material),
            State::Disabled => Err(Refusal::new("DisabledException", format!("{} is disabled", self.arn()))),
            State::PendingDeletion { .. } => Err(self.pending()),
        }
    }

    /// Moves it to another state; a key pending deletion stays as it is.
    pub fn change(&mut self, state: State) -> Result<(), Refusal> {
        if let State::PendingDeletion { .. } = self.state {
            return Err(self.pending());
        }
        self.state = state;
        Ok(())
    }

    fn pending(&self) -> Refusal {
        Refusal::new("KMSInvalidStateException", format!("{} is pending deletion", self.arn()))
    }
}

/// All keys and aliases of the account.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyring {
    keys: Vec<Key>,
    aliases: BTreeMap<String, String>,
}

impl Keyring {
    /// Makes a key of 32 random bytes.
    pub fn create(&mut self, multi_region: bool, description: String) -> Result<&Key, Refusal> {
        let key = Key::generate(multi_region, description)?;
        Ok(self.keys.push_mut(key))
    }

    /// Gives a key another name. Each alias names one key for good: this emulator does not move it.
    pub fn add_alias(&mut self, alias: &str, target: &str) -> Result<(), Refusal> {
        check_alias(alias)?;
        let key = self.find_mut(target)?;
        if let State::PendingDeletion { .. } = key.state {
            return Err(key.pending());
        }
        let id = key.id.clone();
        if self.aliases.contains_key(alias) {
            let message = format!("{alias} already exists");
            return Err(Refusal::new("AlreadyExistsException", message));
        }
        self.aliases.insert(alias.to_owned(), id);
        Ok(())
    }

    /// The key that a key id, key ARN, alias name or alias ARN names.
    pub fn find(&self, reference: &str) -> Result<&Key, Refusal> {
        check_length(reference)?;
        let id = match resource(reference).unwrap_or(reference) {
            alias if alias.starts_with("alias/") => self.aliases.get(alias).map(String::as_str),
            _ => key_id(reference),
        };
        id.and_then(|id| self.with_id(id)).ok_or_else(|| not_found(reference))
    }

    /// The key that a key id or key ARN names, to be changed: KMS takes no alias for that.
    pub fn find_mut(&mut self, reference: &str) -> Result<&mut Key, Refusal> {
        check_length(reference)?;
        let id = key_id(reference);
        self.keys.iter_mut().find(|key| id == Some(&key.id)).ok_or_else(|| not_found(reference))
    }

    /// The key with exactly this id.
    pub fn with_id(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The key behind an alias name.
    pub fn with_alias(&self, alias: &str) -> Option<&Key> {
        self.aliases.get(alias).and_then(|id| self.with_id(id))
    }

    /// An alias whose key is gone: only a file changed by hand has one.
    pub fn dangling_alias(&self) -> Option<&str> {
        let mut aliases = self.aliases.iter();
        let (alias, _) = aliases.find(|(_, id)| self.with_id(id).is_none())?;
        Some(alias)
    }
}

/// Seconds since 1970; a clock set before that counts as 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// The id in a key id or a key ARN.
fn key_id(reference: &str) -> Option<&str> {
    match resource(reference) {
        Some(resource) => resource.strip_prefix("key/"),
        None => Some(reference),
    }
}

/// What an ARN names, if it is one of this account's KMS.
fn resource(reference: &str) -> Option<&str> {
    reference.strip_prefix(&account::arn("kms", ""))
}

fn check_length(reference: &str) -> Result<(), Refusal> {
    match reference.len() {
        1..=MAX_REFERENCE => Ok(()),
        _ => Err(Refusal::validation(format!("a key reference has 1 to {MAX_REFERENCE} characters"))),
    }
}

fn check_alias(alias: &str) -> Result<(), Refusal> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/_-".contains(&b);
    let name = alias.strip_prefix("alias/").unwrap_or_default();
    if name.is_empty() || alias.len() > MAX_ALIAS || !name.bytes().all(allowed) {
        return Err(Refusal::validation(format!(
            "an alias is alias/ and letters, digits, '/', '_' or '-', at most {MAX_ALIAS} characters"
        )));
    }
    if name.starts_with("aws/") {
        let message = "aliases that begin with alias/aws/ are reserved to AWS";
        return Err(Refusal::new("NotAuthorizedException", message));
    }
    Ok(())
}

fn not_found(reference: &str) -> Refusal {
    Refusal::new("NotFoundException", format!("there is no key {reference} here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> (Keyring, String) {
        let mut ring = Keyring::default();
        let arn = ring.create(false, String::new()).unwrap().arn();
        ring.add_alias("alias/shares", &arn).unwrap();
        (ring, arn)
    }

    fn code<T>(result: Result<T, Refusal>) -> String {
        result.err().map(|refusal| refusal.code).unwrap_or_default()
    }

    #[test]
    fn a_key_is_found_by_id_arn_alias_and_alias_arn() {
        let (ring, arn) = ring();
        let id = arn.rsplit('/').next().unwrap();
        let alias_arn = account::arn("kms", "alias/shares");
        for reference in [id, &arn, "alias/shares", &alias_arn] {
            assert_eq!(ring.find(reference).unwrap().arn(), arn, "{reference}");
        }
    }

    #[test]
    fn what_is_no_reference_to_a_key_here_finds_none() {
        let (ring, arn) = ring();
        let id = arn.rsplit('/').next().unwrap();
        for reference in [
            "alias/other",
            "shares",
            &format!("key/{id}"),
            &account::arn("kms", id),
            &arn.replace(account::REGION, "eu-west-1"),
            &arn.replace(account::ACCOUNT, "111111111111"),
        ] {
            assert_eq!(code(ring.find(reference)), "NotFoundException");
        }
        assert_eq!(code(ring.find("")), "ValidationException");
        assert_eq!(code(ring.find(&"k".repeat(2049))), "ValidationException");
    }

    #[test]
    fn a_key_is_not_changed_through_an_alias() {
        let (mut ring, _) = ring();
        assert_eq!(code(ring.find_mut("alias/shares")), "NotFoundException");
    }

    #[test]
    fn an_alias_names_one_key_for_good() {
        let (mut ring, first) = ring();
        let second = ring.create(false, String::new()).unwrap().arn();
        let again = ring.add_alias("alias/shares", &second);
        assert_eq!(code(again), "AlreadyExistsException");
        assert_eq!(ring.find("alias/shares").unwrap().arn(), first);
    }

    #[test]
    fn an_alias_has_the_alphabet_that_kms_allows() {
        let (mut ring, arn) = ring();
        let long = format!("alias/{}", "a".repeat(251));
        for alias in ["shares", "alias/", "alias/a b", "alias/a:b", &long] {
            assert_eq!(code(ring.add_alias(alias, &arn)), "ValidationException");
        }
        let reserved = ring.add_alias("alias/aws/s3", &arn);
        assert_eq!(code(reserved), "NotAuthorizedException");
    }

    #[test]
    fn only_an_enabled_key_gives_its_material() {
        let (mut ring, arn) = ring();
        let key = ring.find_mut(&arn).unwrap();
        assert!(key.material().is_ok());
        key.change(State::Disabled).unwrap();
        assert_eq!(code(key.material()), "DisabledException");
        key.change(State::PendingDeletion { deletion_date: 0 }).unwrap();
        assert_eq!(code(key.material()), "KMSInvalidStateException");
        assert_eq!(code(key.change(State::Enabled)), "KMSInvalidStateException");
    }

    #[test]
    fn the_id_of_a_multi_region_key_says_so() {
        let mut ring = Keyring::default();
        let key = ring.create(true, String::new()).unwrap();
        assert!(key.multi_region());
        let digits = key.id().strip_prefix("mrk-").unwrap();
        assert!(digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
