//! The two calls to KMS: a new data key to seal with, and the unwrapping of an old one to open with.
//!
//! There is no data-key cache. Every reveal is one `Decrypt`, and so one CloudTrail event that we don't write.

use aws_sdk_kms::{
    Client, error::SdkError, operation::decrypt::DecryptError, primitives::Blob, types::DataKeySpec,
};

use crate::{
    date::Date,
    envelope::{DATA_KEY_BYTES, DataKey},
    error::{AwsFailure, Error, Result},
    key_ring::{KeyArn, KeyRing},
    log,
    secret::Secret,
    slot::Slot,
};

/// The keys that this function seals or opens with.
pub struct Kms {
    client: Client,
    keys: KeyRing,
}

/// A data key in both its forms.
pub struct NewDataKey {
    /// To seal with, then to forget.
    pub plain: DataKey,
    /// To keep in the envelope.
    pub wrapped: Vec<u8>,
    /// Id of the KMS key that wrapped it.
    pub key_id: String,
    /// When KMS made it, by KMS's clock, in milliseconds since 1970.
    pub date: u64,
}

impl Kms {
    pub const fn new(client: Client, keys: KeyRing) -> Self {
        Self { client, keys }
    }

    /// Has KMS make a data key for a share of `slot`.
    pub async fn new_data_key(&self, slot: &Slot) -> Result<NewDataKey> {
        let (key, date) = (self.keys.sealing(), Date::default());
        log::aws_call();
        let answer = self
            .client
            .generate_data_key()
            .key_id(key.arn())
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(slot.encryption_context()))
            .customize()
            .interceptor(date.clone())
            .send()
            .await
            .map_err(|error| Error::Unavailable(AwsFailure::new("GenerateDataKey", &error)))?;
        if answer.key_id() != Some(key.arn()) {
            return Err(Error::Internal("GenerateDataKey answered with another key than SHARES_KEYS names"));
        }
        let wrapped =
            answer.ciphertext_blob.ok_or(Error::Internal("GenerateDataKey answered without a key"))?;
        let plain = data_key(answer.plaintext)?;
        let date = date.read("GenerateDataKey")?;
        Ok(NewDataKey { plain, wrapped: wrapped.into_inner(), key_id: key.id().into(), date })
    }

    /// The key of this id.
    ///
    /// # Errors
    /// [`Error::UnlistedKey`] when this function was not given it.
    pub fn key(&self, id: &str) -> Result<&KeyArn> {
        self.keys.find(id).ok_or_else(|| Error::UnlistedKey(log::bounded(id)))
    }

    /// Has KMS unwrap the data key of a share of `slot` that was sealed under the key `key_id`.
    pub async fn unwrap(&self, slot: &Slot, key_id: &str, wrapped: &[u8]) -> Result<DataKey> {
        let key = self.key(key_id)?;
        log::aws_call();
        let answer = self
            .client
            .decrypt()
            .key_id(key.arn())
            .ciphertext_blob(Blob::new(wrapped))
            .set_encryption_context(Some(slot.encryption_context()))
            .send()
            .await
            .map_err(|error| refused(&error))?;
        data_key(answer.plaintext)
    }
}

fn refused<R>(error: &SdkError<DecryptError, R>) -> Error
where
    SdkError<DecryptError, R>: aws_sdk_kms::operation::RequestId,
{
    match error.as_service_error() {
        Some(DecryptError::InvalidCiphertextException(_) | DecryptError::IncorrectKeyException(_)) => {
            Error::Tampered("KMS refuses its wrapped key, its key or its encryption context")
        }
        _ => Error::Unavailable(AwsFailure::new("Decrypt", error)),
    }
}

/// Moves a key out of the SDK's buffer, and wipes what can be reached of that.
fn data_key(plaintext: Option<Blob>) -> Result<DataKey> {
    let bytes = Secret::new(plaintext.map(Blob::into_inner).unwrap_or_default());
    let key: [u8; DATA_KEY_BYTES] = bytes
        .expose()
        .as_slice()
        .try_into()
        .map_err(|_| Error::Internal("KMS answered with a key that is not 32 bytes long"))?;
    Ok(Secret::new(key))
}
