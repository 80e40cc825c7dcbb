//! A user's app hands over its encrypted share: `POST /portal/clients/{clientId}/backup`.

mod body;

use backup_shares::{
    Result, auth::User, client_id_source::ClientIdSource, client_shares::ClientShares, http, log,
};
use body::Form;
use futures_util::future::try_join_all;
use lambda_http::{Body, Error, Request, Response};

/// What the function needs to serve a request.
pub struct StoreBackup {
    /// What holds the user's client id.
    pub client_id: ClientIdSource,
    /// The shares of all users.
    pub shares: ClientShares,
}

impl StoreBackup {
    /// Reads the function's environment.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env() -> Result<Self, Error> {
        Ok(Self { client_id: ClientIdSource::from_env()?, shares: ClientShares::from_env(1).await? })
    }

    /// Stores a user's share, or both curves' shares, beside those before. Acknowledges what is durable.
    ///
    /// # Errors
    /// See [`ClientShares::store`] and [`User::authenticate`]; `BadRequest` when the body has no one share to keep.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>> {
        let user = User::authenticate(&request, &self.client_id)?;
        let sent = http::parse_body::<Form>(&request)?.into_sent()?;
        let store = |(method, share)| {
            log::method(&method);
            let (pair, user) = (sent.pair.clone(), &user);
            async move { self.shares.store(user, method, pair, &share).await }
        };
        try_join_all(sent.shares.into_iter().map(store)).await?;
        Ok(http::stored())
    }
}
