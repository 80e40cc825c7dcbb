//! The user's half: shares that the app has encrypted before it hands them over.

use crate::{
    auth::User,
    aws::Aws,
    config::{ConfigError, SharesConfig},
    error::{Error, Result},
    ids::{Method, PairId},
    log,
    newest::Newest,
    row_key::share_key,
    share::Share,
    slot::{Kind, RowDigest, Slot},
    table::TimeRow,
    vault::Vault,
};

/// The client shares of all wallets. Only a [`User`] reaches one, and only their own.
pub struct ClientShares(Vault);

/// Which of a user's shares is asked for. With nothing named: the newest.
#[derive(Debug, Default)]
pub struct Wanted {
    /// This share and no other: an `id` of the list.
    pub id: Option<RowDigest>,
    /// Shares of this method, however it is spelt, else those of method `UNKNOWN`; never another method's.
    pub method: Option<Method>,
    /// Shares of this pair and no other.
    pub pair: Option<PairId>,
}

impl ClientShares {
    /// The client shares that the function's environment names: table, keys, credentials and Region.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env() -> Result<Self, ConfigError> {
        let config = SharesConfig::from_env()?;
        Ok(Self::new(&Aws::from_env().await, config))
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
    /// [`Error::NotFound`] when there is none; [`Error::Tampered`], [`Error::UnknownVersion`] or [`Error::UnlistedKey`]
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
        let row = self.0.table.share(user.client(), id).await?.ok_or(Error::NotFound)?;
        let row = row.map_err(Error::Tampered).inspect_err(|error| {
            log::never_opens(user.client(), &share_key(id), error);
        })?;
        wanted.fit(&row.slot).ok_or(Error::NotFound)?;
        self.0.open(&row).await
    }
}

impl Wanted {
    /// Whether any share will do.
    pub(crate) const fn is_any(&self) -> bool {
        self.method.is_none() && self.pair.is_none()
    }

    /// How well a row fits, `None` if it doesn't (docs/contract.md, "Client API", `GET`). One that doesn't say where its
    /// share belongs might be the very one.
    pub(crate) fn rank(&self, row: &TimeRow) -> Option<Fit> {
        row.slot.as_ref().map_or(Some(Fit::Exact), |slot| self.fit(slot))
    }

    fn fit(&self, slot: &Slot) -> Option<Fit> {
        if self.pair.is_some() && self.pair != slot.pair {
            return None;
        }
        match &self.method {
            Some(method) if method.meaning() == slot.method.meaning() => Some(Fit::Exact),
            Some(_) => slot.method.is_unknown().then_some(Fit::Legacy),
            None => Some(Fit::Exact),
        }
    }
}

/// The better fit is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// The share came without a method, from an old version.
    Legacy,
    /// What was asked for.
    Exact,
}
