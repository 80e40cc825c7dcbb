//! The ids that callers name things by. Each is checked when it is read, so that one that is held is good.

#[cfg(test)]
pub(crate) mod properties;

use std::fmt;

use crate::error::{Error, Result};

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
pub(crate) fn is_nothing(text: &str) -> bool {
    ["undefined", "null", "nan", "none"].iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}

/// Whether a text is so many lowercase hex digits: a digest's, or a stop's id.
pub(crate) fn is_lowercase_hex(text: &str, digits: usize) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == digits && text.bytes().all(is_hex)
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
