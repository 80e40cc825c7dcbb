//! The user's half: shares that the app has encrypted before it hands them over.

use futures_util::future::try_join;

use crate::{
    auth::User,
    aws::Aws,
    config::SharesConfig,
    environment::ConfigError,
    error::{Error, Result},
    ids::{Method, PairId},
    log,
    newest::Newest,
    row_key::share_key,
    share::Share,
    slot::{Kind, RowDigest},
    vault::Vault,
    wanted::Wanted,
};

/// The client shares of all wallets. Only a [`User`] reaches one, and only their own.
pub struct ClientShares(Vault);

impl ClientShares {
    /// The client shares that the function's environment names: table, keys, credentials and Region.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env(connections: usize) -> Result<Self, ConfigError> {
        let config = SharesConfig::from_env()?;
        Ok(Self::new(&Aws::from_env(connections).await?, config))
    }

    /// The client shares in a table, sealed and opened with that half's keys.
    pub fn new(aws: &Aws, config: SharesConfig) -> Self {
        Self(Vault::new(Kind::Client, aws, config))
    }

    /// Stores a share beside those before it. When this returns the share is durable.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when AWS is: then the share may or may not be stored, and repeating is safe.
    pub async fn store(
        &self,
        user: &User,
        method: Method,
        pair: Option<PairId>,
        share: &Share,
    ) -> Result<()> {
        self.0.store(user.client().clone(), method, pair, share).await
    }

    /// Opens the newest of the user's shares that is wanted.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; [`Error::Frozen`] while an operator holds the client back; [`Error::Tampered`], [`Error::UnknownVersion`] or [`Error::UnlistedKey`]
    /// when that share will never open, or a row that can't be read might be it: another share is never given in its
    /// place. [`Error::TooManyRows`] when so much else was stored since that a read does not get to it.
    pub async fn get(&self, user: &User, wanted: &Wanted) -> Result<Share> {
        if let Some(id) = &wanted.id {
            return self.by_id(user, id, wanted).await;
        }
        let newest = Newest::new(&self.0.table, user.client(), wanted).find().await?;
        let row = self.0.read(user.client(), &newest.ok_or(Error::NotFound)?).await?;
        self.0.open(&row).await
    }

    async fn by_id(&self, user: &User, id: &RowDigest, wanted: &Wanted) -> Result<Share> {
        let table = &self.0.table;
        let (withdrawn, row) =
            try_join(table.withdrawn(user.client()), table.share(user.client(), id)).await?;
        let row = row.ok_or(Error::NotFound)?;
        let row = row.map_err(Error::Tampered).inspect_err(|error| {
            log::never_opens(user.client(), &share_key(id), error);
        })?;
        if withdrawn.has_share(&row) || wanted.fit(&row.slot).is_none() {
            return Err(Error::NotFound);
        }
        self.0.open(&row).await
    }
}
