//! Random values, the same ones again for the same seed.

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use k256::elliptic_curve::PrimeField;

/// SHA-256 of a seed and a counter.
pub struct Random {
    seed: [u8; 32],
    drawn: u64,
}

impl Random {
    /// Values that nobody can make again.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn system() -> Result<Self> {
        let mut seed = [0; 32];
        aws_lc_rs::rand::fill(&mut seed).context("no random numbers")?;
        Ok(Self::seeded(seed))
    }

    /// The values of this seed.
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0 }
    }

    /// So many bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(32) {
            let block = digest(&SHA256, &[&self.seed[..], &self.drawn.to_be_bytes()].concat());
            part.copy_from_slice(&block.as_ref()[..part.len()]);
            self.drawn += 1;
        }
        bytes
    }

    /// An id such as Portal gives to clients and pairs: `c` and 24 letters or digits.
    pub fn id(&mut self) -> String {
        const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
        let letters = self.bytes::<24>().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
        std::iter::once('c').chain(letters).collect()
    }

    /// A number below the field's order. Twice as many bytes as it has make all of them equally likely.
    pub(crate) fn scalar<F: PrimeField>(&mut self) -> F {
        self.bytes::<64>().iter().fold(F::ZERO, |sum, byte| sum * F::from(256) + F::from(u64::from(*byte)))
    }

    /// A number of `N` decimal digits.
    pub(crate) fn digits<const N: usize>(&mut self) -> String {
        let mut digits = self.bytes::<N>().map(|byte| char::from(b'0' + byte % 10));
        digits[0] = '1';
        digits.iter().collect()
    }
}
