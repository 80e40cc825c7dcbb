//! What a share is and where it belongs: the one source for the row's key, the KMS encryption context and the
//! envelope's additional data.

#[cfg(test)]
pub(crate) mod properties;

use std::{collections::HashMap, fmt};

use aws_lc_rs::digest;

use crate::{
    error::{Error, Result},
    secret::Secret,
};

/// Largest share that is kept, in bytes. Real ones are about 6 KB (custodian) and 12 to 24 KB (client).
pub const MAX_SHARE_BYTES: usize = 128 * 1024;

/// Names this product in every encryption context, so that a key policy can require it.
pub const APP: &str = "portal-backup-shares";

const DIGEST_LABEL: &str = "portal-backup-shares/row/v1";
const NO_PAIR: &str = "-";

/// Which half of a wallet's backup a share is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The user's half, already encrypted by the app.
    Client,
    /// The custodian's half, raw until it is sealed.
    Custodian,
}

impl Kind {
    /// Its name in encryption contexts and envelopes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Custodian => "custodian",
        }
    }
}

/// Defines a checked text type: ASCII of a fixed alphabet that starts with a letter or digit.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $more:literal, $refusal:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks length and alphabet.
            ///
            /// # Errors
            /// [`Error::BadRequest`] for any other text.
            pub fn parse(text: impl Into<String>) -> Result<Self> {
                let text = text.into();
                if is_checked(&text, $max, $more) { Ok(Self(text)) } else { Err(Error::BadRequest($refusal)) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text!(
    /// Portal's id of a wallet: 1 to 128 of `A-Z a-z 0-9 _ . : -`.
    ClientId, 128, "_.:-", "the client id is not 1 to 128 of A-Z a-z 0-9 _ . : -, starting with a letter or digit"
);
checked_text!(
    /// Id of the pair that a client share and a custodian share form: 1 to 128 of `A-Z a-z 0-9 _ . : -`.
    PairId, 128, "_.:-", "the pair id is not 1 to 128 of A-Z a-z 0-9 _ . : -, starting with a letter or digit"
);
checked_text!(
    /// How the user's half is kept, such as `GDRIVE` or `GDRIVE-ED25519`: an open set, 1 to 64 of
    /// `A-Z a-z 0-9 _ . : - +`.
    Method, 64, "_.:-+", "backupMethod is not 1 to 64 of A-Z a-z 0-9 _ . : - +, starting with a letter or digit"
);

fn is_checked(text: &str, max: usize, more: &str) -> bool {
    !is_nothing(text)
        && text.len() <= max
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

/// What languages write where there is no value, in any case (docs/contract.md, "Client API", `POST`).
fn is_nothing(text: &str) -> bool {
    ["undefined", "null", "nan", "none"].iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}

impl Method {
    /// The method of shares from versions that send none.
    pub fn unknown() -> Self {
        Self("UNKNOWN".into())
    }

    /// The one spelling for all that mean this method, by which methods are compared. SDKs write it in any case, and
    /// Flutter's `googleDrive` is `GDRIVE` (docs/contract.md, "Client API", `GET`).
    #[must_use]
    pub fn meaning(&self) -> Self {
        let upper = self.0.to_ascii_uppercase();
        match upper.strip_prefix("GOOGLEDRIVE") {
            Some(rest) if rest.is_empty() || rest.starts_with('-') => Self(format!("GDRIVE{rest}")),
            _ => Self(upper),
        }
    }

    /// Whether this is the method of shares that came without one.
    pub fn is_unknown(&self) -> bool {
        self.meaning() == Self::unknown()
    }

    /// The method's variant for one curve, as the Enclave API names it.
    ///
    /// # Errors
    /// [`Error::BadRequest`] when the longer name passes 64 characters.
    pub fn on_curve(&self, curve: &str) -> Result<Self> {
        Self::parse(format!("{self}-{curve}"))
    }
}

/// One backup share: an opaque string of 1 to [`MAX_SHARE_BYTES`] bytes, given back byte for byte.
pub struct Share(Secret<String>);

impl Share {
    /// Takes a share that a caller sent.
    ///
    /// # Errors
    /// [`Error::TooLarge`] over [`MAX_SHARE_BYTES`]; [`Error::BadRequest`] when it is empty or one of the strings
    /// that broken clients send in a share's place (docs/contract.md, "Client API", `POST`).
    pub fn parse(text: Secret<String>) -> Result<Self> {
        let bare = text.expose().trim_matches(is_blank);
        if text.expose().len() > MAX_SHARE_BYTES {
            return Err(Error::TooLarge("the share is over 128 KiB"));
        }
        if is_no_share(bare) {
            return Err(Error::BadRequest("the share is empty, or what a broken client sends in its place"));
        }
        if is_wallet_address(bare) {
            return Err(Error::BadRequest(
                "the share is a wallet address: the app posts recoverWallet's result",
            ));
        }
        Ok(Self(text))
    }

    /// Takes back a share that an envelope has authenticated.
    pub(crate) const fn opened(text: Secret<String>) -> Self {
        Self(text)
    }

    /// The share's text. Whoever calls this answers for where it goes.
    pub const fn expose(&self) -> &String {
        self.0.expose()
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Share(redacted)")
    }
}

/// White space, and characters that nobody sees: control and zero-width ones.
fn is_blank(c: char) -> bool {
    let zero_width = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_whitespace() || c.is_control() || zero_width
}

/// What broken clients send in a share's place (docs/contract.md, "Client API", `POST`).
fn is_no_share(bare: &str) -> bool {
    let words = ["", "nil", "true", "false", "{}", "[]"];
    let object = || {
        let start = bare.get(.."[object".len());
        start.is_some_and(|start| start.eq_ignore_ascii_case("[object")) && bare.ends_with(']')
    };
    is_nothing(bare) || words.iter().any(|word| bare.eq_ignore_ascii_case(word)) || object()
}

/// Of Ethereum, or of Solana in base58.
fn is_wallet_address(text: &str) -> bool {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let ethereum = hex.is_some_and(|hex| hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let base58 = |b: u8| b.is_ascii_alphanumeric() && !b"0OIl".contains(&b);
    ethereum || matches!(text.len(), 43 | 44) && text.bytes().all(base58)
}

/// Where a share belongs. Two shares of one slot stand side by side; the newer one replaces nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which half it is.
    pub kind: Kind,
    /// Whose wallet.
    pub client: ClientId,
    /// How the user's half is kept.
    pub method: Method,
    /// Which pair, where that is known.
    pub pair: Option<PairId>,
}

impl Slot {
    /// Kind, client, method and pair as text, in the order that digests and envelopes bind them in.
    pub fn parts(&self) -> [&str; 4] {
        let pair = self.pair.as_ref().map_or(NO_PAIR, PairId::as_str);
        [self.kind.as_str(), self.client.as_str(), self.method.as_str(), pair]
    }

    /// Whether another slot is the same but for the spelling of its method.
    pub fn means(&self, other: &Self) -> bool {
        let bare = |slot: &Self| Self { method: slot.method.meaning(), ..slot.clone() };
        bare(self) == bare(other)
    }

    /// The KMS encryption context. It shows in CloudTrail: of the user it holds the client id alone (ENVELOPE.md, E12).
    pub fn encryption_context(&self) -> HashMap<String, String> {
        let [kind, client, method, pair] = self.parts();
        let context = [("app", APP), ("kind", kind), ("client", client), ("method", method), ("pair", pair)];
        context.map(|(name, value)| (name.into(), value.into())).into()
    }

    /// SHA-256 of this slot and a share in it: one share in one slot is one row, however often it is sent.
    pub fn digest(&self, share: &Share) -> RowDigest {
        let mut hash = digest::Context::new(&digest::SHA256);
        let parts = [DIGEST_LABEL].into_iter().chain(self.parts()).chain([share.expose().as_str()]);
        length_prefixed(parts.map(str::as_bytes), |bytes| hash.update(bytes));
        RowDigest(hex::encode(hash.finish()))
    }

    /// A slot from what a row says of it; `None` when the row says what no slot is.
    pub fn from_row(kind: Kind, client: &ClientId, method: &str, pair: &str) -> Option<Self> {
        let pair = if pair == NO_PAIR { None } else { Some(PairId::parse(pair).ok()?) };
        Some(Self { kind, client: client.clone(), method: Method::parse(method).ok()?, pair })
    }
}

/// Feeds every part to `sink` behind its length (8 bytes, big-endian), so that no two lists of parts are the same
/// bytes.
pub(crate) fn length_prefixed<'a>(parts: impl IntoIterator<Item = &'a [u8]>, mut sink: impl FnMut(&[u8])) {
    for part in parts {
        sink(&(part.len() as u64).to_be_bytes());
        sink(part);
    }
}

/// SHA-256 of a slot and its share, in lowercase hex: what a share's row is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowDigest(String);

impl RowDigest {
    /// Reads a digest; `None` when it is not 64 lowercase hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 64 && text.bytes().all(is_hex)).then(|| Self(text.into()))
    }

    /// The digest, in hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
