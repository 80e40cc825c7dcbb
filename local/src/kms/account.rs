//! The emulator itself: its keys, their file, and what was asked.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::{
    error::{FileError, KmsException},
    file,
    keys::Keyring,
    request,
    trail::{Call, Trail},
};

/// An emulator; clones are the same one.
#[derive(Clone, Default)]
pub struct Kms(Arc<Mutex<Account>>);

#[derive(Default)]
struct Account {
    keys: Keyring,
    file: Option<PathBuf>,
    trail: Trail,
}

impl Kms {
    /// An emulator without keys that forgets all of them when it is dropped.
    #[must_use]
    pub fn memory() -> Self {
        Self::default()
    }

    /// An emulator with the keys of this file, which each change reaches before it is answered;
    /// without such a file there are no keys yet. The folder must exist, and the caller sees to it that
    /// one emulator at a time has the file: two would lose each other's keys.
    ///
    /// # Errors
    /// The file is damaged or out of reach.
    pub fn open(file: &Path) -> Result<Self, FileError> {
        let account =
            Account { keys: file::load(file)?, file: Some(file.to_owned()), trail: Trail::default() };
        Ok(Self(Arc::new(Mutex::new(account))))
    }

    /// ARN of the key of that name. If there is none it is made, and made once however many ask at the same time.
    ///
    /// # Errors
    /// The key file can't be written.
    pub fn key(&self, name: &str, multi_region: bool) -> Result<String, KmsException> {
        self.lock().change(|keys| match keys.named(name) {
            Some(key) => Ok(key.arn()),
            None => Ok(keys.create(name, multi_region)?.arn()),
        })
    }

    /// What was asked over HTTP so far, oldest first: at most the last 100 000 calls.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.lock().trail.calls()
    }

    /// Answers one call and writes it down.
    pub(super) fn answer(&self, operation: &str, body: &[u8]) -> Result<Value, KmsException> {
        let mut account = self.lock();
        let body = serde_json::from_slice::<Value>(body);
        account.trail.add(Call::of(operation, body.as_ref().unwrap_or(&Value::Null)));
        let body = body.map_err(KmsException::validation)?;
        account.change(|keys| request::perform(operation, body, keys))
    }

    /// A panic leaves the account whole, since keys are replaced at one stroke: go on with it.
    fn lock(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    /// Works on a copy of the keys, and keeps it once it is on the disk: all of it or nothing.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&mut Keyring) -> Result<T, KmsException>,
    ) -> Result<T, KmsException> {
        let mut keys = self.keys.clone();
        let answer = work(&mut keys)?;
        if keys != self.keys {
            if let Some(file) = &self.file {
                file::save(file, &keys)?;
            }
            self.keys = keys;
        }
        Ok(answer)
    }
}
