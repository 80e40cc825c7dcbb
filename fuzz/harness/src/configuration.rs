//! The values of a function's environment.

use std::net::{IpAddr, Ipv4Addr};

use backup_shares::{
    client_id_source::ClientIdSource,
    key_ring::{KeyRing, MAX_KEYS},
    webhook_policy::WebhookPolicy,
};

/// The lines are `SHARES_KEYS`, `WEBHOOK_SECRET_SHA256`, `WEBHOOK_ALLOWED_IPS`, an address that calls, `CLIENT_ID_CLAIM` and
/// `CLIENT_AUTHORIZER_ARN`.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    keys(line());
    let (digests, allowed, address) = (line(), line(), line());
    policy(digests, allowed, address);
    let (claim, authorizer) = (line(), line());
    let source = ClientIdSource::parse(claim, authorizer);
    assert_eq!(source.is_ok(), claim.is_empty() != authorizer.is_empty());
}

/// What is taken for a ring is up to eight whole ARNs; a refusal is one line that names the variable.
fn keys(text: &str) {
    match KeyRing::parse(text) {
        Ok(ring) => {
            let arns: Vec<&str> = text.split(',').map(str::trim).collect();
            assert_eq!(ring.sealing().arn(), arns[0]);
            for arn in &arns {
                let id = arn.rsplit('/').next().unwrap();
                let key = ring.find(id).expect("each key is found by its id");
                assert_eq!((key.arn(), key.id(), arn.matches(':').count()), (*arn, id, 5));
            }
            assert!(arns.len() <= MAX_KEYS && ring.find("").is_none());
        }
        Err(error) => refused(&error.to_string(), "SHARES_KEYS"),
    }
}

/// A policy lets in whom it names, and without a name any address; a refusal is one line that names the variable.
fn policy(digests: &str, allowed: &str, address: &str) {
    let policy = match WebhookPolicy::parse(digests, allowed) {
        Ok(policy) => policy,
        Err(error) => {
            let error = error.to_string();
            let name =
                if error.starts_with("WEBHOOK_A") { "WEBHOOK_ALLOWED_IPS" } else { "WEBHOOK_SECRET_SHA256" };
            return refused(&error, name);
        }
    };
    let written: Vec<String> = policy.secret_digests().iter().map(hex::encode).collect();
    let read: Vec<String> = digests.split(',').map(|digest| digest.trim().to_lowercase()).collect();
    assert!((1..=2).contains(&written.len()) && written == read);
    let address = address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let is_open = allowed.trim().is_empty();
    assert_eq!(policy.allows(None), is_open);
    assert_eq!(policy.allows(Some(address)), is_open || names(allowed, address));
}

/// Whether a CIDR of the list has the address, by comparing bits.
fn names(allowed: &str, address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (32, u128::from(v4.to_bits())),
        IpAddr::V6(v6) => (128, v6.to_bits()),
    };
    allowed.split(',').any(|cidr| {
        let (net, prefix) = cidr.trim().split_once('/').expect("a CIDR has a prefix");
        let ((width, net), (same, address)) = (bits(net.parse().unwrap()), bits(address));
        let host = width - prefix.parse::<u32>().unwrap();
        width == same && net.checked_shr(host).unwrap_or(0) == address.checked_shr(host).unwrap_or(0)
    })
}

fn refused(error: &str, name: &str) {
    assert!(error.starts_with(name) && !error.contains('\n'), "{error}");
}
