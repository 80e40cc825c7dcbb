//! Ciphertext blobs: what KMS gives out in place of a plaintext.
//!
//! version `01` · length of the key id (one byte) · key id · nonce (12) · AES-256-GCM ciphertext and tag.
//! Version, length and key id are authenticated, and so is the encryption context after them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use super::{context::EncryptionContext, error::KmsException};

const VERSION: u8 = 1;

/// 256 random bits that never leave KMS.
pub type Material = [u8; 32];

/// A blob taken apart, not yet authenticated.
pub struct Ciphertext<'a> {
    header: &'a [u8],
    key_id: &'a str,
    nonce: [u8; NONCE_LEN],
    sealed: &'a [u8],
}

impl<'a> Ciphertext<'a> {
    /// Takes a blob apart. Anything else is an `InvalidCiphertextException`.
    pub fn parse(blob: &'a [u8]) -> Result<Self, KmsException> {
        Self::split(blob).ok_or_else(invalid)
    }

    fn split(blob: &'a [u8]) -> Option<Self> {
        let (&[VERSION, length], rest) = blob.split_first_chunk()? else {
            return None;
        };
        let (key_id, rest) = rest.split_at_checked(length.into())?;
        let (&nonce, sealed) = rest.split_first_chunk()?;
        Some(Self { header: &blob[..2 + key_id.len()], key_id: str::from_utf8(key_id).ok()?, nonce, sealed })
    }

    /// The id of the key that the blob says has made it.
    pub fn key_id(&self) -> &str {
        self.key_id
    }

    /// The plaintext; an `InvalidCiphertextException` if key, context or any byte is another.
    pub fn open(&self, material: &Material, context: &EncryptionContext) -> Result<Vec<u8>, KmsException> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, material)?;
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let mut buffer = self.sealed.to_vec();
        let plaintext =
            key.open_in_place(nonce, aad(self.header, context), &mut buffer).map_err(|_| invalid())?;
        Ok(plaintext.to_vec())
    }
}

/// Encrypts under the key of this id, with a fresh nonce.
pub fn seal(
    key_id: &str,
    material: &Material,
    context: &EncryptionContext,
    plaintext: &[u8],
) -> Result<Vec<u8>, KmsException> {
    let length = u8::try_from(key_id.len())
        .map_err(|_| KmsException::new("KMSInternalException", "a key id is over 255 bytes"))?;
    let mut blob = [&[VERSION, length], key_id.as_bytes()].concat();
    let mut sealed = plaintext.to_vec();
    let nonce = RandomizedNonceKey::new(&AES_256_GCM, material)?
        .seal_in_place_append_tag(aad(&blob, context), &mut sealed)?;
    blob.extend_from_slice(nonce.as_ref());
    blob.extend_from_slice(&sealed);
    Ok(blob)
}

fn aad(header: &[u8], context: &EncryptionContext) -> Aad<Vec<u8>> {
    Aad::from([header, &context.canonical()].concat())
}

/// The refusal of whatever fails to open; as in KMS it does not say why.
pub fn invalid() -> KmsException {
    KmsException::new(
        "InvalidCiphertextException",
        "the ciphertext or its encryption context is not what KMS gave out",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const MATERIAL: Material = [7; 32];

    fn context(client: &str) -> EncryptionContext {
        let pairs = BTreeMap::from([("client".to_owned(), client.to_owned())]);
        pairs.try_into().unwrap()
    }

    fn sealed() -> Vec<u8> {
        seal("key-a", &MATERIAL, &context("alice"), b"secret").unwrap()
    }

    fn open(blob: &[u8], material: &Material, client: &str) -> Result<Vec<u8>, KmsException> {
        Ciphertext::parse(blob)?.open(material, &context(client))
    }

    #[test]
    fn a_blob_names_its_key_and_opens_to_what_was_sealed() {
        let blob = sealed();
        assert_eq!(Ciphertext::parse(&blob).unwrap().key_id(), "key-a");
        assert_eq!(open(&blob, &MATERIAL, "alice").unwrap(), b"secret");
    }

    #[test]
    fn every_seal_is_another_blob() {
        assert_ne!(sealed(), sealed());
    }

    #[test]
    fn another_key_or_context_does_not_open_it() {
        let blob = sealed();
        assert_eq!(open(&blob, &[8; 32], "alice"), Err(invalid()));
        assert_eq!(open(&blob, &MATERIAL, "bob"), Err(invalid()));
    }

    #[test]
    fn no_flipped_bit_of_a_blob_opens_even_under_the_right_key() {
        let blob = sealed();
        for bit in 0..blob.len() * 8 {
            let mut flipped = blob.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&flipped, &MATERIAL, "alice"), Err(invalid()), "{bit}");
        }
    }

    #[test]
    fn neither_a_beginning_of_a_blob_nor_more_than_it_opens() {
        let blob = sealed();
        for end in 0..blob.len() {
            assert_eq!(open(&blob[..end], &MATERIAL, "alice"), Err(invalid()));
        }
        let longer = [&blob[..], &[0]].concat();
        assert_eq!(open(&longer, &MATERIAL, "alice"), Err(invalid()));
    }
}
