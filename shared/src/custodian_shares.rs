//! The custodian's half: shares that Portal hands over raw and asks for on the day of a recovery.

pub use crate::chosen::Room;
use crate::{
    auth::Portal,
    aws::Aws,
    config::SharesConfig,
    environment::ConfigError,
    error::Result,
    fetch::Fetch,
    ids::{ClientId, Method, PairId},
    share::Share,
    slot::Kind,
    vault::Vault,
};

/// The custodian shares of all wallets. Only [`Portal`] reaches them.
pub struct CustodianShares(Vault);

impl CustodianShares {
    /// The custodian shares that the function's environment names: table, keys, credentials and Region. With so many
    /// connections to each service, which is how many calls a request makes at once.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env(connections: usize) -> Result<Self, ConfigError> {
        let config = SharesConfig::from_env()?;
        Ok(Self::new(&Aws::from_env(connections).await?, config))
    }

    /// The custodian shares in a table, sealed and opened with that half's keys.
    pub fn new(aws: &Aws, config: SharesConfig) -> Self {
        Self(Vault::new(Kind::Custodian, aws, config))
    }

    /// Stores a share beside those before it. When this returns the share is durable.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) when AWS is: then the share may or may not be stored, and
    /// repeating is safe.
    pub async fn store(
        &self,
        _proof: &Portal,
        client: ClientId,
        method: Method,
        pair: Option<PairId>,
        share: &Share,
    ) -> Result<()> {
        self.0.store(client, method, pair, share).await
    }

    /// Opens a client's shares of all methods and pairs, newest first, each distinct share once. Where there are more
    /// than there is room for, these are the newest and the oldest, so that nobody buries a share under what they store. One
    /// that will never open is left out, logged and counted.
    ///
    /// # Errors
    /// [`Error::Frozen`](crate::Error::Frozen) while an operator holds the client back; that of a share when there are some and not one of them opens; [`Error::Unavailable`](crate::Error::Unavailable)
    /// when AWS is: never a part of the shares.
    pub async fn fetch(&self, _proof: &Portal, client: &ClientId, room: Room) -> Result<Vec<Share>> {
        Fetch::new(&self.0, client).run(room).await
    }
}
