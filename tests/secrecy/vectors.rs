//! The sealed form in two implementations, ours and the independent one of `tools/open-row/open_row.py`: they agree on
//! what is frozen, on what must be refused and why, and on what either makes.

use std::{collections::BTreeSet, env, fs};

use backup_shares::{
    Error, Result,
    envelope::{Binding, Envelope, Freshness, seal},
    ids::{ClientId, Method, PairId},
    row_key::share_key,
    secret::Secret,
    share::{MAX_SHARE_BYTES, Share},
    slot::{Kind, Slot},
};
use fastrand::Rng;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::support::{operator::OPENER, project::root, python::printed};

/// The frozen vectors that open: a file, and how many are in it.
const OPENED: [(&str, usize); 2] = [("v1.json", 24), ("v1-more.json", 2)];

/// How many frozen vectors must be refused.
const REFUSED: usize = 62;

/// How many random envelopes each makes for the other.
const RANDOM: usize = 1000;

/// What an envelope is opened with, and what lies under which key.
#[derive(Deserialize, Serialize)]
struct Stored {
    kind: String,
    client: String,
    method: String,
    pair: String,
    stored_at: u64,
    data_key: String,
    row_key: String,
    sealed: String,
}

impl Stored {
    fn slot(&self) -> Slot {
        Slot {
            kind: if self.kind == "client" { Kind::Client } else { Kind::Custodian },
            client: ClientId::parse(self.client.as_str()).unwrap(),
            method: Method::parse(self.method.as_str()).unwrap(),
            pair: (self.pair != "-").then(|| PairId::parse(self.pair.as_str()).unwrap()),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        hex::decode(&self.sealed).unwrap()
    }

    fn opened(&self) -> Result<Share> {
        let slot = self.slot();
        let binding = Binding { slot: &slot, stored_at: self.stored_at };
        Envelope::parse(&self.bytes())?.open(&binding, &Secret::new(bytes(&self.data_key)))
    }

    /// Whether the row's key bears the digest of this share.
    fn is_key_of(&self, share: &Share) -> bool {
        share_key(&self.slot().digest(share)) == self.row_key
    }

    /// Why it is refused, as ENVELOPE.md names it.
    fn refusal(&self) -> &'static str {
        match self.opened() {
            Ok(share) if self.is_key_of(&share) => "none",
            Ok(_) => "digest",
            Err(Error::UnknownVersion(_)) => "version",
            Err(Error::Tampered("it is not of an envelope's form")) => "form",
            Err(Error::Tampered("its commitment is to another data key")) => "commitment",
            Err(Error::Tampered("its bytes or its row are not what was sealed")) => "tag",
            Err(Error::Tampered("it does not hold UTF-8 text")) => "text",
            Err(other) => panic!("ENVELOPE.md has no name for {other}"),
        }
    }
}

/// A vector that must be refused.
#[derive(Deserialize)]
struct Refused {
    name: String,
    refusal: String,
    #[serde(flatten)]
    stored: Stored,
}

/// A vector that opens, and is made again of what is in it.
#[derive(Deserialize, Serialize)]
struct Vector {
    name: String,
    #[serde(flatten)]
    share: Text,
    wrapped_key: String,
    salt: String,
    nonce: String,
    #[serde(flatten)]
    stored: Stored,
}

/// A share's text.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Text {
    Whole { share: String },
    Repeated { repeated: String, times: usize },
}

impl Text {
    fn text(&self) -> String {
        match self {
            Self::Whole { share } => share.clone(),
            Self::Repeated { repeated, times } => repeated.repeat(*times),
        }
    }
}

