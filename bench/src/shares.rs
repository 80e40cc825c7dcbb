//! Made-up shares of a real one's form and size: 6 KB of a custodian's, 24 KB of a client's.

use anyhow::{Result, anyhow};
use pairs::{AppKey, Backup, Random, Wallet};

/// So many custodian shares of a client, both curves of a backup after the other.
pub fn custodian(client: &str, count: usize) -> Vec<String> {
    let mut random = Random::seeded(*b"the seed of bench, custodian 001");
    let wallet = Wallet::random(&mut random);
    let backups = (0..count.div_ceil(2)).flat_map(|_| {
        let Backup { custodian, .. } = wallet.back_up(client, &mut random);
        [custodian.secp256k1, custodian.ed25519]
    });
    backups.take(count).collect()
}

/// A client's encrypted share.
pub fn client(client: &str) -> Result<String> {
    let mut random = Random::seeded(*b"the seed of bench, client 000001");
    let Backup { client, .. } = Wallet::random(&mut random).back_up(client, &mut random);
    let sealed = AppKey::new(&random.bytes()).and_then(|key| key.seal(&client, &mut random));
    sealed.map_err(|error| anyhow!("a share can't be sealed: {error}"))
}
