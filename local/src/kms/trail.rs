//! The audit trail of what was asked.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::{context::EncryptionContext, error::Refusal, keys::Keyring};

/// Older calls are forgotten.
const MAX_CALLS: usize = 100_000;

/// One call as an auditor sees it, like a `CloudTrail` event: never a plaintext or a ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation that was asked for, such as `Decrypt`, whether it exists or not.
    pub operation: String,
    /// ARN of the key that was named or used; a reference to no key here stands as it was given.
    /// `ReEncrypt` shows the key and the context that the new ciphertext is under.
    pub key: Option<String>,
    /// The pairs that were sent; empty if there were none, or none that KMS allows.
    pub encryption_context: BTreeMap<String, String>,
    /// The code of the refusal, if it was refused.
    pub error: Option<String>,
}

impl Call {
    /// What a request shows, before it is answered.
    pub(super) fn asked(operation: &str, request: &Value, keys: &Keyring) -> Self {
        let named = first_string(request, &["/KeyId", "/TargetKeyId", "/DestinationKeyId"]);
        let context = ["EncryptionContext", "DestinationEncryptionContext"]
            .iter()
            .find_map(|field| serde_json::from_value(request.get(field)?.clone()).ok());
        Self {
            operation: operation.to_owned(),
            key: named.map(|name| match keys.find(name) {
                Ok(key) => key.arn(),
                Err(_) => name.to_owned(),
            }),
            encryption_context: context.map(EncryptionContext::into).unwrap_or_default(),
            error: None,
        }
    }

    /// The same with what the answer adds: a key that the request did not name, or a refusal.
    pub(super) fn answered(mut self, answer: &Result<Value, Refusal>) -> Self {
        match answer {
            Ok(answer) => {
                let used = first_string(answer, &["/KeyId", "/KeyMetadata/Arn"]);
                self.key = used.map(str::to_owned).or(self.key);
            }
            Err(refusal) => self.error = Some(refusal.code.clone()),
        }
        self
    }
}

fn first_string<'a>(value: &'a Value, pointers: &[&str]) -> Option<&'a str> {
    let mut found = pointers.iter().filter_map(|path| value.pointer(path));
    found.find_map(Value::as_str)
}

/// The last calls, oldest first.
#[derive(Default)]
pub struct Trail(VecDeque<Call>);

impl Trail {
    /// Writes a call down.
    pub fn add(&mut self, call: Call) {
        if self.0.len() == MAX_CALLS {
            self.0.pop_front();
        }
        self.0.push_back(call);
    }

    /// A copy of it all.
    pub fn calls(&self) -> Vec<Call> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_keeps_the_newest_calls() {
        let mut trail = Trail::default();
        let keys = Keyring::default();
        for number in 0..=MAX_CALLS {
            trail.add(Call::asked(&number.to_string(), &Value::Null, &keys));
        }
        let calls = trail.calls();
        assert_eq!(calls.len(), MAX_CALLS);
        assert_eq!(calls[0].operation, "1");
        assert_eq!(calls[MAX_CALLS - 1].operation, MAX_CALLS.to_string());
    }
}
