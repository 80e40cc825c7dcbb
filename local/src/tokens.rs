//! The identity provider of the local run: issues users' tokens, and verifies them as API Gateway's JWT authorizer does
//! (API Gateway Developer Guide, "Control access to HTTP APIs with JWT authorizers").

mod key_file;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{KeyPair, RsaKeyPair},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use serde_json::{Map, Value, json};

/// A key pair that signs tokens, RS256 with 2048 bits.
#[derive(Clone)]
pub struct Tokens {
    private: EncodingKey,
    public: DecodingKey,
    key_id: String,
}

/// Why tokens can't be issued: one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TokensError(String);

impl Tokens {
    /// The key pair in a PEM file, which is made on first use, readable by its owner alone.
    ///
    /// # Errors
    /// When the file can't be read or written, or holds no RSA key.
    pub fn open(path: &Path) -> Result<Self, TokensError> {
        let failed = |problem: &dyn fmt::Display| TokensError(format!("{}: {problem}", path.display()));
        let text = key_file::read_or_make(path).map_err(|error| failed(&error))?;
        let private = EncodingKey::from_rsa_pem(&text).map_err(|error| failed(&error))?;
        let document = pem::parse(&text).map_err(|error| failed(&error))?;
        let pair = RsaKeyPair::from_pkcs8(document.contents()).map_err(|error| failed(&error))?;
        let public = pair.public_key().as_ref();
        Ok(Self {
            private,
            public: DecodingKey::from_rsa_der(public),
            key_id: hex::encode(&digest(&SHA256, public).as_ref()[..8]),
        })
    }

    /// A token for a user, which bears the client ids in the claim of that name, good from now on: one as a text, several as a
    /// list.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn issue(
        &self,
        client_ids: &[String],
        claim_name: &str,
        issuer: &str,
        audience: &str,
        lifetime: Duration,
    ) -> Result<String, TokensError> {
        let now = seconds(SystemTime::now());
        let mut claims = json!({
            "iss": issuer,
            "aud": audience,
            "sub": "local-user",
            "iat": now,
            "exp": now + lifetime.as_secs(),
        });
        claims[claim_name] = match client_ids {
            [one] => json!(one),
            several => json!(several),
        };
        self.sign(&claims)
    }

    fn sign(&self, claims: &Value) -> Result<String, TokensError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.private)
            .map_err(|error| TokensError(format!("no token: {error}")))
    }

    /// Verifies a token for an issuer and any of these audiences. Gives its claims as API Gateway passes them on: as texts,
    /// lists as `[a b]`. Only tokens of this key pair come that far, so what they say besides is known.
    ///
    /// # Errors
    /// What is wrong with it. API Gateway's documentation gives its words for the audience alone.
    pub fn verify(
        &self,
        token: &str,
        issuer: &str,
        audience: &[String],
    ) -> Result<BTreeMap<String, String>, &'static str> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(audience);
        validation.leeway = 0;
        let token = jsonwebtoken::decode::<Map<String, Value>>(token, &self.public, &validation);
        let token = token.map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => "the token has expired",
            ErrorKind::InvalidIssuer => "the token does not have a valid issuer",
            ErrorKind::InvalidAudience => "the token does not have a valid audience",
            _ => "the token's format, algorithm, signature or claims are wrong",
        })?;
        Ok(token.claims.into_iter().map(|(name, value)| (name, text(&value))).collect())
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

/// A clock before 1970 counts as 1970, when no token is good.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
