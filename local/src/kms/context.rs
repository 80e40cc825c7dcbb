//! Encryption contexts: what a ciphertext is about, authenticated but not in it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// KMS's limit, counted over the context written as JSON.
const MAX_CHARACTERS: usize = 8192;

/// Pairs of strings that decryption must repeat exactly, in any order.
#[derive(Clone, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct EncryptionContext(BTreeMap<String, String>);

impl TryFrom<BTreeMap<String, String>> for EncryptionContext {
    type Error = String;

    fn try_from(pairs: BTreeMap<String, String>) -> Result<Self, String> {
        let json = serde_json::to_string(&pairs).map_err(|error| error.to_string())?;
        if json.chars().count() > MAX_CHARACTERS {
            return Err(format!("an encryption context has at most {MAX_CHARACTERS} characters"));
        }
        Ok(Self(pairs))
    }
}

impl EncryptionContext {
    /// The pairs sorted by name, every string after its length: no two contexts share these bytes.
    pub fn canonical(&self) -> Vec<u8> {
        let strings = self.0.iter().flat_map(|(name, value)| [name, value]);
        strings
            .flat_map(|string| {
                let length = (string.len() as u64).to_be_bytes();
                length.into_iter().chain(string.bytes())
            })
            .collect()
    }
}
