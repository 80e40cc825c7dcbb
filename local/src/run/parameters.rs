//! What a deployment would type in: the template's parameters, for this computer.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};

use super::identity::{AUDIENCE, CLAIM, ISSUER};
use crate::account::function_arn;

/// Where the development servers of web frameworks listen: Next.js and React (3000, or 3001 beside this API), Angular,
/// Vite, Vue and webpack, Expo.
const ORIGINS: &str = "http://localhost:3000,http://localhost:3001,http://localhost:4200,http://localhost:5173,\
                       http://localhost:8080,http://localhost:8081";

/// All parameters that the template doesn't default for this computer too.
pub fn values(webhook_secret: &str, own_authorizer: bool) -> BTreeMap<String, String> {
    let digest = hex::encode(digest(&SHA256, webhook_secret.as_bytes()));
    let own = function_arn("authorizer");
    let login: &[_] = if own_authorizer {
        &[("ClientAuthorizerArn", &*own)]
    } else {
        &[("TokenIssuer", ISSUER), ("TokenAudience", AUDIENCE), ("ClientIdClaim", CLAIM)]
    };
    let others = [
        ("WebhookSecretDigests", &*digest),
        ("WebhookAllowedIps", "127.0.0.1/32"),
        ("AllowedOrigins", ORIGINS),
    ];
    login.iter().chain(&others).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
