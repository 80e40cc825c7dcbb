//! Where an API is.

use std::{fmt, str::FromStr};

use hyper::Uri;

/// A base URL: https, or http on this very computer. What goes there proves who calls, so nobody may listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

/// A text that is no such URL.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("has to be https://HOST or http://127.0.0.1:PORT, with a path if there is one and nothing behind it")]
pub struct NoAddress;

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let text = text.trim_end_matches('/');
        let uri: Uri = text.parse().map_err(|_| NoAddress)?;
        let host = uri.host().unwrap_or_default();
        let trusted = match uri.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => ["127.0.0.1", "[::1]", "localhost"].contains(&host),
            _ => false,
        };
        let plain = uri.query().is_none() && !text.contains(['#', '@']);
        if trusted && plain { Ok(Self(text.into())) } else { Err(NoAddress) }
    }
}

impl Address {
    /// The address with that path behind it, which begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proves_who_calls_goes_by_tls_or_stays_on_this_computer() {
        for good in
            ["https://a.example", "https://a.example/webhook/", "http://127.0.0.1:3000", "http://[::1]:1"]
        {
            let address: Address = good.parse().unwrap();
            assert_eq!(address.at("/x"), format!("{}/x", good.trim_end_matches('/')));
        }
        for bad in [
            "",
            "a.example",
            "http://a.example",
            "http://127.0.0.1.a.example",
            "ftp://a.example",
            "https://",
            "https://a.example?x=1",
            "https://a.example#x",
            "https://user:password@a.example",
            "http://127.0.0.1@a.example",
        ] {
            assert_eq!(bad.parse::<Address>(), Err(NoAddress), "{bad}");
        }
    }
}
