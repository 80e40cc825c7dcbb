//! A user's app takes back its encrypted share: `GET /portal/clients/{clientId}/backup`.

use backup_shares::{
    Result,
    auth::User,
    client_id_source::ClientIdSource,
    client_shares::ClientShares,
    http,
    ids::{Method, PairId},
    log,
    query::Query,
    wanted::Wanted,
};
use lambda_http::{Body, Error, Request, Response};
use serde::Serialize;

/// Of each service, at start: the stops are read beside the first rows.
const CONNECTIONS: usize = 2;

/// What the function needs to serve a request.
pub struct GetBackup {
    /// What holds the user's client id.
    pub client_id: ClientIdSource,
    /// The shares of all users.
    pub shares: ClientShares,
}

/// The share, under the key that current apps read and the one that Portal's iOS guide reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    cipher_text: &'a str,
    backup_share: &'a str,
}

impl GetBackup {
    /// Reads the function's environment.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env() -> Result<Self, Error> {
        Ok(Self {
            client_id: ClientIdSource::from_env()?,
            shares: ClientShares::from_env(CONNECTIONS).await?,
        })
    }

    /// Gives a user the newest share that they ask for.
    ///
    /// # Errors
    /// See [`ClientShares::get`] and [`User::authenticate`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>> {
        let user = User::authenticate(&request, &self.client_id)?;
        let wanted = wanted(&request)?;
        let share = self.shares.get(&user, &wanted).await?;
        http::ok(&Answer { cipher_text: share.expose(), backup_share: share.expose() })
    }
}

fn wanted(request: &Request) -> Result<Wanted> {
    let query = Query::parse(request, &["backupId", "backupMethod", "backupSharePairId"])?;
    let id = query.id("backupId")?;
    let method = query.one("backupMethod")?.map(Method::parse).transpose()?;
    let pair = query.one("backupSharePairId")?.map(PairId::parse).transpose()?;
    method.iter().for_each(log::method);
    pair.iter().for_each(log::pair);
    Ok(Wanted { id, method, pair })
}
