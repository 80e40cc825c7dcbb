//! Portal asks for a client's custodian shares: `POST {webhook_root}/backup/fetch`.

pub mod answer;

use answer::{Answer, ROOM};
use backup_shares::{
    Result, auth::Portal, custodian_shares::CustodianShares, http, ids::ClientId, log,
    webhook_policy::WebhookPolicy,
};
use lambda_http::{Body, Error, Request, Response};
use serde::Deserialize;

/// Connections to each service at start: as many calls as the fetch of one backup's two shares makes at once. Each more
/// costs every start half a millisecond of CPU (docs/decisions/0007).
const CONNECTIONS: usize = 2;

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

impl WebhookFetch {
    /// Reads the function's environment.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env() -> Result<Self, Error> {
        Ok(Self { policy: WebhookPolicy::from_env()?, shares: CustodianShares::from_env(CONNECTIONS).await? })
    }

    /// Gives Portal every share that is held for a client.
    ///
    /// # Errors
    /// See [`CustodianShares::fetch`] and [`Portal::authenticate`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>> {
        let portal = Portal::authenticate(&request, &self.policy)?;
        let client = ClientId::parse(http::parse_body::<Form>(&request)?.client_id)?;
        log::client(&client);
        let shares = self.shares.fetch(&portal, &client, ROOM).await?;
        http::ok(&Answer::new(&shares))
    }
}
