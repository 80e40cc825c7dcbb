//! The operations of the KMS API that are here, by name.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    administration::{CreateAlias, CreateKey, DescribeKey, DisableKey, EnableKey, ScheduleKeyDeletion},
    cryptography::{Decrypt, Encrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, ReEncrypt},
    error::Refusal,
    keys::Keyring,
};

/// A request of the KMS API. A field that this emulator does not know is refused, never ignored.
pub trait Operation: DeserializeOwned {
    /// What KMS answers to it.
    type Answer: Serialize;

    /// Does it. After an error the keys are not to be kept.
    fn run(self, keys: &mut Keyring) -> Result<Self::Answer, Refusal>;
}

/// The answer of an operation that has nothing to tell.
#[derive(Serialize)]
pub struct Done {}

/// The only algorithm of a symmetric key.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub enum Algorithm {
    /// AES-256-GCM.
    #[default]
    #[serde(rename = "SYMMETRIC_DEFAULT")]
    SymmetricDefault,
}

/// Does the operation of this name.
pub fn perform(operation: &str, request: Value, keys: &mut Keyring) -> Result<Value, Refusal> {
    match operation {
        "CreateAlias" => run::<CreateAlias>(request, keys),
        "CreateKey" => run::<CreateKey>(request, keys),
        "Decrypt" => run::<Decrypt>(request, keys),
        "DescribeKey" => run::<DescribeKey>(request, keys),
        "DisableKey" => run::<DisableKey>(request, keys),
        "EnableKey" => run::<EnableKey>(request, keys),
        "Encrypt" => run::<Encrypt>(request, keys),
        "GenerateDataKey" => run::<GenerateDataKey>(request, keys),
        "GenerateDataKeyWithoutPlaintext" => run::<GenerateDataKeyWithoutPlaintext>(request, keys),
        "ReEncrypt" => run::<ReEncrypt>(request, keys),
        "ScheduleKeyDeletion" => run::<ScheduleKeyDeletion>(request, keys),
        _ => Err(Refusal::new(
            "UnknownOperationException",
            format!("this emulator has no operation {operation}"),
        )),
    }
}

fn run<O: Operation>(request: Value, keys: &mut Keyring) -> Result<Value, Refusal> {
    let request: O =
        serde_json::from_value(request).map_err(|error| Refusal::validation(error.to_string()))?;
    let answer = request.run(keys)?;
    serde_json::to_value(answer).map_err(|error| Refusal::new("KMSInternalException", error.to_string()))
}
