//! The whole story: both parties, and a wallet that comes back every time.

use pairs::{Halves, Wallet};
use tokio::try_join;

use crate::{
    Story,
    failure::{Failure, Result},
    random,
    shares::{ClientShare, Curve, CustodianShare},
};

/// What ends a recovery.
const REBUILT: &str = "what came back rebuilds the wallet's keys, on secp256k1 and on ed25519";

/// What Portal holds of one backup.
type Custodians = [CustodianShare; 2];

/// What both sides of one backup hold: together they rebuild the wallet's keys.
struct Backup {
    custodian: Custodians,
    client: ClientShare,
}

impl Story<'_> {
    /// Plays the four acts, and gives the wallet as the last recovery has rebuilt it.
    ///
    /// # Errors
    /// At the first answer that isn't what that party needs.
    pub async fn play(&self) -> Result<Wallet> {
        self.act("1. A backup of two curves");
        let first = self.new_backup(self.wallet).await?;
        let second = self.recovery(&first).await?;
        let halves = self.interrupted_recovery(&second).await?;
        self.late_share(&second, halves).await
    }

    async fn new_backup(&self, wallet: &Wallet) -> Result<Backup> {
        let (custodian, halves) = self.new_pairs(wallet).await?;
        let client = self.app.store(&halves).await?;
        Ok(Backup { custodian, client })
    }

    async fn recovery(&self, old: &Backup) -> Result<Backup> {
        self.act("2. A recovery: the phone is lost, both halves move to new pairs");
        let recovered = self.open_both(old).await?;
        let now = self.new_backup(&recovered).await?;
        self.open_both(&now).await?;
        self.aside(REBUILT);
        Ok(now)
    }

    async fn interrupted_recovery(&self, old: &Backup) -> Result<(Custodians, Halves)> {
        self.act("3. A recovery in which the app dies half-way");
        let recovered = self.open_both(old).await?;
        let new = self.new_pairs(&recovered).await?;
        self.aside("the app dies: its new share never comes");
        self.open_both(old).await?;
        let [secp256k1, ed25519] = &old.custodian;
        self.aside(&format!("the old two still open, {secp256k1}, {ed25519}"));
        self.aside(&format!("and {}: the wallet is not lost", old.client));
        self.aside(REBUILT);
        Ok(new)
    }

    /// The newest shares are no complete pair to Portal: the pair before opens the wallet.
    async fn late_share(&self, old: &Backup, (custodian, halves): (Custodians, Halves)) -> Result<Wallet> {
        self.act("4. The app's new share comes late, and Portal is never told");
        let late = Backup { custodian, client: self.app.store(&halves).await? };
        let newest = self.newest(&late.client).await?;
        let portals = self.portals_halves(&old.custodian).await?;
        if self.rebuild(&newest, &portals).is_ok() {
            return Err(Failure::not_the_wallet(&"halves of two backups rebuild a key"));
        }
        self.aside("the newest share is no pair with what Portal holds: the app looks through the list");
        let opens = |share: &ClientShare| self.rebuild(share, &portals);
        let (found, wallet) = self.app.finds(opens).await?;
        self.aside(&format!("{found} opens: it was found by its id"));
        self.open_both(&late).await?;
        self.aside(REBUILT);
        Ok(wallet)
    }

    /// Portal hands over a new share of each curve, both at once, and looks whether it came. The app has the other halves.
    async fn new_pairs(&self, wallet: &Wallet) -> Result<(Custodians, Halves)> {
        let pairs::Backup { client, custodian } = wallet.back_up(&self.cast.client, &mut random()?);
        let parse = |text: &str| {
            CustodianShare::parse(text).ok_or_else(|| Failure::here(&"a made-up share names no pair"))
        };
        let [first, second] = [parse(&custodian.secp256k1)?, parse(&custodian.ed25519)?];
        let portal = &self.portal;
        try_join!(portal.store(Curve::Secp256k1, &first), portal.store(Curve::Ed25519, &second))?;
        Ok(([first, second], client))
    }

    /// The app gets its half of this backup, and Portal finds the others: the wallet again.
    async fn open_both(&self, backup: &Backup) -> Result<Wallet> {
        let client = self.newest(&backup.client).await?;
        self.rebuild(&client, &self.portals_halves(&backup.custodian).await?)
    }

    pub(crate) async fn newest(&self, expected: &ClientShare) -> Result<ClientShare> {
        let client = self.app.get().await?;
        if client == *expected {
            return Ok(client);
        }
        Err(Failure::WrongShare(format!("the app got {client} and needs {expected}, its newest")))
    }

    /// Portal finds its two shares under their pairs.
    async fn portals_halves(&self, custodian: &Custodians) -> Result<Halves> {
        let held = self.portal.fetch().await?;
        let find = |share: &CustodianShare| {
            let found = held.iter().find(|held| held.pair() == share.pair());
            let found = found.filter(|found| *found == share).map(|found| found.text().to_owned());
            found.ok_or_else(|| {
                Failure::Lost(format!("Portal needs {share} of pair {}, and didn't get it", share.pair()))
            })
        };
        Ok(Halves { secp256k1: find(&custodian[0])?, ed25519: find(&custodian[1])? })
    }

    /// The wallet of this story, or an error.
    pub(crate) fn rebuild(&self, client: &ClientShare, custodian: &Halves) -> Result<Wallet> {
        let halves = self.app.open(client)?;
        let wallet = Wallet::rebuild(&halves, custodian).map_err(|why| Failure::not_the_wallet(&why))?;
        if wallet == *self.wallet { Ok(wallet) } else { Err(Failure::not_the_wallet(&"it is another one")) }
    }
}
