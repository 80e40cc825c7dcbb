//! What a deployment would type in: the template's parameters, for this computer.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};

/// Issuer of the local identity provider: a name, nothing is asked there.
pub const ISSUER: &str = "https://identity.local";
/// Whom its tokens are for.
pub const AUDIENCE: &str = "portal-backup-shares";
/// The claim that holds a user's client id.
pub const CLAIM: &str = "portal_client_id";

/// Where the development servers of web frameworks listen: Next.js and React (3000, or 3001 beside this API), Angular,
/// Vite, Vue and webpack, Expo.
const ORIGINS: &str = "http://localhost:3000,http://localhost:3001,http://localhost:4200,http://localhost:5173,\
                       http://localhost:8080,http://localhost:8081";

/// All parameters that the template doesn't default for this computer too.
pub fn values(webhook_secret: &str) -> BTreeMap<String, String> {
    let digest = hex::encode(digest(&SHA256, webhook_secret.as_bytes()));
    let values = [
        ("TokenIssuer", ISSUER),
        ("TokenAudience", AUDIENCE),
        ("ClientIdClaim", CLAIM),
        ("WebhookSecretDigests", &digest),
        ("WebhookAllowedIps", "127.0.0.1/32"),
        ("AllowedOrigins", ORIGINS),
    ];
    values.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
