//! A KMS emulator for tests and the local run. **Unsafe for production**: its keys lie in memory, or
//! in plain text in a file, and whoever reaches its port may use them.
//!
//! What it does, it does as KMS does: a ciphertext opens only under the key and the encryption context
//! that made it, a disabled key does nothing, and a key once answered is never lost.

mod administration;
mod blob;
mod ciphertext;
mod context;
mod cryptography;
mod error;
mod file;
mod http;
mod keys;
mod operations;
mod trail;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

pub use self::{
    error::{FileError, Refusal},
    trail::Call,
};
use self::{keys::Keyring, trail::Trail};

/// An emulator; clones are the same one.
#[derive(Clone, Default)]
pub struct Kms(Arc<Mutex<Account>>);

/// All that an emulator knows.
#[derive(Default)]
struct Account {
    keys: Keyring,
    file: Option<PathBuf>,
    trail: Trail,
    faults: Vec<Fault>,
}

/// Refusals to come.
struct Fault {
    operation: String,
    code: String,
    left: usize,
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
        let account = Account { keys: file::load(file)?, file: Some(file.to_owned()), ..Account::default() };
        Ok(Self(Arc::new(Mutex::new(account))))
    }

    /// ARN of the key behind an alias (`alias/…`). If there is none it is made, and made once
    /// however many ask at the same time.
    ///
    /// # Errors
    /// KMS does not allow such an alias, or the key file cannot be written.
    pub fn key(&self, alias: &str, multi_region: bool) -> Result<String, Refusal> {
        self.lock().change(|keys| {
            if let Some(key) = keys.with_alias(alias) {
                return Ok(key.arn());
            }
            let arn = keys.create(multi_region, String::new())?.arn();
            keys.add_alias(alias, &arn)?;
            Ok(arn)
        })
    }

    /// What was asked over HTTP so far, oldest first: at most the last 100 000 calls.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.lock().trail.calls()
    }

    /// Refuses the next `times` calls of an operation with this code and does nothing else about
    /// them.
    pub fn fail(&self, operation: &str, error_code: &str, times: usize) {
        self.lock().faults.push(Fault {
            operation: operation.to_owned(),
            code: error_code.to_owned(),
            left: times,
        });
    }

    fn answer(&self, operation: &str, body: &[u8]) -> Result<Value, Refusal> {
        self.lock().answer(operation, body)
    }

    /// A panic leaves the account whole, since keys are replaced at one stroke: go on with it.
    fn lock(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    /// Answers one call and writes it down.
    fn answer(&mut self, operation: &str, body: &[u8]) -> Result<Value, Refusal> {
        let request = serde_json::from_slice::<Value>(body);
        let shown = request.as_ref().unwrap_or(&Value::Null);
        let call = Call::asked(operation, shown, &self.keys);
        let answer = match self.next_fault(operation) {
            Some(refusal) => Err(refusal),
            None => request
                .map_err(|error| Refusal::validation(error.to_string()))
                .and_then(|request| self.change(|keys| operations::perform(operation, request, keys))),
        };
        self.trail.add(call.answered(&answer));
        answer
    }

    fn next_fault(&mut self, operation: &str) -> Option<Refusal> {
        let mut faults = self.faults.iter_mut();
        let fault = faults.find(|fault| fault.operation == operation && fault.left > 0)?;
        fault.left -= 1;
        Some(Refusal::new(&fault.code, "a test asked for this failure"))
    }

    /// Works on a copy of the keys, and keeps it once it is on the disk: all of it or nothing.
    fn change<T>(&mut self, work: impl FnOnce(&mut Keyring) -> Result<T, Refusal>) -> Result<T, Refusal> {
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
