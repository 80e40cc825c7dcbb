//! What proves who calls.

use std::str::FromStr;

use hyper::header::HeaderValue;

/// A token or a secret, as a header bears it. It has no `Debug` and no `Display`: nothing prints it.
#[derive(Clone)]
pub struct Credential(String);

/// A text that no header can bear.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("has to be one line of visible ASCII characters, without blanks")]
pub struct NoCredential;

impl FromStr for Credential {
    type Err = NoCredential;

    /// Takes the end of the line off that a file or a shell puts there.
    fn from_str(text: &str) -> Result<Self, NoCredential> {
        let text = text.trim_end_matches(['\r', '\n']);
        let good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if good { Ok(Self(text.into())) } else { Err(NoCredential) }
    }
}

impl Credential {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A header's value of this, with a scheme such as `Bearer ` in front.
    pub(crate) fn header(&self, scheme: &str) -> HeaderValue {
        let value = HeaderValue::try_from(format!("{scheme}{}", self.0));
        let mut value = value.unwrap_or_else(|_| unreachable!("visible ASCII is a header's value"));
        value.set_sensitive(true);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_one_line_of_visible_characters() {
        for good in ["abc", "abc\n", "a.b-c_d=\r\n"] {
            assert_eq!(good.parse::<Credential>().map(|it| it.0), Ok(good.trim_end().to_owned()));
        }
        for bad in ["", "\n", "a b", " a", "a\nb", "ä", "a\t"] {
            assert_eq!(bad.parse::<Credential>().map(|it| it.0), Err(NoCredential), "{bad:?}");
        }
    }
}
