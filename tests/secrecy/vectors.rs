//! The sealed form in two implementations, ours and the independent one of `tests/secrecy/vectors/envelope.py`: they agree on what
//! is frozen, and on what either makes.

use std::{env, fs};

use backup_shares::{
    envelope::{Binding, Envelope, Freshness, seal},
    ids::{ClientId, Method, PairId},
    row_key::share_key,
    secret::Secret,
    share::Share,
    slot::{Kind, Slot},
};
use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::support::{project::root, python::Script};

/// The independent implementation.
pub const IMPLEMENTATION: Script = Script { name: "envelope", folder: "tests/secrecy/vectors" };

/// How many random envelopes each makes for the other.
const RANDOM: usize = 1000;

/// An example that two implementations agree on.
#[derive(Deserialize, Serialize)]
struct Vector {
    name: String,
    kind: String,
    client: String,
    method: String,
    pair: String,
    stored_at: u64,
    share: String,
    data_key: String,
    wrapped_key: String,
    salt: String,
    nonce: String,
    row_key: String,
    sealed: String,
}

impl Vector {
    fn slot(&self) -> Slot {
        Slot {
            kind: if self.kind == "client" { Kind::Client } else { Kind::Custodian },
            client: ClientId::parse(self.client.as_str()).unwrap(),
            method: Method::parse(self.method.as_str()).unwrap(),
            pair: (self.pair != "-").then(|| PairId::parse(self.pair.as_str()).unwrap()),
        }
    }

    /// Opens it, and seals it again.
    fn check(&self) {
        let (slot, data_key) = (self.slot(), Secret::new(bytes(&self.data_key)));
        let binding = Binding { slot: &slot, stored_at: self.stored_at };
        let sealed = hex::decode(&self.sealed).unwrap();
        let envelope = Envelope::parse(&sealed).unwrap();
        assert_eq!(hex::encode(envelope.wrapped_key()), self.wrapped_key, "{}", self.name);
        let share = envelope.open(&binding, &data_key).unwrap();
        assert_eq!(*share.expose(), self.share, "{}", self.name);
        assert_eq!(share_key(&slot.digest(&share)), self.row_key, "{}", self.name);
        let fresh = Freshness { salt: bytes(&self.salt), nonce: bytes(&self.nonce) };
        let again = seal(&share, &binding, &data_key, envelope.wrapped_key(), fresh).unwrap();
        assert_eq!(again, sealed, "{}", self.name);
    }

    /// A random one, as ours seals it.
    fn made(random: &mut Rng, number: usize) -> Self {
        let slot = Slot {
            kind: if random.bool() { Kind::Client } else { Kind::Custodian },
            client: ClientId::parse(id(random, 128, "_.:-")).unwrap(),
            method: Method::parse(id(random, 64, "_.:-+")).unwrap(),
            pair: random.bool().then(|| PairId::parse(id(random, 128, "_.:-")).unwrap()),
        };
        let share = Share::parse(Secret::new(text(random))).unwrap();
        let (data_key, stored_at) = (random_bytes(random), random.u64(..));
        let wrapped_key: Vec<u8> = (0..random.usize(1..=1024)).map(|_| random.u8(..)).collect();
        let (salt, nonce) = (random_bytes(random), random_bytes(random));
        let binding = Binding { slot: &slot, stored_at };
        let fresh = Freshness { salt, nonce };
        let sealed = seal(&share, &binding, &Secret::new(data_key), &wrapped_key, fresh).unwrap();
        let [kind, client, method, pair] = slot.parts().map(String::from);
        Self {
            name: format!("random {number}"),
            stored_at,
            share: share.expose().clone(),
            data_key: hex::encode(data_key),
            wrapped_key: hex::encode(wrapped_key),
            salt: hex::encode(salt),
            nonce: hex::encode(nonce),
            row_key: share_key(&slot.digest(&share)),
            sealed: hex::encode(sealed),
            kind,
            client,
            method,
            pair,
        }
    }
}

/// An id of any length and of its whole alphabet.
fn id(random: &mut Rng, max: usize, more: &str) -> String {
    let more: Vec<char> = more.chars().collect();
    let mut rest = || {
        let letter = random.alphanumeric();
        if random.u8(..4) == 0 { *random.choice(&more).unwrap_or(&letter) } else { letter }
    };
    let rest: String = (0..max).map(|_| rest()).collect();
    format!("{}{}", random.alphanumeric(), &rest[..random.usize(..max)])
}

/// A share of any characters, mostly short.
fn text(random: &mut Rng) -> String {
    let length = if random.u8(..16) == 0 { random.usize(1..=2000) } else { random.usize(1..=48) };
    // A letter first: some strings of one kind of character are no shares.
    format!("s{}", (0..length).map(|_| random.char(..)).collect::<String>())
}

fn random_bytes<const N: usize>(random: &mut Rng) -> [u8; N] {
    std::array::from_fn(|_| random.u8(..))
}

/// A seed that `ENVELOPE_SEED` can give again.
#[expect(clippy::print_stdout, reason = "a failure must be replayable")]
fn seed() -> u32 {
    let seed = env::var("ENVELOPE_SEED").map_or_else(|_| fastrand::u32(..), |seed| seed.parse().unwrap());
    println!("replay: ENVELOPE_SEED={seed} cargo test -p tests vectors");
    seed
}

fn frozen() -> String {
    fs::read_to_string(root().join("tests/secrecy/vectors/v1.json")).unwrap()
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

#[test]
fn e1_e4_e5_e6_e7_every_frozen_vector_of_v1_is_opened_and_sealed_again() {
    let frozen: Vec<Vector> = serde_json::from_str(&frozen()).unwrap();
    assert_eq!(frozen.len(), 24);
    frozen.iter().for_each(Vector::check);
}

#[tokio::test]
async fn the_independent_opener_agrees_on_every_frozen_vector() {
    assert_eq!(IMPLEMENTATION.run(&["open"], frozen().as_bytes()).await.trim(), "24 opened");
}

#[tokio::test]
async fn every_random_envelope_of_the_independent_sealer_is_opened_and_sealed_again() {
    let made = IMPLEMENTATION.run(&["make", &seed().to_string(), &RANDOM.to_string()], b"").await;
    let made: Vec<Vector> = serde_json::from_str(&made).unwrap();
    assert_eq!(made.len(), RANDOM);
    made.iter().for_each(Vector::check);
}

#[tokio::test]
async fn the_independent_opener_opens_every_random_envelope_of_ours_and_seals_it_again() {
    let mut random = Rng::with_seed(seed().into());
    let made: Vec<Vector> = (0..RANDOM).map(|number| Vector::made(&mut random, number)).collect();
    let made = serde_json::to_vec(&made).unwrap();
    assert_eq!(IMPLEMENTATION.run(&["open"], &made).await.trim(), format!("{RANDOM} opened"));
}