impl Vector {
    /// Opens it, and seals it again.
    fn check(&self) {
        let (name, stored) = (&self.name, &self.stored);
        let share = stored.opened().unwrap();
        assert_eq!(*share.expose(), self.share.text(), "{name}");
        assert!(stored.is_key_of(&share), "{name}");
        let sealed = stored.bytes();
        let wrapped_key = Envelope::parse(&sealed).unwrap().wrapped_key();
        assert_eq!(hex::encode(wrapped_key), self.wrapped_key, "{name}");
        let slot = stored.slot();
        let binding = Binding { slot: &slot, stored_at: stored.stored_at };
        let fresh = Freshness { salt: bytes(&self.salt), nonce: bytes(&self.nonce) };
        let data_key = Secret::new(bytes(&stored.data_key));
        let again = seal(&share, &binding, &data_key, wrapped_key, fresh).unwrap();
        assert_eq!(again, sealed, "{name}");
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
            share: Text::Whole { share: share.expose().clone() },
            wrapped_key: hex::encode(wrapped_key),
            salt: hex::encode(salt),
            nonce: hex::encode(nonce),
            stored: Stored {
                kind,
                client,
                method,
                pair,
                stored_at,
                data_key: hex::encode(data_key),
                row_key: share_key(&slot.digest(&share)),
                sealed: hex::encode(sealed),
            },
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

fn frozen(name: &str) -> String {
    fs::read_to_string(root().join("tests/secrecy/vectors").join(name)).unwrap()
}

fn parsed<V: DeserializeOwned>(vectors: &str) -> Vec<V> {
    serde_json::from_str(vectors).unwrap()
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

/// What the independent implementation says of vectors, or makes.
async fn independent(arguments: &[&str], vectors: &str) -> String {
    let script = OPENER.beside("tests/secrecy/vectors/vectors.py", arguments).await;
    printed(script, vectors.as_bytes()).await.trim().into()
}

#[test]
fn e1_e4_e5_e6_e7_every_frozen_vector_of_v1_is_opened_and_sealed_again() {
    for (name, count) in OPENED {
        let vectors: Vec<Vector> = parsed(&frozen(name));
        assert_eq!(vectors.len(), count, "{name}");
        vectors.iter().for_each(Vector::check);
    }
}

#[test]
fn one_frozen_vector_is_of_the_largest_size() {
    let vectors: Vec<Vector> = parsed(&frozen("v1-more.json"));
    assert!(vectors.iter().any(|vector| vector.share.text().len() == MAX_SHARE_BYTES));
}

#[test]
fn e1_e8_e9_e10_e11_every_frozen_vector_that_must_be_refused_is_refused_for_its_reason() {
    let vectors: Vec<Refused> = parsed(&frozen("v1-refused.json"));
    assert_eq!(vectors.len(), REFUSED);
    for Refused { name, refusal, stored } in &vectors {
        assert_eq!(stored.refusal(), refusal, "{name}");
    }
    let refusals: BTreeSet<&str> = vectors.iter().map(|vector| vector.refusal.as_str()).collect();
    assert_eq!(refusals, ["version", "form", "commitment", "tag", "text", "digest"].into());
}

#[tokio::test]
async fn the_independent_opener_agrees_on_every_frozen_vector() {
    for (name, count) in OPENED {
        assert_eq!(independent(&["open"], &frozen(name)).await, format!("{count} opened"), "{name}");
    }
    assert_eq!(independent(&["refuse"], &frozen("v1-refused.json")).await, format!("{REFUSED} refused"));
}

#[tokio::test]
async fn every_random_envelope_of_the_independent_sealer_is_opened_and_sealed_again() {
    let made = independent(&["make", &seed().to_string(), &RANDOM.to_string()], "").await;
    let made: Vec<Vector> = parsed(&made);
    assert_eq!(made.len(), RANDOM);
    made.iter().for_each(Vector::check);
}

#[tokio::test]
async fn both_implementations_refuse_the_same_of_what_the_independent_one_damages_anew() {
    let made = independent(&["make-refused", &seed().to_string()], "").await;
    for Refused { name, refusal, stored } in parsed(&made) {
        assert_eq!(stored.refusal(), refusal, "{name}");
    }
}

#[tokio::test]
async fn the_independent_opener_opens_every_random_envelope_of_ours_and_seals_it_again() {
    let mut random = Rng::with_seed(seed().into());
    let made: Vec<Vector> = (0..RANDOM).map(|number| Vector::made(&mut random, number)).collect();
    let made = serde_json::to_string(&made).unwrap();
    assert_eq!(independent(&["open"], &made).await, format!("{RANDOM} opened"));
}
