//! The operations of the KMS API that are here. A field that this emulator does not know is refused, never ignored.

use aws_lc_rs::rand;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Value, from_value, json};

use super::{
    ciphertext::{self, Ciphertext},
    context::EncryptionContext,
    error::KmsException,
    keys::{Key, Keyring, State},
};
use crate::account::ACCOUNT;

/// In bytes.
const MAX_CIPHERTEXT: usize = 6144;

type Answer = Result<Value, KmsException>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GenerateDataKey {
    key_id: String,
    #[serde(rename = "KeySpec")]
    _key_spec: DataKeySpec,
    #[serde(default)]
    encryption_context: EncryptionContext,
}

#[derive(Deserialize)]
enum DataKeySpec {
    #[serde(rename = "AES_256")]
    Aes256,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Decrypt {
    #[serde(deserialize_with = "blob")]
    ciphertext_blob: Vec<u8>,
    key_id: Option<String>,
    #[serde(default)]
    encryption_context: EncryptionContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReEncrypt {
    #[serde(deserialize_with = "blob")]
    ciphertext_blob: Vec<u8>,
    source_key_id: Option<String>,
    #[serde(default)]
    source_encryption_context: EncryptionContext,
    destination_key_id: String,
    #[serde(default)]
    destination_encryption_context: EncryptionContext,
}

/// `DescribeKey`, `EnableKey` and `DisableKey`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfKey {
    key_id: String,
}

fn blob<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| D::Error::custom("a blob is not base64"))?;
    match bytes.len() {
        1..=MAX_CIPHERTEXT => Ok(bytes),
        length => {
            Err(D::Error::custom(format!("a ciphertext has {length} bytes, not 1 to {MAX_CIPHERTEXT}")))
        }
    }
}

/// Does the operation of this name. After an error the keys are not to be kept.
pub fn perform(operation: &str, request: Value, keys: &mut Keyring) -> Answer {
    match operation {
        "GenerateDataKey" => generate_data_key(&from_value(request)?, keys),
        "Decrypt" => decrypt(&from_value(request)?, keys),
        "ReEncrypt" => re_encrypt(&from_value(request)?, keys),
        "DescribeKey" => keys.find(&from_value::<OfKey>(request)?.key_id).map(described),
        "EnableKey" => turn(State::Enabled, &from_value(request)?, keys),
        "DisableKey" => turn(State::Disabled, &from_value(request)?, keys),
        _ => {
            let message = format!("this emulator has no operation {operation}");
            Err(KmsException::new("UnknownOperationException", message))
        }
    }
}

fn generate_data_key(request: &GenerateDataKey, keys: &Keyring) -> Answer {
    let mut plaintext = [0; 32];
    rand::fill(&mut plaintext)?;
    let key = keys.find(&request.key_id)?;
    Ok(json!({
        "KeyId": key.arn(),
        "Plaintext": BASE64_STANDARD.encode(plaintext),
        "CiphertextBlob": sealed(key, &request.encryption_context, &plaintext)?,
    }))
}

fn decrypt(request: &Decrypt, keys: &Keyring) -> Answer {
    let named = request.key_id.as_deref();
    let (key, plaintext) = open(keys, named, &request.encryption_context, &request.ciphertext_blob)?;
    Ok(json!({
        "KeyId": key.arn(),
        "Plaintext": BASE64_STANDARD.encode(plaintext),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

/// Moves a ciphertext to another key or context without telling the plaintext.
fn re_encrypt(request: &ReEncrypt, keys: &Keyring) -> Answer {
    let destination = keys.find(&request.destination_key_id)?;
    let named = request.source_key_id.as_deref();
    let (source, plaintext) =
        open(keys, named, &request.source_encryption_context, &request.ciphertext_blob)?;
    Ok(json!({
        "CiphertextBlob": sealed(destination, &request.destination_encryption_context, &plaintext)?,
        "SourceKeyId": source.arn(),
        "KeyId": destination.arn(),
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn turn(state: State, request: &OfKey, keys: &mut Keyring) -> Answer {
    keys.find_mut(&request.key_id)?.state = state;
    Ok(json!({}))
}

fn described(key: &Key) -> Value {
    json!({"KeyMetadata": {
        "AWSAccountId": ACCOUNT,
        "KeyId": key.id,
        "Arn": key.arn(),
        "CreationDate": key.created_at,
        "Enabled": key.state == State::Enabled,
        "KeyState": key.state,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "MultiRegion": key.id.starts_with("mrk-"),
    }})
}

fn sealed(key: &Key, context: &EncryptionContext, plaintext: &[u8]) -> Result<String, KmsException> {
    Ok(BASE64_STANDARD.encode(ciphertext::seal(&key.id, key.material()?, context, plaintext)?))
}

/// Opens a blob with the key that made it, which must be the named one if one is named.
fn open<'k>(
    keys: &'k Keyring,
    named: Option<&str>,
    context: &EncryptionContext,
    blob: &[u8],
) -> Result<(&'k Key, Vec<u8>), KmsException> {
    let named = named.map(|reference| keys.find(reference)).transpose()?;
    let ciphertext = Ciphertext::parse(blob)?;
    let maker = keys.with_id(ciphertext.key_id()).ok_or_else(ciphertext::invalid)?;
    if named.is_some_and(|key| key.id != maker.id) {
        let message = "the key in the request is not the one that encrypted this ciphertext";
        return Err(KmsException::new("IncorrectKeyException", message));
    }
    Ok((maker, ciphertext.open(maker.material()?, context)?))
}
