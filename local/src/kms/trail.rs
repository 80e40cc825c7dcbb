//! The audit trail of what was asked.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

/// Older calls are forgotten.
const MAX_CALLS: usize = 100_000;

/// One call as an auditor sees it, like a `CloudTrail` event: never a plaintext or a ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation that was asked for, such as `Decrypt`, whether it exists or not.
    pub operation: String,
    /// The key that was named, as it was named. Of `ReEncrypt`, the key and the context of the new ciphertext.
    pub key: Option<String>,
    /// The pairs that were sent; empty if there were none.
    pub encryption_context: BTreeMap<String, String>,
}

impl Call {
    pub(super) fn of(operation: &str, request: &Value) -> Self {
        let first = |names: [&str; 2]| names.iter().find_map(|name| request.get(name));
        let context = first(["EncryptionContext", "DestinationEncryptionContext"]);
        Self {
            operation: operation.to_owned(),
            key: first(["KeyId", "DestinationKeyId"]).and_then(Value::as_str).map(str::to_owned),
            encryption_context: context
                .and_then(|pairs| serde_json::from_value(pairs.clone()).ok())
                .unwrap_or_default(),
        }
    }
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
