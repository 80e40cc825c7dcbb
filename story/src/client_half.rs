//! The app's half of the story, where Portal's calls are refused: from an address that is not Portal's.

use pairs::Halves;

use crate::{
    Story,
    failure::{Failure, Result},
    random,
    shares::ClientShare,
};

impl Story<'_> {
    /// Plays the app's half of two backups. Portal's half never goes anywhere: it stays here, to rebuild the wallet with.
    ///
    /// # Errors
    /// At the first answer that isn't what the app needs.
    pub async fn play_client_half(&self) -> Result<()> {
        self.act("1. The app's half of two backups");
        let (first, portals) = self.app_backs_up().await?;
        self.rebuild(&self.newest(&first).await?, &portals)?;
        let (second, newer) = self.app_backs_up().await?;
        self.rebuild(&self.newest(&second).await?, &newer)?;
        self.act("2. Portal never learnt of the second: the app looks through the list");
        let (found, _) = self.app.finds(|share| self.rebuild(share, &portals)).await?;
        if found != first {
            return Err(Failure::WrongShare(format!("the list gave {found} for {first}")));
        }
        self.aside(&format!("{found} opens: it was found by its id"));
        self.aside("with Portal's half, which stayed here, it rebuilds the wallet's keys on both curves");
        Ok(())
    }

    async fn app_backs_up(&self) -> Result<(ClientShare, Halves)> {
        let pairs::Backup { client, custodian } = self.wallet.back_up(&self.cast.client, &mut random()?);
        Ok((self.app.store(&client).await?, custodian))
    }
}
