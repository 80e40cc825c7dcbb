//! The identity provider of the local run: issues users' tokens, and verifies them as API Gateway's JWT authorizer does
//! (API Gateway Developer Guide, "Control access to HTTP APIs with JWT authorizers").

mod claims;
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
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use self::claims::TokenProblem;

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

/// What API Gateway tells a function of a verified token (`requestContext.authorizer.jwt`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Every claim, its value as text.
    pub claims: BTreeMap<String, String>,
    /// The token's scopes, where the route asks for any.
    pub scopes: Option<Vec<String>>,
}

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

    /// Verifies a token of this identity provider for a route that asks for these scopes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(
        &self,
        token: &str,
        issuer: &str,
        audience: &[String],
        scopes: &[String],
    ) -> Result<Identity, TokenProblem> {
        let claims = self.valid_claims(token, issuer).map_err(TokenProblem::Invalid)?;
        claims::check(&claims, audience, seconds(SystemTime::now()))?;
        Ok(Identity { scopes: claims::scopes(&claims, scopes)?, claims: claims::texts(&claims) })
    }

    /// The claims of a token that this key pair has signed, for that issuer, for now. The library knows neither `client_id`
    /// nor `iat`.
    fn valid_claims(&self, token: &str, issuer: &str) -> Result<Map<String, Value>, &'static str> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_required_spec_claims(&["exp", "iss"]);
        validation.set_issuer(&[issuer]);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.validate_aud = false;
        let token =
            jsonwebtoken::decode(token, &self.public, &validation).map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => "the token has expired",
                ErrorKind::ImmatureSignature => "the token is not valid yet",
                ErrorKind::InvalidIssuer => "the token does not have a valid issuer",
                ErrorKind::MissingRequiredClaim(_) => "the token has no exp or no iss",
                ErrorKind::InvalidClaimFormat(_) => "a time in the token is not a number",
                _ => "the token's format, algorithm or signature is wrong",
            })?;
        if token.header.kid.as_ref() != Some(&self.key_id) {
            return Err("the token's kid names no key of the issuer");
        }
        Ok(token.claims)
    }
}

/// A clock before 1970 counts as 1970, when no token is good.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
