//! Portal hands over a custodian share: `POST {webhook_root}/backup`.

use backup_shares::{
    Result, auth::Portal, custodian_shares::CustodianShares, http, webhook_policy::WebhookPolicy,
};
use body::{Form, Sent};
use lambda_http::{Body, Error, Request, Response};

mod body;

/// What the function needs to serve a request.
pub struct WebhookBackup {
    /// Whom it takes for Portal.
    pub policy: WebhookPolicy,
    /// The shares of all clients.
    pub shares: CustodianShares,
}

impl WebhookBackup {
    /// Reads the function's environment.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env() -> Result<Self, Error> {
        Ok(Self { policy: WebhookPolicy::from_env()?, shares: CustodianShares::from_env(1).await? })
    }

    /// Stores a client's custodian share beside those before. Acknowledges what is durable.
    ///
    /// # Errors
    /// See [`CustodianShares::store`] and [`Portal::authenticate`]; `BadRequest` when the body contradicts its
    /// share.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>> {
        let portal = Portal::authenticate(&request, &self.policy)?;
        let Sent { client, method, pair, share } = http::parse_body::<Form>(&request)?.into_sent()?;
        self.shares.store(&portal, client, method, pair, &share).await?;
        Ok(http::stored())
    }
}
