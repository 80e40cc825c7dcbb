//! The identity provider of the local run: what its tokens say, and whose they are.

use std::time::Duration;

use anyhow::Result;

use crate::tokens::Tokens;

/// Its name; nothing is asked there.
pub const ISSUER: &str = "https://identity.local";
/// Whom its tokens are for.
pub const AUDIENCE: &str = "portal-backup-shares";
/// The claim that holds a user's client id.
pub const CLAIM: &str = "portal_client_id";

/// The file of a data folder that holds its key.
pub const FILE: &str = "identity.pem";

const LIFETIME: Duration = Duration::from_hours(24);

/// A bearer token of the user whose wallets these are.
pub fn issue(identity: &Tokens, clients: &[String]) -> Result<String> {
    Ok(identity.issue(clients, CLAIM, ISSUER, AUDIENCE, LIFETIME)?)
}
