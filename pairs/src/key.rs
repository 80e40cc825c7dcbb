//! A private key: split into two halves, and rebuilt from them.

use anyhow::{Context, Result, ensure};
use k256::elliptic_curve::ff::Field;

use crate::curve::Curve;
use crate::half::{Half, PARTIAL, PUBLIC};
use crate::random::Random;

/// Where on the line the client's share lies, and where the custodian's.
const PLACES: [&str; 2] = ["clientBk", "serverBk"];

/// A private key on that curve.
#[derive(Clone, PartialEq)]
pub struct Key<C: Curve>(C::Scalar);

impl<C: Curve> Key<C> {
    pub fn random(random: &mut Random) -> Self {
        Self(random.scalar())
    }

    fn public(&self) -> C {
        C::generator() * self.0
    }

    /// The client's half and the custodian's: two points of a random line that has the key at 0.
    pub fn split(&self, client_id: &str, random: &mut Random) -> [String; 2] {
        let slope: C::Scalar = random.scalar();
        let places: [C::Scalar; 2] = [random.scalar(), random.scalar()];
        let shares = places.map(|place| self.0 + slope * place);
        let mut both = Half::new(client_id, random);
        both.set_point(PUBLIC, &self.public());
        both.set_point(["yClient_x", "yClient_y"], &Self::random(random).public());
        both.set_point(["yServer_x", "yServer_y"], &Self::random(random).public());
        for party in [0, 1] {
            both.set(PLACES[party], C::decimal(&places[party]));
            both.set_point(PARTIAL[party], &(C::generator() * shares[party]));
        }
        shares.map(|share| {
            let mut half = both.clone();
            half.set("share", C::decimal(&share));
            half.set("pailler_p", random.digits::<309>());
            half.set("pailler_q", random.digits::<309>());
            half.json()
        })
    }

    /// The key that these two are the halves of.
    pub fn rebuild(client: &str, custodian: &str) -> Result<Self> {
        let halves = [Half::read(client)?, Half::read(custodian)?];
        let [places, others]: [[C::Scalar; 2]; 2] = [halves[0].scalars(PLACES)?, halves[1].scalars(PLACES)?];
        ensure!(places == others, "the halves are not of one backup");
        let [[client], [custodian]] = [halves[0].scalars(["share"])?, halves[1].scalars(["share"])?];
        let partial = [client, custodian].map(|share: C::Scalar| C::generator() * share);
        for half in &halves {
            let [client, custodian] = [0, 1].map(|party| half.has_point(PARTIAL[party], &partial[party]));
            ensure!(client, "the client's share is not that of its partial public key");
            ensure!(custodian, "the custodian's share is not that of its partial public key");
        }
        let weights = weights(places)?;
        let public = partial[0] * weights[0] + partial[1] * weights[1];
        let agreed = halves.iter().all(|half| half.has_point(PUBLIC, &public));
        ensure!(agreed, "the partial public keys don't add up to the wallet's");
        let key = Self(client * weights[0] + custodian * weights[1]);
        ensure!(key.public() == public, "the rebuilt key has another public key");
        Ok(key)
    }
}

/// Lagrange's coefficients: how much a line's values at two places count for its value at 0.
fn weights<F: Field>([first, second]: [F; 2]) -> Result<[F; 2]> {
    let distance = (second - first).invert().into_option().context("both halves lie at one place")?;
    Ok([second * distance, -first * distance])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::{Ed25519, Secp256k1};
    use serde_json::{Map, Value};

    /// All that the proof is made of.
    const PROVEN: &str = "clientBk clientPartialPubKey_x clientPartialPubKey_y serverBk serverPartialPubKey_x \
                          serverPartialPubKey_y share x y";

    fn changed(half: &str, name: &str) -> String {
        let mut fields: Map<String, Value> = serde_json::from_str(half).unwrap();
        let digits = fields[name].as_str().unwrap();
        let last = if digits.ends_with('1') { '2' } else { '1' };
        fields[name] = format!("{}{last}", &digits[..digits.len() - 1]).into();
        Value::from(fields).to_string()
    }

    fn only_both_halves_of_one_backup_rebuild_a_key<C: Curve>() {
        let mut random = Random::seeded([7; 32]);
        let [key, other] = [0, 1].map(|_| Key::<C>::random(&mut random));
        let [pair, second] = [0, 1].map(|_| key.split("c1", &mut random));
        let foreign = other.split("c1", &mut random);
        let rebuilt = |client: &str, custodian: &str| Key::<C>::rebuild(client, custodian).ok();
        assert!(
            rebuilt(&pair[0], &pair[1]) == Some(key.clone()) && rebuilt(&second[0], &second[1]) == Some(key)
        );
        assert!(rebuilt(&foreign[0], &foreign[1]) == Some(other));
        for [_, custodian] in [&second, &foreign] {
            assert!(rebuilt(&pair[0], custodian).is_none());
        }
        assert!(rebuilt(&pair[1], &pair[0]).is_none() && rebuilt(&pair[0], &pair[0]).is_none());
        for name in PROVEN.split(' ') {
            assert!(rebuilt(&changed(&pair[0], name), &pair[1]).is_none(), "the client's {name}");
            assert!(rebuilt(&pair[0], &changed(&pair[1], name)).is_none(), "the custodian's {name}");
        }
    }

    #[test]
    fn only_both_halves_of_one_backup_rebuild_a_key_on_secp256k1() {
        only_both_halves_of_one_backup_rebuild_a_key::<Secp256k1>();
    }

    #[test]
    fn only_both_halves_of_one_backup_rebuild_a_key_on_ed25519() {
        only_both_halves_of_one_backup_rebuild_a_key::<Ed25519>();
    }

    #[test]
    fn a_half_has_the_shape_and_size_of_portals() {
        let half = &Key::<Ed25519>::random(&mut Random::seeded([8; 32]))
            .split("c1", &mut Random::seeded([9; 32]))[1];
        assert_eq!(serde_json::from_str::<Map<String, Value>>(half).unwrap().len(), 24);
        assert!((5_800..5_900).contains(&half.len()), "{}", half.len());
    }
}
