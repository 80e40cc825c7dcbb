//! Shares that are stored and come back, whatever happens to the stack in between.

use anyhow::{Context, Result, ensure};
use aws_lc_rs::rand;
use serde_json::json;
use tokio::try_join;

use super::{
    ledger::Held,
    stage::{Stage, good},
};

/// A custodian share's size is about this; an app's encrypted share of two curves is 24,000 hex digits.
const CUSTODIAN_DIGITS: usize = 5_800;
const APP_BYTES: usize = 12_000;

impl Stage<'_> {
    /// Two backups and a recovery, whose shares the ledger keeps; then the drill, and strangers.
    pub async fn story(&mut self) -> Result<()> {
        self.backup("alice").await.context("a backup")?;
        self.backup("bob").await.context("another's backup")?;
        self.recovery("alice").await.context("a recovery")?;
        self.drill().await.context("the drill")?;
        self.refuses_strangers().await.context("strangers")
    }

    /// A backup of two curves: Portal hands over both at once, then the app hands over its own half.
    pub async fn backup(&mut self, client: &str) -> Result<()> {
        self.custodian_shares(client).await?;
        self.app_share(client).await?;
        self.keeps_everything().await
    }

    /// A recovery: both halves come back, and move to new pairs.
    pub async fn recovery(&mut self, client: &str) -> Result<()> {
        self.keeps_everything().await?;
        self.backup(client).await
    }

    /// Every share that was acknowledged comes back byte for byte, and no other.
    pub async fn keeps_everything(&self) -> Result<()> {
        for (client, held) in self.ledger.all() {
            self.keeps_custodian_shares(client, held).await?;
            self.keeps_app_shares(client, held).await?;
        }
        Ok(())
    }

    async fn keeps_custodian_shares(&self, client: &str, held: &Held) -> Result<()> {
        let fetched = self.portal("backup/fetch", &json!({ "clientId": client })).await?;
        let fetched = good(fetched).context("a fetch is not")?;
        let mut fetched: Vec<String> = serde_json::from_value(fetched["backupShares"].clone())?;
        let mut expected = held.custodian.clone();
        fetched.sort();
        expected.sort();
        let (got, stored) = (fetched.len(), expected.len());
        ensure!(
            fetched == expected,
            "{stored} custodian shares of {client} are stored, and {got} or others come"
        );
        Ok(())
    }

    async fn keeps_app_shares(&self, client: &str, held: &Held) -> Result<()> {
        for (pair, share) in &held.app {
            let got = good(self.app_gets(client, &format!("backupSharePairId={pair}")).await?)?;
            ensure!(got["cipherText"] == share.as_str(), "{client}'s share of pair {pair} is another");
        }
        let Some((_, newest)) = held.app.last() else { return Ok(()) };
        let got = good(self.app_gets(client, "").await?)?;
        ensure!(got["cipherText"] == newest.as_str(), "{client}'s newest share is another");
        Ok(())
    }

    async fn custodian_shares(&mut self, client: &str) -> Result<()> {
        let [first, second] = [custodian_share(client)?, custodian_share(client)?];
        try_join!(
            self.hand_over(client, "GDRIVE-SECP256K1", &first),
            self.hand_over(client, "GDRIVE-ED25519", &second)
        )?;
        self.ledger.of(client).custodian.extend([first, second]);
        Ok(())
    }

    async fn hand_over(&self, client: &str, method: &str, share: &str) -> Result<()> {
        let body = json!({"clientId": client, "backupMethod": method, "share": share});
        good(self.portal("backup", &body).await?).context("Portal's store is refused")?;
        Ok(())
    }

    async fn app_share(&mut self, client: &str) -> Result<()> {
        let (pair, share) = (random_hex(12)?, random_hex(APP_BYTES)?);
        let body = json!({"backupMethod": "GDRIVE", "backupSharePairId": pair, "cipherText": share});
        good(self.app_stores(client, &body).await?).context("the app's store is refused")?;
        self.ledger.of(client).app.push((pair, share));
        Ok(())
    }
}

fn custodian_share(client: &str) -> Result<String> {
    let share = random_hex(CUSTODIAN_DIGITS / 2)?;
    Ok(json!({"backupSharePairId": random_hex(12)?, "clientId": client, "share": share}).to_string())
}

/// That many random bytes, in hex.
pub fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    rand::fill(&mut random).context("no random numbers")?;
    Ok(hex::encode(random))
}
