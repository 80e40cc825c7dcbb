//! What the callers of a run are going to do: chosen from a seed alone, so that a seed is a test.

use fastrand::Rng;

use super::operation::{Action, BROKEN, Half, Kept};

/// The size of a run, and what it is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    /// Wallets, each with callers of its own.
    pub clients: usize,
    /// Requests for each of them.
    pub requests: usize,
}

const CLIENT_METHODS: [&str; 3] = ["GDRIVE", "ICLOUD", "UNKNOWN"];
const CUSTODIAN_METHODS: [&str; 3] = ["GDRIVE-SECP256K1", "GDRIVE-ED25519", "UNKNOWN"];
const PAIRS: [&str; 2] = ["pair-1", "pair-2"];

/// One client in so many has shares so large that its rows take more than a page of a `Query`.
const LARGE: usize = 30;

/// What it takes to break a codec.
const HARD: &str = "0123456789abcdef\"\\\n\t{}é漢😀\u{7f}\0";

/// A client's id.
pub fn name(client: usize) -> String {
    format!("client-{client}")
}

impl Plan {
    /// All requests about one client, in no order that its callers have to keep.
    pub fn requests(&self, client: usize) -> Vec<(Half, Action)> {
        let mut choice = Choice {
            // So that runs of neighbouring seeds have no client's requests in common.
            rng: Rng::with_seed(self.seed.rotate_left(32).wrapping_add(client as u64)),
            client: name(client),
            large: client % LARGE == LARGE - 1,
            stored: Vec::new(),
        };
        (0..self.requests).map(|_| choice.request()).collect()
    }
}

/// The choices about one client.
struct Choice {
    rng: Rng,
    client: String,
    large: bool,
    stored: Vec<(Half, Vec<Kept>)>,
}

impl Choice {
    fn request(&mut self) -> (Half, Action) {
        let half = if self.rng.bool() { Half::Client } else { Half::Custodian };
        let kept = match self.rng.u8(..100) {
            0..32 => vec![self.kept(half)],
            32..36 if half == Half::Client => self.both_curves(),
            32..48 => return self.again().unwrap_or_else(|| self.read(half)),
            48..54 => vec![self.elsewhere(half)],
            54..58 => vec![Kept { share: (*self.pick(&BROKEN)).into(), ..self.kept(half) }],
            58..60 => return (half, Action::Freeze),
            60..65 => return (half, Action::Thaw),
            _ => return self.read(half),
        };
        self.stored.push((half, kept.clone()));
        (half, Action::Store(kept))
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.rng.usize(..from.len())]
    }

    fn kept(&mut self, half: Half) -> Kept {
        let methods = if half == Half::Client { CLIENT_METHODS } else { CUSTODIAN_METHODS };
        Kept { method: (*self.pick(&methods)).into(), pair: self.pair(), share: self.share(half) }
    }

    fn pair(&mut self) -> Option<String> {
        self.rng.bool().then(|| (*self.pick(&PAIRS)).into())
    }

    /// A share like no other: a name that people can tell it by, then its bulk.
    fn share(&mut self, half: Half) -> String {
        let (client, number) = (&self.client, self.stored.len());
        let start = format!("{client}/{half:?}-{number}-{:08x} ", self.rng.u32(..));
        let (length, alphabet) = match self.rng.u8(..10) {
            _ if self.large => (100_000, "0123456789abcdef"),
            0 => (self.rng.usize(..6000), HARD),
            _ => (self.rng.usize(..40), HARD),
        };
        let alphabet: Vec<char> = alphabet.chars().collect();
        start.chars().chain((0..length).map(|_| *self.pick(&alphabet))).collect()
    }

    /// The Enclave API's form: `CUSTOM` is the method of one that names none.
    fn both_curves(&mut self) -> Vec<Kept> {
        let method = *self.pick(&["GDRIVE", "CUSTOM"]);
        let pair = self.pair();
        ["SECP256K1", "ED25519"]
            .map(|curve| Kept {
                method: format!("{method}-{curve}"),
                pair: pair.clone(),
                share: self.share(Half::Client) + curve,
            })
            .into()
    }

    /// An earlier request, byte for byte.
    fn again(&mut self) -> Option<(Half, Action)> {
        let earlier = self.rng.choice(&self.stored)?;
        Some((earlier.0, Action::Store(earlier.1.clone())))
    }

    /// An earlier share in another slot.
    fn elsewhere(&mut self, half: Half) -> Kept {
        let new = self.kept(half);
        let earlier: Vec<_> = self.stored.iter().filter(|(other, _)| *other == half).collect();
        let share = self.rng.choice(earlier).map_or(&new.share, |(_, kept)| &kept[0].share).clone();
        Kept { share, ..new }
    }

    fn read(&mut self, half: Half) -> (Half, Action) {
        // Of client shares seldom: each is asked for by itself.
        if half == Half::Custodian || self.rng.u8(..12) == 0 {
            return (half, Action::Fetch);
        }
        let methods = [None, Some("GDRIVE"), Some("ICLOUD"), Some("UNKNOWN"), Some("GDRIVE-ED25519")];
        let method = self.pick(&methods).map(Into::into);
        let pair = if self.rng.u8(..4) == 0 { self.pair() } else { None };
        (half, Action::Get { method, pair })
    }
}
