//! What a function is told by its environment, checked once at start.

#[cfg(test)]
mod properties;

use std::{collections::BTreeSet, env, fmt, net::IpAddr};

use ipnet::IpNet;
use tracing::level_filters::LevelFilter;

/// A variable that is missing or malformed. It prints as one line that names the variable, also through `Debug`,
/// which is how `main` prints it.
#[derive(thiserror::Error)]
#[error("{name} {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: &'static str,
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

type Checked<T> = Result<T, ConfigError>;

fn variable(name: &'static str, what: &'static str) -> Checked<String> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or(ConfigError { name, problem: what })
}

/// One half's table and keys.
#[derive(Clone, Debug)]
pub struct SharesConfig {
    /// Name of the table.
    pub table: String,
    /// Keys that its shares are sealed under.
    pub keys: KeyRing,
}

impl SharesConfig {
    /// Reads `SHARES_TABLE` and `SHARES_KEYS`.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub fn from_env() -> Checked<Self> {
        Ok(Self {
            table: table_from_env()?,
            keys: KeyRing::parse(&variable("SHARES_KEYS", KeyRing::MISSING)?)?,
        })
    }
}

/// Reads `SHARES_TABLE`.
///
/// # Errors
/// Names the variable when it is missing.
pub fn table_from_env() -> Checked<String> {
    let problem = "is not set: it takes the name of the table of shares (ClientTableName or CustodianTableName in the \
                   template, if not the stack's own)";
    variable("SHARES_TABLE", problem)
}

/// A KMS key, by its ARN. An alias is refused: re-pointing one would strand the rows sealed before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyArn(String);

impl KeyArn {
    /// The whole ARN.
    pub fn arn(&self) -> &str {
        &self.0
    }

    /// The last part of the ARN: the same in every Region for a multi-Region key.
    pub fn id(&self) -> &str {
        self.0.rsplit_once(":key/").map_or("", |(_, id)| id)
    }

    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let [arn, partition, "kms", region, account, resource] = parts[..] else { return None };
        let id = resource.strip_prefix("key/")?;
        let named =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (arn == "arn" && [partition, region, account, id].into_iter().all(named)).then(|| Self(text.into()))
    }
}

/// The keys of one half, up to [`MAX_KEYS`]: the first seals, all open.
#[derive(Clone, Debug)]
pub struct KeyRing {
    sealing: KeyArn,
    older: Vec<KeyArn>,
}

/// Most keys of one half: a table that was adopted more than once holds rows of several.
pub const MAX_KEYS: usize = 8;

impl KeyRing {
    const MISSING: &str = "is not set: it takes 1 to 8 ARNs of KMS keys, comma-separated (all but the first are \
                           ClientOlderKeyArns or CustodianOlderKeyArns in the template)";

    /// Reads `SHARES_KEYS`' value.
    ///
    /// # Errors
    /// When it is not 1 to [`MAX_KEYS`] ARNs of different keys.
    pub fn parse(text: &str) -> Checked<Self> {
        let refuse = |problem| Err(ConfigError { name: "SHARES_KEYS", problem });
        if text.contains(":alias/") {
            return refuse("names an alias, which can be pointed at another key: name the key itself");
        }
        let keys: Option<Vec<KeyArn>> = text.split(',').map(|arn| KeyArn::parse(arn.trim())).collect();
        let Some(keys) = keys else {
            return refuse("holds what is no ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID)");
        };
        let ids: BTreeSet<&str> = keys.iter().map(KeyArn::id).collect();
        if ids.len() < keys.len() {
            return refuse("names a key twice");
        }
        match keys.split_first() {
            Some((sealing, older)) if older.len() < MAX_KEYS => {
                Ok(Self { sealing: sealing.clone(), older: older.to_vec() })
            }
            _ => refuse("names more than 8 keys: seal the rows of some under another with ReEncrypt"),
        }
    }

    /// The key that new shares are sealed under.
    pub const fn sealing(&self) -> &KeyArn {
        &self.sealing
    }

    /// The key with this id.
    pub fn find(&self, id: &str) -> Option<&KeyArn> {
        [&self.sealing].into_iter().chain(&self.older).find(|key| key.id() == id)
    }
}

/// The least severe level that is logged: `LOG_LEVEL`, or `info`.
///
/// # Errors
/// Names `LOG_LEVEL` when it is no level.
pub fn log_level() -> Checked<LevelFilter> {
    const NAMES: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let name = env::var("LOG_LEVEL").unwrap_or_else(|_| "info".into());
    let level = NAMES.contains(&name.as_str()).then(|| name.parse().ok()).flatten();
    let problem = "is not one of off, error, warn, info, debug, trace (LogLevel in the template)";
    level.ok_or(ConfigError { name: "LOG_LEVEL", problem })
}

/// What the API's authorizer says of a user that holds Portal's client id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientIdSource {
    /// The claim of this name, of a token that the API has verified. There is no default: a provider's `sub` is
    /// never Portal's client id.
    Claim(String),
    /// `clientId` in the answer of the team's own Lambda authorizer.
    Authorizer,
}

impl ClientIdSource {
    const PROBLEM: &str = "is not set, or not alone: it takes the name of the claim that holds Portal's client id \
                           (ClientIdClaim in the template), or CLIENT_AUTHORIZER_ARN takes the ARN of your own \
                           authorizer (ClientAuthorizerArn)";

    /// Reads `CLIENT_ID_CLAIM` and `CLIENT_AUTHORIZER_ARN`, of which one is to be set.
    ///
    /// # Errors
    /// Names the two when both or neither is set.
    pub fn from_env() -> Checked<Self> {
        let value = |name| env::var(name).unwrap_or_default();
        Self::parse(&value("CLIENT_ID_CLAIM"), &value("CLIENT_AUTHORIZER_ARN"))
    }

    /// Reads the two variables' values; empty is not set.
    ///
    /// # Errors
    /// Names the two when both or neither is set.
    pub fn parse(claim: &str, authorizer_arn: &str) -> Checked<Self> {
        match (claim, authorizer_arn) {
            (claim, "") if !claim.is_empty() => Ok(Self::Claim(claim.into())),
            ("", arn) if !arn.is_empty() => Ok(Self::Authorizer),
            _ => Err(ConfigError { name: "CLIENT_ID_CLAIM", problem: Self::PROBLEM }),
        }
    }
}

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
