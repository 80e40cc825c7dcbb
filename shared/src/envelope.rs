//! The sealed form of a share, as `ENVELOPE.md` specifies it. Pure: no I/O, no clock, no randomness of its own.

#[cfg(test)]
mod known_answers;
#[cfg(test)]
mod properties;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey},
    constant_time::verify_slices_are_equal,
    error::Unspecified,
    hkdf::{HKDF_SHA512, KeyType, Prk, Salt},
};

use crate::{
    error::{Error, Result},
    secret::Secret,
    share::Share,
    slot::{Slot, length_prefixed},
};

const MAGIC: [u8; 3] = *b"PBS";
const VERSION: u8 = 1;
const SALT_BYTES: usize = 32;
const COMMITMENT_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const MAX_WRAPPED_BYTES: usize = 1024;

const AAD_LABEL: &str = "portal-backup-shares/envelope/v1";
const ENCRYPT_LABEL: &[u8] = b"portal-backup-shares/v1/encrypt";
const COMMIT_LABEL: &[u8] = b"portal-backup-shares/v1/commit";

/// Length of a data key, in bytes.
pub const DATA_KEY_BYTES: usize = 32;

/// The key that KMS made for one envelope alone.
pub type DataKey = Secret<[u8; DATA_KEY_BYTES]>;

/// What makes two envelopes of one share differ: fresh random bytes for each seal, never used twice.
pub struct Freshness {
    /// Salt of the key derivation.
    pub salt: [u8; SALT_BYTES],
    /// Nonce of AES-256-GCM.
    pub nonce: [u8; NONCE_BYTES],
}

/// What an envelope is bound to besides its key: it opens under these values and no others.
pub struct Binding<'a> {
    /// Where the share belongs.
    pub slot: &'a Slot,
    /// When it was sealed, in milliseconds since 1970.
    pub stored_at: u64,
}

/// Seals a share (ENVELOPE.md, E1 to E7).
///
/// # Errors
/// [`Error::Internal`] when the wrapped key is not 1 to 1024 bytes long.
#[expect(clippy::needless_pass_by_value, reason = "what was fresh must not be used again")]
pub fn seal(
    share: &Share,
    binding: &Binding<'_>,
    data_key: &DataKey,
    wrapped_key: &[u8],
    fresh: Freshness,
) -> Result<Vec<u8>> {
    let wrapped_len = match u16::try_from(wrapped_key.len()) {
        Ok(len) if (1..=MAX_WRAPPED_BYTES).contains(&wrapped_key.len()) => len,
        _ => return Err(Error::Internal("KMS answered with a wrapped key that is not 1 to 1024 bytes long")),
    };
    let Freshness { salt, nonce } = fresh;
    let keys = Keys::derive(data_key, &salt)?;
    let mut sealed = Vec::with_capacity(wrapped_key.len() + share.expose().len() + 128);
    sealed.extend_from_slice(&MAGIC);
    sealed.push(VERSION);
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&wrapped_len.to_be_bytes());
    sealed.extend_from_slice(wrapped_key);
    sealed.extend_from_slice(keys.commitment.expose());
    sealed.extend_from_slice(&nonce);
    let start = sealed.len();
    sealed.extend_from_slice(share.expose().as_bytes());
    let tag = encrypt(&keys.encryption, nonce, aad(binding, &salt), &mut sealed[start..])?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// An envelope taken apart, nothing in it verified yet.
