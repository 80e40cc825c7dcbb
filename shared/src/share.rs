//! A backup share, and what is none.

#[cfg(test)]
pub(crate) mod properties;

use std::fmt;

use crate::{
    error::{Error, Result},
    ids::is_nothing,
    secret::Secret,
};

/// Largest share that is kept, in bytes. Real ones are about 6 KB (custodian) and 12 to 24 KB (client).
pub const MAX_SHARE_BYTES: usize = 128 * 1024;

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
