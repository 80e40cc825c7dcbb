//! Shares as Portal and its apps make them: real shape and size, random numbers.

use std::fmt;

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Map, Value};

/// The fields of a custodian share that hold a number, with its decimal digits.
const NUMBERS: [(&str, usize); 21] = [
    ("clientBk", 77),
    ("clientPartialPubKey_x", 77),
    ("clientPartialPubKey_y", 77),
    ("pailler_p", 309),
    ("pailler_q", 309),
    ("pedersenClient_n", 617),
    ("pedersenClient_s", 616),
    ("pedersenClient_t", 617),
    ("pedersenServer_n", 617),
    ("pedersenServer_s", 616),
    ("pedersenServer_t", 617),
    ("serverBk", 77),
    ("serverPartialPubKey_x", 77),
    ("serverPartialPubKey_y", 77),
    ("share", 77),
    ("x", 77),
    ("y", 77),
    ("yClient_x", 77),
    ("yClient_y", 77),
    ("yServer_x", 77),
    ("yServer_y", 77),
];

/// Bytes of an app's encrypted share of two curves.
const CLIENT_SHARE_BYTES: usize = 12_000;

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
#[derive(Debug, PartialEq)]
pub struct CustodianShare {
    pair: String,
    text: String,
}

impl CustodianShare {
    /// A new one, of a new pair.
    pub fn random(client: &str) -> Result<Self> {
        let pair = random_id()?;
        let mut fields = Map::new();
        fields.insert("backupSharePairId".into(), pair.as_str().into());
        fields.insert("clientId".into(), client.into());
        fields.insert("ssid".into(), random_session()?.into());
        for (name, digits) in NUMBERS {
            fields.insert(name.into(), random_number(digits)?.into());
        }
        Ok(Self { pair, text: Value::Object(fields).to_string() })
    }

    /// Reads one that Portal gets back.
    pub fn parse(text: &str) -> Result<Self> {
        let fields: Value = serde_json::from_str(text).context("a custodian share isn't JSON any more")?;
        let pair = fields["backupSharePairId"].as_str().context("a custodian share has lost its pair")?;
        Ok(Self { pair: pair.into(), text: text.into() })
    }

    /// The pair that this share is half of.
    pub fn pair(&self) -> &str {
        &self.pair
    }

    /// The share as it travels.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The share as it is shown among others.
    pub fn digest(&self) -> String {
        short_digest(&self.text)
    }
}

/// An app's share, encrypted by the app: hex digits to everyone else.
#[derive(Debug, PartialEq)]
pub struct ClientShare(pub String);

impl ClientShare {
    /// A new one.
    pub fn random() -> Result<Self> {
        let mut bytes = vec![0; CLIENT_SHARE_BYTES];
        rand::fill(&mut bytes).context("no random numbers")?;
        Ok(Self(hex::encode(bytes)))
    }
}

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
fn short_digest(share: &str) -> String {
    let mut digest = hex::encode(digest(&SHA256, share.as_bytes()));
    digest.truncate(8);
    digest
}

/// An id such as Portal gives to clients and pairs: `c` and 24 letters or digits.
pub fn random_id() -> Result<String> {
    const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
    let mut bytes = [0; 24];
    rand::fill(&mut bytes).context("no random numbers")?;
    let letters = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    Ok(std::iter::once('c').chain(letters).collect())
}

fn random_session() -> Result<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).context("no random numbers")?;
    Ok(BASE64_STANDARD.encode(bytes))
}

fn random_number(digits: usize) -> Result<String> {
    let mut bytes = vec![0; digits];
    rand::fill(&mut bytes).context("no random numbers")?;
    let first = char::from(b'1' + bytes[0] % 9);
    Ok(std::iter::once(first).chain(bytes[1..].iter().map(|byte| char::from(b'0' + byte % 10))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custodian_share_has_the_real_shape() {
        let share = CustodianShare::random("c1").unwrap();
        let fields: Map<String, Value> = serde_json::from_str(share.text()).unwrap();
        assert_eq!(fields.len(), 24);
        assert!((5_800..5_900).contains(&share.text().len()), "{}", share.text().len());
        assert_eq!(CustodianShare::parse(share.text()).unwrap(), share);
    }

    #[test]
    fn a_client_share_is_24_kb_of_hex() {
        let share = ClientShare::random().unwrap();
        assert_eq!(share.0.len(), 24_000);
        assert!(share.0.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
    }

    #[test]
    fn what_is_shown_of_a_share_is_its_digest_and_size() {
        assert_eq!(ClientShare("abc".into()).to_string(), "ba7816bf (3 bytes)");
    }
}
