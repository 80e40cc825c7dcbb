//! Proofs of who calls. A proof can only be had from a request that carries it, and nothing is stored or read
//! without one.

use std::net::IpAddr;

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use lambda_http::{Request, RequestExt, aws_lambda_events::apigw::ApiGatewayRequestAuthorizer};
use serde_json::Value;

use crate::{
    client_id_source::ClientIdSource,
    error::{Challenge, Error, Result},
    http::context,
    ids::ClientId,
    log,
    webhook_policy::WebhookPolicy,
};

const SECRET_HEADER: &str = "X-Webhook-Secret";
const MIN_SECRET_BYTES: usize = 16;

/// The caller is Portal: it knows the webhook secret and calls from an allowed address.
///
/// There is no other way to have one:
/// ```compile_fail,E0423
/// let portal = backup_shares::auth::Portal(());
/// ```
#[derive(Debug)]
pub struct Portal(());

impl Portal {
    /// Checks the source address, then the secret.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for an address that is not allowed; [`Error::Unauthorized`] for a secret that is
    /// missing, wrong or short.
    pub fn authenticate(request: &Request, policy: &WebhookPolicy) -> Result<Self> {
        let source_ip = source_ip(request);
        source_ip.into_iter().for_each(log::source_ip);
        if !policy.allows(source_ip) {
            return Err(Error::Forbidden("the source address is not in WEBHOOK_ALLOWED_IPS"));
        }
        let mut sent = request.headers().get_all(SECRET_HEADER).iter();
        let (Some(secret), None) = (sent.next(), sent.next()) else {
            return Err(unproved("X-Webhook-Secret is missing or repeated"));
        };
        if secret.len() < MIN_SECRET_BYTES {
            return Err(unproved("X-Webhook-Secret is under 16 characters"));
        }
        let digests = policy.secret_digests();
        let matched = matching(secret.as_bytes(), digests).ok_or(unproved("X-Webhook-Secret is wrong"))?;
        log::webhook_secret(matched, digests.len());
        Ok(Self(()))
    }
}

const fn unproved(why: &'static str) -> Error {
    Error::Unauthorized(Challenge::WebhookSecret, why)
}

/// The caller's address as API Gateway saw it: headers are the caller's to write.
fn source_ip(request: &Request) -> Option<IpAddr> {
    context(request)?.http.source_ip.as_deref()?.parse().ok()
}

/// Which of the digests is the secret's, 1 for the first. Compares with every one, each in constant time.
fn matching(secret: &[u8], digests: &[[u8; 32]]) -> Option<usize> {
    let presented = digest::digest(&digest::SHA256, secret);
    let verify = |matched, (index, digest): (usize, &[u8; 32])| {
        let equal = verify_slices_are_equal(presented.as_ref(), digest).is_ok();
        if equal { Some(index + 1) } else { matched }
    };
    digests.iter().enumerate().fold(None, verify)
}

/// The caller is a user whose token the API's authorizer has verified.
///
/// There is no other way to have one, and so none to reach another client's shares:
/// ```compile_fail,E0451
/// # use backup_shares::ids::ClientId;
/// let user = backup_shares::auth::User { client: ClientId::parse("another").unwrap() };
/// ```
#[derive(Debug)]
pub struct User {
    client: ClientId,
}

impl User {
    /// Takes the client id from what the authorizer vouches for: the one that the path names, where one login has
    /// several wallets.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the authorizer names no client id; [`Error::Forbidden`] when the path names
    /// another client.
    pub fn authenticate(request: &Request, client_id: &ClientIdSource) -> Result<Self> {
        let authorizer = context(request).and_then(|context| context.authorizer.as_ref());
        let vouched = authorizer.map(|authorizer| vouched_clients(authorizer, client_id)).unwrap_or_default();
        vouched.first().into_iter().for_each(log::client);
        if vouched.is_empty() {
            let why = "the authorizer's answer holds no client id, or none of a client id's alphabet";
            return Err(Error::Unauthorized(Challenge::Bearer, why));
        }
        let path = request.path_parameters();
        let named =
            path.all("clientId").filter(|named| named.len() == 1).and_then(|named| named.first().copied());
        let client = vouched.into_iter().find(|client| Some(client.as_str()) == named);
        let client = client.ok_or(Error::Forbidden("the path names another client than the login"))?;
        log::client(&client);
        Ok(Self { client })
    }

    /// Whose shares this user may reach.
    pub const fn client(&self) -> &ClientId {
        &self.client
    }
}

/// The client ids that the authorizer vouches for. What is no client id is passed over: it can be nobody's.
fn vouched_clients(authorizer: &ApiGatewayRequestAuthorizer, client_id: &ClientIdSource) -> Vec<ClientId> {
    let texts = match client_id {
        ClientIdSource::Claim(name) => {
            let claims = authorizer.jwt.as_ref().map(|jwt| &jwt.claims);
            claims.and_then(|claims| claims.get(name)).map(|claim| listed(claim)).unwrap_or_default()
        }
        ClientIdSource::Authorizer => match authorizer.fields.get("clientId") {
            Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(ids)) => listed(ids),
            _ => vec![],
        },
    };
    texts.into_iter().filter_map(|text| ClientId::parse(text).ok()).collect()
}

/// One text, or the several of a list, which API Gateway writes as `[a b]` (docs/contract.md, "The parties").
fn listed(text: &str) -> Vec<&str> {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(list) => list.split_whitespace().collect(),
        None => vec![text],
    }
}
