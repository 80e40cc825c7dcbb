//! The key by which a user's app encrypts its halves, and which it shows to nobody.

use anyhow::{Context, Result};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::random::Random;
use crate::wallet::Halves;

/// A key for AES-256-GCM.
pub struct AppKey(LessSafeKey);

impl AppKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// When the library refuses it.
    pub fn new(bytes: &[u8; 32]) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).context("the app has no key")?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// The halves as the app hands them over: nonce, ciphertext and tag, in hex.
    ///
    /// # Errors
    /// When the library can't encrypt them.
    pub fn seal(&self, halves: &Halves, random: &mut Random) -> Result<String> {
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let mut bytes = serde_json::to_vec(halves)?;
        let sealed = self.0.seal_in_place_append_tag(Nonce::from(&nonce), Aad::empty(), &mut bytes);
        sealed.context("the app can't encrypt its halves")?;
        Ok(hex::encode([&nonce[..], &bytes].concat()))
    }

    /// What was sealed.
    ///
    /// # Errors
    /// When another key has sealed it, or it has been changed.
    pub fn open(&self, sealed: &str) -> Result<Halves> {
        let mut bytes = hex::decode(sealed).context("the app's ciphertext is no hex")?;
        let (nonce, rest) =
            bytes.split_first_chunk_mut::<NONCE_LEN>().context("the app's ciphertext is cut")?;
        let opened = self.0.open_in_place(Nonce::from(&*nonce), Aad::empty(), rest);
        let json = opened.context("the app's ciphertext doesn't open under the app's key")?;
        serde_json::from_slice(json).ok().context("the app's ciphertext holds no halves")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::Wallet;

    #[test]
    fn only_the_app_opens_its_halves_which_are_24_kb_of_hex_to_others() {
        let mut random = Random::seeded([10; 32]);
        let wallet = Wallet::random(&mut random);
        let backup = wallet.back_up("c1", &mut random);
        let [key, other] = [0, 1].map(|_| AppKey::new(&random.bytes()).unwrap());
        let sealed = key.seal(&backup.client, &mut random).unwrap();
        assert!((23_500..24_500).contains(&sealed.len()), "{}", sealed.len());
        assert_eq!(sealed.trim_matches(|digit| matches!(digit, '0'..='9' | 'a'..='f')), "");
        assert!(Wallet::rebuild(&key.open(&sealed).unwrap(), &backup.custodian).unwrap() == wallet);
        assert!(other.open(&sealed).is_err() && key.open(&sealed[2..]).is_err() && key.open("00").is_err());
    }
}
