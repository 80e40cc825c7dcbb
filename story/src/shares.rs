//! Shares as they travel, and how they are shown.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

/// A curve that Portal's wallets sign with.
#[derive(Clone, Copy, Debug)]
pub enum Curve {
    /// Bitcoin's and Ethereum's.
    Secp256k1,
    /// Solana's.
    Ed25519,
}

impl Curve {
    /// The method under which Portal hands over a custodian share of this curve.
    pub fn method(self) -> &'static str {
        match self {
            Self::Secp256k1 => "GDRIVE-SECP256K1",
            Self::Ed25519 => "GDRIVE-ED25519",
        }
    }
}

/// A custodian share: a JSON document in a string, of one pair.
#[derive(Clone, PartialEq)]
pub struct CustodianShare {
    pair: String,
    text: String,
}

impl CustodianShare {
    /// Reads one that Portal sends or gets back: JSON that names its pair.
    pub fn parse(text: &str) -> Option<Self> {
        let fields: Value = serde_json::from_str(text).ok()?;
        Some(Self { pair: fields["backupSharePairId"].as_str()?.into(), text: text.into() })
    }

    /// The pair that this share is half of.
    pub fn pair(&self) -> &str {
        &self.pair
    }

    /// The share as it travels.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// An app's share, encrypted by the app: hex digits to everyone else.
#[derive(Clone, PartialEq)]
pub struct ClientShare(pub String);

impl fmt::Display for CustodianShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short(&self.text))
    }
}

impl fmt::Display for ClientShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short(&self.0))
    }
}

/// What is shown of a share: shares themselves never are.
fn short(share: &str) -> String {
    format!("{} ({} bytes)", short_digest(share), share.len())
}

/// The first 8 hex digits of a share's SHA-256.
pub fn short_digest(share: &str) -> String {
    let mut digest = hex::encode(digest(&SHA256, share.as_bytes()));
    digest.truncate(8);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_share_is_its_digest_and_size() {
        assert_eq!(ClientShare("abc".into()).to_string(), "ba7816bf (3 bytes)");
    }
}
