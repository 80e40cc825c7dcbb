//! A wallet: a key on each curve, backed up and recovered together.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::curve::{Ed25519, Secp256k1};
use crate::key::Key;
use crate::random::Random;

/// A made-up wallet.
#[derive(PartialEq)]
pub struct Wallet {
    secp256k1: Key<Secp256k1>,
    ed25519: Key<Ed25519>,
}

/// One backup of a wallet.
pub struct Backup {
    /// What the user's app encrypts and hands over.
    pub client: Halves,
    /// What Portal hands over.
    pub custodian: Halves,
}

/// One party's halves, each a JSON document.
#[derive(Deserialize, Serialize)]
pub struct Halves {
    /// Of the key for Bitcoin and Ethereum.
    pub secp256k1: String,
    /// Of the key for Solana.
    pub ed25519: String,
}

impl Wallet {
    /// A new one.
    pub fn random(random: &mut Random) -> Self {
        Self { secp256k1: Key::random(random), ed25519: Key::random(random) }
    }

    /// A new backup of it, with a new pair for each curve.
    pub fn back_up(&self, client_id: &str, random: &mut Random) -> Backup {
        let [client, custodian] = self.secp256k1.split(client_id, random);
        let [client_ed25519, custodian_ed25519] = self.ed25519.split(client_id, random);
        Backup {
            client: Halves { secp256k1: client, ed25519: client_ed25519 },
            custodian: Halves { secp256k1: custodian, ed25519: custodian_ed25519 },
        }
    }

    /// The wallet that both parties' halves rebuild.
    ///
    /// # Errors
    /// When a half is damaged, or the two are not of one backup of one wallet.
    pub fn rebuild(client: &Halves, custodian: &Halves) -> Result<Self> {
        Ok(Self {
            secp256k1: Key::rebuild(&client.secp256k1, &custodian.secp256k1).context("on secp256k1")?,
            ed25519: Key::rebuild(&client.ed25519, &custodian.ed25519).context("on ed25519")?,
        })
    }
}
