//! A user's app sees which of its shares there are: `GET /portal/clients/{clientId}/backups`. It opens none.

use backup_shares::{
    Result,
    auth::User,
    client_id_source::ClientIdSource,
    client_list::{ClientList, Listed},
    date::rfc3339,
    http,
    query::Query,
};
use lambda_http::{Body, Error, Request, Response};
use serde::Serialize;

/// What the function needs to serve a request.
pub struct ListBackups {
    /// What holds the user's client id.
    pub client_id: ClientIdSource,
    /// The list of all users' shares.
    pub list: ClientList,
}

#[derive(Serialize)]
struct Answer {
    backups: Vec<Backup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Backup {
    id: String,
    #[serde(rename = "backupMethod")]
    method: String,
    #[serde(rename = "backupSharePairId", skip_serializing_if = "Option::is_none")]
    pair: Option<String>,
    stored_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<&'static str>,
}

impl ListBackups {
    /// Reads the function's environment.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env() -> Result<Self, Error> {
        Ok(Self { client_id: ClientIdSource::from_env()?, list: ClientList::from_env().await? })
    }

    /// Tells a user which of their shares there are, newest first.
    ///
    /// # Errors
    /// See [`ClientList::page`] and [`User::authenticate`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>> {
        let user = User::authenticate(&request, &self.client_id)?;
        let query = Query::parse(&request, &["before"])?;
        let page = self.list.page(&user, query.id("before")?.as_ref()).await?;
        let backups = page.shares.into_iter().map(backup).collect::<Result<_>>()?;
        http::ok(&Answer { backups, next: page.next.map(|id| id.as_str().into()) })
    }
}

fn backup(share: Listed) -> Result<Backup> {
    Ok(Backup {
        id: share.id.as_str().into(),
        method: share.method.as_str().into(),
        pair: share.pair.map(|pair| pair.as_str().into()),
        stored_at: rfc3339(share.stored_at)?,
        // Every value is a string (docs/contract.md, "Client API").
        withdrawn: share.withdrawn.then_some("true"),
    })
}
