//! The identity provider of the local run: issues users' tokens, and verifies them as API Gateway's JWT authorizer does
//! (API Gateway Developer Guide, "Control access to HTTP APIs with JWT authorizers").

mod claims;
mod key_file;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::template::JwtAuthorizer;

/// A key pair that signs tokens, RS256 with 2048 bits.
#[derive(Clone)]
pub struct Tokens {
    private: EncodingKey,
    public: DecodingKey,
    key_id: String,
}

/// Why tokens can't be issued: one sentence.
#[derive(Debug)]
pub struct TokensError(String);

impl fmt::Display for TokensError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TokensError {}

/// What API Gateway tells a function of a verified token (`requestContext.authorizer.jwt`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Every claim, its value as text.
    pub claims: BTreeMap<String, String>,
    /// The token's scopes, where the route asks for any.
    pub scopes: Option<Vec<String>>,
}

/// Why a request is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no token.
    Missing,
    /// The token is not good for this API, and why.
    Invalid(&'static str),
    /// The token is good, but has none of the scopes that the route asks for.
    Scope,
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

    /// Verifies what the authorizer's header holds: a token, with or without `Bearer `.
    ///
    /// # Errors
    /// The reason why the request is to be refused.
    pub fn verify(
        &self,
        source: Option<&str>,
        authorizer: &JwtAuthorizer,
        scopes: &[String],
        now: SystemTime,
    ) -> Result<Identity, Refusal> {
        let source = source.unwrap_or_default();
        let token = match source.split_at_checked("Bearer ".len()) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer ") => token,
            _ => source,
        };
        if token.trim().is_empty() {
            return Err(Refusal::Missing);
        }
        let claims = self.signed_claims(token.trim())?;
        claims::check(&claims, authorizer, seconds(now))?;
        Ok(Identity { scopes: claims::check_scopes(&claims, scopes)?, claims: claims::texts(&claims) })
    }

    /// The claims of a token that this key pair has signed. The library checks the signature alone: it knows neither
    /// `client_id` nor `iat`, and takes the time from the system's clock.
    fn signed_claims(&self, token: &str) -> Result<Map<String, Value>, Refusal> {
        let mut signature_only = Validation::new(Algorithm::RS256);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_aud = false;
        let token = jsonwebtoken::decode(token, &self.public, &signature_only)
            .map_err(|_| Refusal::Invalid("the token's format, algorithm or signature is wrong"))?;
        if token.header.kid.as_ref() != Some(&self.key_id) {
            return Err(Refusal::Invalid("the token's kid names no key of the issuer"));
        }
        Ok(token.claims)
    }
}

/// A clock before 1970 counts as 1970, when no token is good.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
