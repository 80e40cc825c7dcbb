//! Portal asks for a client's custodian shares: `POST {webhook_root}/backup/fetch`.

use backup_shares::{
    Result, auth::Portal, config::WebhookPolicy, custodian_shares::CustodianShares, http, log,
    share::ClientId,
};
use lambda_http::{Body, Error, Request, Response};
use serde::{Deserialize, Serialize};

/// What the function needs to serve a request.
pub struct WebhookFetch {
    /// Whom it takes for Portal.
    pub policy: WebhookPolicy,
    /// The shares of all clients.
    pub shares: CustodianShares,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form {
    client_id: String,
}

/// The client's shares, newest first, and the first of them under the name that older versions read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    backup_shares: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_share: Option<&'a str>,
}

impl WebhookFetch {
    /// Reads the function's environment.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env() -> Result<Self, Error> {
        Ok(Self { policy: WebhookPolicy::from_env()?, shares: CustodianShares::from_env().await? })
    }

    /// Gives Portal every share that is held for a client.
    ///
    /// # Errors
    /// See [`CustodianShares::fetch`] and [`Portal::authenticate`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>> {
        let portal = Portal::authenticate(&request, &self.policy)?;
        let client = ClientId::parse(http::parse_body::<Form>(&request)?.client_id)?;
        log::client(&client);
        let shares = self.shares.fetch(&portal, &client).await?;
        let shares: Vec<&str> = shares.iter().map(|share| share.expose().as_str()).collect();
        http::ok(&Answer { backup_share: shares.first().copied(), backup_shares: shares })
    }
}
