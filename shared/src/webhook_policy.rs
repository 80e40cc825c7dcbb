//! Whom the webhook functions take for Portal.

#[cfg(test)]
mod properties;

use std::{env, net::IpAddr};

use ipnet::IpNet;

use crate::environment::{Checked, ConfigError, variable};

/// A CIDR whose address the standard library reads, too: `ipnet` takes `010.0.0.0`, which is 10 to some readers and 8 to
/// others.
fn cidr(text: &str) -> Option<IpNet> {
    let (address, _) = text.split_once('/')?;
    address.parse::<IpAddr>().ok()?;
    text.parse().ok()
}

/// Whom the webhook functions take for Portal.
#[derive(Clone, Debug)]
pub struct WebhookPolicy {
    secret_digests: Vec<[u8; 32]>,
    allowed: Vec<IpNet>,
}

impl WebhookPolicy {
    /// Reads `WEBHOOK_SECRET_SHA256` and `WEBHOOK_ALLOWED_IPS`.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub fn from_env() -> Checked<Self> {
        const ALLOWED: &str = "WEBHOOK_ALLOWED_IPS";
        let digests = variable("WEBHOOK_SECRET_SHA256", Self::DIGESTS_PROBLEM)?;
        let allowed =
            env::var(ALLOWED).map_err(|_| ConfigError { name: ALLOWED, problem: Self::ALLOWED_PROBLEM })?;
        Self::parse(&digests, &allowed)
    }

    const DIGESTS_PROBLEM: &str = "is not one or two SHA-256 digests of 64 hex digits, comma-separated \
                                   (WebhookSecretDigests in the template)";
    const ALLOWED_PROBLEM: &str = "is not a comma-separated list of CIDRs such as 192.0.2.1/32; set it empty to \
                                   allow any address (WebhookAllowedIps in the template)";

    /// Reads the two variables' values.
    ///
    /// # Errors
    /// Names the variable that is malformed.
    pub fn parse(secret_digests: &str, allowed_ips: &str) -> Checked<Self> {
        let digests = secret_digests.split(',').map(|digest| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(digest.trim(), &mut bytes).map(|()| bytes).ok()
        });
        let digests = digests.collect::<Option<Vec<_>>>().filter(|digests| digests.len() <= 2);
        let cidrs = allowed_ips.split(',').map(str::trim).filter(|_| !allowed_ips.trim().is_empty());
        let allowed = cidrs.map(cidr).collect::<Option<_>>();
        Ok(Self {
            secret_digests: digests
                .ok_or(ConfigError { name: "WEBHOOK_SECRET_SHA256", problem: Self::DIGESTS_PROBLEM })?,
            allowed: allowed
                .ok_or(ConfigError { name: "WEBHOOK_ALLOWED_IPS", problem: Self::ALLOWED_PROBLEM })?,
        })
    }

    /// Whether Portal may call from this address. One that is not known is allowed only where any is.
    pub fn allows(&self, address: Option<IpAddr>) -> bool {
        self.allowed.is_empty() || address.is_some_and(|ip| self.allowed.iter().any(|net| net.contains(&ip)))
    }

    /// SHA-256 of the webhook secret; two while it is rotated.
    pub fn secret_digests(&self) -> &[[u8; 32]] {
        &self.secret_digests
    }
}
