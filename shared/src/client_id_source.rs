//! Where a user's client ids stand in what the API's authorizer says.

use std::env;

use crate::environment::{Checked, ConfigError};

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
