//! Bytes in requests and answers.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Base64 in JSON; a request must bring 1 to `MAX` bytes. Without `Debug`: it may be a plaintext.
pub struct Blob<const MAX: usize>(pub Vec<u8>);

impl<const MAX: usize> Serialize for Blob<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Blob<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| D::Error::custom("a blob is not base64"))?;
        match bytes.len() {
            length if (1..=MAX).contains(&length) => Ok(Self(bytes)),
            length => Err(D::Error::custom(format!("a blob has {length} bytes; 1 to {MAX} are allowed"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_brings_bytes_within_the_limit() {
        let bytes = |json: &str| serde_json::from_str::<Blob<2>>(json).ok().map(|b| b.0);
        assert_eq!(bytes(r#""AQI=""#), Some(vec![1, 2]));
        for refused in [r#""""#, r#""AQID""#, r#""AQI""#, r#""?""#, "1", "null"] {
            assert_eq!(bytes(refused), None, "{refused}");
        }
    }
}
