//! Where a share belongs: the one source for the row's key, the KMS encryption context and the envelope's additional
//! data.

#[cfg(test)]
pub(crate) mod properties;

use std::collections::HashMap;

use aws_lc_rs::digest;

use crate::{
    ids::{ClientId, Method, PairId, is_lowercase_hex},
    share::Share,
};

/// Names this product in every encryption context, so that a key policy can require it.
pub const APP: &str = "portal-backup-shares";

const DIGEST_LABEL: &str = "portal-backup-shares/row/v1";
const NO_PAIR: &str = "-";

/// Which half of a wallet's backup a share is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The user's half, already encrypted by the app.
    Client,
    /// The custodian's half, raw until it is sealed.
    Custodian,
}

impl Kind {
    /// Its name in encryption contexts and envelopes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Custodian => "custodian",
        }
    }
}

/// Where a share belongs. Two shares of one slot stand side by side; the newer one replaces nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which half it is.
    pub kind: Kind,
    /// Whose wallet.
    pub client: ClientId,
    /// How the user's half is kept.
    pub method: Method,
    /// Which pair, where that is known.
    pub pair: Option<PairId>,
}

impl Slot {
    /// Kind, client, method and pair as text, in the order that digests and envelopes bind them in.
    pub fn parts(&self) -> [&str; 4] {
        let pair = self.pair.as_ref().map_or(NO_PAIR, PairId::as_str);
        [self.kind.as_str(), self.client.as_str(), self.method.as_str(), pair]
    }

    /// Whether another slot is the same but for the spelling of its method.
    pub fn means(&self, other: &Self) -> bool {
        let bare = |slot: &Self| Self { method: slot.method.meaning(), ..slot.clone() };
        bare(self) == bare(other)
    }

    /// The KMS encryption context. It shows in CloudTrail: of the user it holds the client id alone (ENVELOPE.md, E12).
    pub fn encryption_context(&self) -> HashMap<String, String> {
        let [kind, client, method, pair] = self.parts();
        let context = [("app", APP), ("kind", kind), ("client", client), ("method", method), ("pair", pair)];
        context.map(|(name, value)| (name.into(), value.into())).into()
    }

    /// SHA-256 of this slot and a share in it: one share in one slot is one row, however often it is sent.
    pub fn digest(&self, share: &Share) -> RowDigest {
        let mut hash = digest::Context::new(&digest::SHA256);
        let parts = [DIGEST_LABEL].into_iter().chain(self.parts()).chain([share.expose().as_str()]);
        length_prefixed(parts.map(str::as_bytes), |bytes| hash.update(bytes));
        RowDigest(hex::encode(hash.finish()))
    }

    /// A slot from what a row says of it; `None` when the row says what no slot is.
    pub fn from_row(kind: Kind, client: &ClientId, method: &str, pair: &str) -> Option<Self> {
        let pair = if pair == NO_PAIR { None } else { Some(PairId::parse(pair).ok()?) };
        Some(Self { kind, client: client.clone(), method: Method::parse(method).ok()?, pair })
    }
}

/// Feeds every part to `sink` behind its length (8 bytes, big-endian), so that no two lists of parts are the same
/// bytes.
pub(crate) fn length_prefixed<'a>(parts: impl IntoIterator<Item = &'a [u8]>, mut sink: impl FnMut(&[u8])) {
    for part in parts {
        sink(&(part.len() as u64).to_be_bytes());
        sink(part);
    }
}

/// SHA-256 of a slot and its share, in lowercase hex: what a share's row is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowDigest(String);

impl RowDigest {
    /// Reads a digest; `None` when it is not 64 lowercase hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        is_lowercase_hex(text, 64).then(|| Self(text.into()))
    }

    /// The digest, in hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
