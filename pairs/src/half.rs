//! A half of a wallet's key: 24 fields, as Portal writes a custodian share.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use base64::prelude::{BASE64_STANDARD, Engine};
use k256::elliptic_curve::PrimeField;
use serde_json::json;

use crate::curve::Curve;
use crate::random::Random;

/// The names of a point's coordinates.
type Names = [&'static str; 2];

pub const PARTIAL: [Names; 2] =
    [["clientPartialPubKey_x", "clientPartialPubKey_y"], ["serverPartialPubKey_x", "serverPartialPubKey_y"]];
pub const PUBLIC: Names = ["x", "y"];

/// The fields of a half.
#[derive(Clone)]
pub struct Half(BTreeMap<String, String>);

impl Half {
    /// What the key has no part in: ids, and numbers of the signing protocol, which are only as long as real ones.
    pub fn new(client_id: &str, random: &mut Random) -> Self {
        let mut half = Self(BTreeMap::new());
        half.set("backupSharePairId", random.id());
        half.set("clientId", client_id.into());
        half.set("ssid", BASE64_STANDARD.encode(random.bytes::<32>()));
        for name in ["pedersenClient_n", "pedersenClient_t", "pedersenServer_n", "pedersenServer_t"] {
            half.set(name, random.digits::<617>());
        }
        for name in ["pedersenClient_s", "pedersenServer_s"] {
            half.set(name, random.digits::<616>());
        }
        half
    }

    pub fn read(json: &str) -> Result<Self> {
        // The parser's own words would quote the share.
        serde_json::from_str(json).ok().map(Self).context("a half is no JSON object of strings")
    }

    pub fn json(&self) -> String {
        json!(self.0).to_string()
    }

    pub fn set(&mut self, name: &str, value: String) {
        self.0.insert(name.into(), value);
    }

    pub fn set_point(&mut self, names: Names, point: &impl Curve) {
        self.0.extend(names.map(str::to_owned).into_iter().zip(point.coordinates()));
    }

    pub fn scalars<F: PrimeField, const N: usize>(&self, names: [&str; N]) -> Result<[F; N]> {
        let mut scalars = [F::ZERO; N];
        for (scalar, name) in scalars.iter_mut().zip(names) {
            let digits = self.0.get(name).with_context(|| format!("a half has no `{name}`"))?;
            *scalar =
                F::from_str_vartime(digits).with_context(|| format!("a half's `{name}` is no number"))?;
        }
        Ok(scalars)
    }

    pub fn has_point(&self, names: Names, point: &impl Curve) -> bool {
        names.iter().zip(point.coordinates()).all(|(name, number)| self.0.get(*name) == Some(&number))
    }
}
