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

#[cfg(test)]
mod tests {
    use super::*;

    fn context(pairs: &[(&str, &str)]) -> Result<EncryptionContext, String> {
        let owned = pairs.iter().map(|(n, v)| ((*n).into(), (*v).into()));
        owned.collect::<BTreeMap<_, _>>().try_into()
    }

    #[test]
    fn the_order_of_pairs_does_not_matter() {
        let forward = context(&[("a", "1"), ("b", "2")]).unwrap();
        let backward = context(&[("b", "2"), ("a", "1")]).unwrap();
        assert_eq!(forward.canonical(), backward.canonical());
    }

    #[test]
    fn contexts_that_differ_only_in_where_strings_end_differ() {
        let contexts =
            [&[][..], &[("", "")], &[("ab", "c")], &[("a", "bc")], &[("abc", "")], &[("a", "b"), ("c", "")]];
        let distinct: std::collections::BTreeSet<_> =
            contexts.iter().map(|pairs| context(pairs).unwrap().canonical()).collect();
        assert_eq!(distinct.len(), contexts.len());
    }

    #[test]
    fn the_limit_counts_the_characters_of_the_json() {
        let fits = MAX_CHARACTERS - r#"{"n":""}"#.len();
        assert!(context(&[("n", &"é".repeat(fits))]).is_ok());
        assert!(context(&[("n", &"é".repeat(fits + 1))]).is_err());
    }
}
