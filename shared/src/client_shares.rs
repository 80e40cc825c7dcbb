//! The user's half: shares that the app has encrypted before it hands them over.

use crate::{
    auth::User,
    aws::Aws,
    config::{ConfigError, SharesConfig},
    error::{Error, Result},
    log,
    share::{Kind, Method, PairId, Share, Slot},
    table::{Listed, Unreadable},
    vault::Vault,
};

/// The client shares of all wallets. Only a [`User`] reaches one, and only their own.
pub struct ClientShares(Vault);

/// Which of a user's shares is asked for. With nothing named: the newest.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Shares of this method, else those of method `UNKNOWN`; never another method's.
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
        let slot = Slot { kind: Kind::Client, client: user.client().clone(), method, pair };
        self.0.store(slot, share).await
    }

    /// Opens the newest of the user's shares that is wanted.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; [`Error::Tampered`] when that share, or a row that can't be read and
    /// might be it, fails authentication: another share is never given in its place.
    pub async fn get(&self, user: &User, wanted: &Wanted) -> Result<Share> {
        let mut newest = None;
        let keep_newer = |row: Result<Listed, Unreadable>| {
            let row = match row {
                Ok(row) => row,
                Err(row) => return wanted.refuse(user, &row),
            };
            let Some(fit) = wanted.rank(&row.slot) else { return Ok(()) };
            let rank = (fit, row.age());
            if newest.as_ref().is_none_or(|(best, _)| rank > *best) {
                newest = Some((rank, row));
            }
            Ok(())
        };
        self.0.table.list(user.client(), keep_newer).await?;
        let (_, row) = newest.ok_or(Error::NotFound)?;
        self.0.open(row).await
    }
}

impl Wanted {
    /// Refuses a row that can't be read, unless its key shows that it is not what is wanted.
    fn refuse(&self, user: &User, row: &Unreadable) -> Result<()> {
        log::tampered(user.client(), &row.row_key, row.why);
        match &row.slot {
            Some(slot) if self.rank(slot).is_none() => Ok(()),
            _ => Err(Error::Tampered(row.why)),
        }
    }

    /// How well a slot fits, `None` if it doesn't (docs/contract.md, "Client API", `GET`).
    fn rank(&self, slot: &Slot) -> Option<Fit> {
        if self.pair.is_some() && self.pair != slot.pair {
            return None;
        }
        match &self.method {
            Some(method) if *method == slot.method => Some(Fit::Exact),
            Some(_) => slot.method.is_unknown().then_some(Fit::Legacy),
            None => Some(Fit::Exact),
        }
    }
}

/// The better fit is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The share came without a method, from an old version.
    Legacy,
    /// What was asked for.
    Exact,
}
