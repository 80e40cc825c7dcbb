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
    use super::*;

    const MATERIAL: Material = [7; 32];

    fn open(blob: &[u8]) -> Result<Vec<u8>, KmsException> {
        Ciphertext::parse(blob)?.open(&MATERIAL, &EncryptionContext::default())
    }

    #[test]
    fn only_the_whole_blob_opens_with_every_bit_as_it_was_and_no_two_are_alike() {
        let seal = || seal("key-a", &MATERIAL, &EncryptionContext::default(), b"secret").unwrap();
        let blob = seal();
        assert_ne!(blob, seal());
        assert_eq!(open(&blob).unwrap(), b"secret");
        for bit in 0..blob.len() * 8 {
            let mut flipped = blob.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&flipped), Err(invalid()), "{bit}");
        }
        for end in 0..blob.len() {
            assert_eq!(open(&blob[..end]), Err(invalid()));
        }
        assert_eq!(open(&[&blob[..], &[0]].concat()), Err(invalid()));
    }
}
