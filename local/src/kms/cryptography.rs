//! Operations with keys.

use aws_lc_rs::rand;
use serde::{Deserialize, Serialize};

use super::{
    blob::Blob,
    ciphertext::{self, Ciphertext},
    context::EncryptionContext,
    error::Refusal,
    keys::{Key, Keyring},
    operations::{Algorithm, Operation},
};

type Plaintext = Blob<4096>;
type CiphertextBlob = Blob<6144>;

#[derive(Deserialize)]
enum DataKeySpec {
    #[serde(rename = "AES_256")]
    Aes256,
    #[serde(rename = "AES_128")]
    Aes128,
}

/// Makes a random data key and encrypts it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct GenerateDataKey {
    key_id: String,
    key_spec: Option<DataKeySpec>,
    number_of_bytes: Option<usize>,
    #[serde(default)]
    encryption_context: EncryptionContext,
}

/// Answer to [`GenerateDataKey`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DataKey {
    key_id: String,
    plaintext: Plaintext,
    ciphertext_blob: CiphertextBlob,
}

impl GenerateDataKey {
    fn length(&self) -> Result<usize, Refusal> {
        match (&self.key_spec, self.number_of_bytes) {
            (Some(DataKeySpec::Aes256), None) => Ok(32),
            (Some(DataKeySpec::Aes128), None) => Ok(16),
            (None, Some(length @ 1..=1024)) => Ok(length),
            (None, Some(_)) => Err(Refusal::validation("NumberOfBytes is 1 to 1024")),
            _ => Err(Refusal::validation("name either KeySpec or NumberOfBytes, not both")),
        }
    }
}

impl Operation for GenerateDataKey {
    type Answer = DataKey;

    fn run(self, keys: &mut Keyring) -> Result<DataKey, Refusal> {
        let mut plaintext = vec![0; self.length()?];
        rand::fill(&mut plaintext)?;
        let key = keys.find(&self.key_id)?;
        Ok(DataKey {
            key_id: key.arn(),
            ciphertext_blob: seal(key, &self.encryption_context, &plaintext)?,
            plaintext: Blob(plaintext),
        })
    }
}

/// The same without telling the plaintext.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct GenerateDataKeyWithoutPlaintext(GenerateDataKey);

/// Answer to [`GenerateDataKeyWithoutPlaintext`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EncryptedDataKey {
    key_id: String,
    ciphertext_blob: CiphertextBlob,
}

impl Operation for GenerateDataKeyWithoutPlaintext {
    type Answer = EncryptedDataKey;

    fn run(self, keys: &mut Keyring) -> Result<EncryptedDataKey, Refusal> {
        let data_key = self.0.run(keys)?;
        Ok(EncryptedDataKey { key_id: data_key.key_id, ciphertext_blob: data_key.ciphertext_blob })
    }
}

/// Encrypts a few bytes of the caller's.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Encrypt {
    key_id: String,
    plaintext: Plaintext,
    #[serde(default)]
    encryption_context: EncryptionContext,
    #[serde(default)]
    encryption_algorithm: Algorithm,
}

/// Answer to [`Encrypt`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Encrypted {
    key_id: String,
    ciphertext_blob: CiphertextBlob,
    encryption_algorithm: Algorithm,
}

impl Operation for Encrypt {
    type Answer = Encrypted;

    fn run(self, keys: &mut Keyring) -> Result<Encrypted, Refusal> {
        let key = keys.find(&self.key_id)?;
        Ok(Encrypted {
            key_id: key.arn(),
            ciphertext_blob: seal(key, &self.encryption_context, &self.plaintext.0)?,
            encryption_algorithm: self.encryption_algorithm,
        })
    }
}

/// Opens a ciphertext, under the key that it names or none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Decrypt {
    ciphertext_blob: CiphertextBlob,
    key_id: Option<String>,
    #[serde(default)]
    encryption_context: EncryptionContext,
    #[serde(default)]
    encryption_algorithm: Algorithm,
}

/// Answer to [`Decrypt`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Decrypted {
    key_id: String,
    plaintext: Plaintext,
    encryption_algorithm: Algorithm,
}

impl Operation for Decrypt {
    type Answer = Decrypted;

    fn run(self, keys: &mut Keyring) -> Result<Decrypted, Refusal> {
        let named = self.key_id.as_deref();
        let blob = &self.ciphertext_blob.0;
        let (key, plaintext) = open(keys, named, &self.encryption_context, blob)?;
        Ok(Decrypted {
            key_id: key.arn(),
            plaintext: Blob(plaintext),
            encryption_algorithm: self.encryption_algorithm,
        })
    }
}

/// Moves a ciphertext to another key or context without telling the plaintext.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ReEncrypt {
    ciphertext_blob: CiphertextBlob,
    source_key_id: Option<String>,
    #[serde(default)]
    source_encryption_context: EncryptionContext,
    #[serde(default)]
    source_encryption_algorithm: Algorithm,
    destination_key_id: String,
    #[serde(default)]
    destination_encryption_context: EncryptionContext,
    #[serde(default)]
    destination_encryption_algorithm: Algorithm,
}

/// Answer to [`ReEncrypt`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReEncrypted {
    ciphertext_blob: CiphertextBlob,
    source_key_id: String,
    key_id: String,
    source_encryption_algorithm: Algorithm,
    destination_encryption_algorithm: Algorithm,
}

impl Operation for ReEncrypt {
    type Answer = ReEncrypted;

    fn run(self, keys: &mut Keyring) -> Result<ReEncrypted, Refusal> {
        let named = self.source_key_id.as_deref();
        let blob = &self.ciphertext_blob.0;
        let destination = keys.find(&self.destination_key_id)?;
        let (source, plaintext) = open(keys, named, &self.source_encryption_context, blob)?;
        let context = &self.destination_encryption_context;
        Ok(ReEncrypted {
            ciphertext_blob: seal(destination, context, &plaintext)?,
            source_key_id: source.arn(),
            key_id: destination.arn(),
            source_encryption_algorithm: self.source_encryption_algorithm,
            destination_encryption_algorithm: self.destination_encryption_algorithm,
        })
    }
}

fn seal(key: &Key, context: &EncryptionContext, plaintext: &[u8]) -> Result<CiphertextBlob, Refusal> {
    ciphertext::seal(key.id(), key.material()?, context, plaintext).map(Blob)
}

/// Opens a blob with the key that made it, which must be the named one if one is named.
fn open<'k>(
    keys: &'k Keyring,
    named: Option<&str>,
    context: &EncryptionContext,
    blob: &[u8],
) -> Result<(&'k Key, Vec<u8>), Refusal> {
    let named = named.map(|reference| keys.find(reference)).transpose()?;
    let ciphertext = Ciphertext::parse(blob)?;
    let maker = keys.with_id(ciphertext.key_id());
    let maker = maker.ok_or_else(ciphertext::invalid)?;
    if named.is_some_and(|key| key.id() != maker.id()) {
        let message = "the key in the request is not the one that encrypted this ciphertext";
        return Err(Refusal::new("IncorrectKeyException", message));
    }
    let plaintext = ciphertext.open(maker.material()?, context)?;
    Ok((maker, plaintext))
}