#[derive(Debug)]
pub struct Envelope<'a> {
    salt: [u8; SALT_BYTES],
    wrapped_key: &'a [u8],
    commitment: &'a [u8],
    nonce: [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart (ENVELOPE.md, E8).
    ///
    /// # Errors
    /// [`Error::Tampered`] when it is no envelope; [`Error::UnknownVersion`] when it is one of another version.
    pub fn parse(sealed: &'a [u8]) -> Result<Self> {
        let malformed = Error::Tampered("it is not of an envelope's form");
        match sealed.strip_prefix(&MAGIC) {
            Some([VERSION, rest @ ..]) => Self::take_apart(rest).ok_or(malformed),
            Some([version, ..]) => Err(Error::UnknownVersion(*version)),
            _ => Err(malformed),
        }
    }

    fn take_apart(rest: &'a [u8]) -> Option<Self> {
        let (salt, rest) = rest.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (wrapped_key, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
        let (commitment, rest) = rest.split_at_checked(COMMITMENT_BYTES)?;
        let (nonce, ciphertext) = rest.split_first_chunk()?;
        let whole = (1..=MAX_WRAPPED_BYTES).contains(&wrapped_key.len()) && ciphertext.len() > TAG_BYTES;
        whole.then_some(Self { salt: *salt, wrapped_key, commitment, nonce: *nonce, ciphertext })
    }

    /// The data key as KMS wrapped it: opaque, 1 to 1024 bytes.
    pub const fn wrapped_key(&self) -> &'a [u8] {
        self.wrapped_key
    }

    /// The length of the share that is sealed in it, in bytes.
    pub const fn share_len(&self) -> usize {
        self.ciphertext.len() - TAG_BYTES
    }

    /// Opens the envelope with its unwrapped data key (ENVELOPE.md, E9 to E11).
    ///
    /// # Errors
    /// [`Error::Tampered`] when the data key, the binding or any byte is not what it was sealed with.
    pub fn open(&self, binding: &Binding<'_>, data_key: &DataKey) -> Result<Share> {
        let keys = Keys::derive(data_key, &self.salt)?;
        verify_slices_are_equal(keys.commitment.expose(), self.commitment)
            .map_err(|Unspecified| Error::Tampered("its commitment is to another data key"))?;
        let mut plain = Secret::new(self.ciphertext.to_vec());
        let text = decrypt(&keys.encryption, self.nonce, aad(binding, &self.salt), plain.expose_mut())?;
        let text = std::str::from_utf8(text).map_err(|_| Error::Tampered("it does not hold UTF-8 text"))?;
        Ok(Share::opened(Secret::new(text.into())))
    }
}

/// The two keys that one data key and salt give.
struct Keys {
    encryption: Secret<[u8; 32]>,
    commitment: Secret<[u8; COMMITMENT_BYTES]>,
}

impl Keys {
    fn derive(data_key: &DataKey, salt: &[u8; SALT_BYTES]) -> Result<Self> {
        let extracted = extract(salt, data_key.expose());
        Ok(Self {
            encryption: expand(&extracted, ENCRYPT_LABEL)?,
            commitment: expand(&extracted, COMMIT_LABEL)?,
        })
    }
}

fn extract(salt: &[u8], key: &[u8]) -> Prk {
    Salt::new(HKDF_SHA512, salt).extract(key)
}

fn expand(extracted: &Prk, label: &[u8]) -> Result<Secret<[u8; 32]>> {
    let mut key = Secret::new([0; 32]);
    extracted
        .expand(&[label], Bytes32)
        .and_then(|expanded| expanded.fill(key.expose_mut()))
        .map_err(|Unspecified| Error::Internal("HKDF-SHA-512 refused to derive"))?;
    Ok(key)
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

fn cipher(key: &Secret<[u8; 32]>) -> Result<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key.expose())
        .map(LessSafeKey::new)
        .map_err(|Unspecified| Error::Internal("AES-256-GCM refused the derived key"))
}

/// Encrypts in place, and gives the tag.
fn encrypt<A: AsRef<[u8]>>(
    key: &Secret<[u8; 32]>,
    nonce: [u8; NONCE_BYTES],
    aad: Aad<A>,
    text: &mut [u8],
) -> Result<Tag> {
    cipher(key)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, text)
        .map_err(|Unspecified| Error::Internal("AES-256-GCM refused to seal"))
}

/// Decrypts ciphertext and tag in place, and gives the part that is the text.
fn decrypt<'a, A: AsRef<[u8]>>(
    key: &Secret<[u8; 32]>,
    nonce: [u8; NONCE_BYTES],
    aad: Aad<A>,
    sealed: &'a mut [u8],
) -> Result<&'a [u8]> {
    cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(nonce), aad, sealed)
        .map(|text| &*text)
        .map_err(|Unspecified| Error::Tampered("its bytes or its row are not what was sealed"))
}

fn aad(binding: &Binding<'_>, salt: &[u8; SALT_BYTES]) -> Aad<Vec<u8>> {
    let mut bytes = AAD_LABEL.as_bytes().to_vec();
    bytes.push(VERSION);
    bytes.extend_from_slice(salt);
    let stored_at = binding.stored_at.to_be_bytes();
    let parts = binding.slot.parts();
    let bound = parts.iter().map(|part| part.as_bytes()).chain([stored_at.as_slice()]);
    length_prefixed(bound, |part| bytes.extend_from_slice(part));
    Aad::from(bytes)
}
