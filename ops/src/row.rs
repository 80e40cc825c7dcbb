//! What a row is, and what is wrong with it as far as that can be seen without opening it.

use backup_shares::{
    envelope::Envelope,
    error::Error,
    ids::{ClientId, Method, PairId},
    key_ring::KeyRing,
    row_key::{TimeKey, share_digest},
    slot::RowDigest,
    stop::stopped,
    table::{Item, PARTITION_KEY, SORT_KEY, ShareRow, TimeRow, text},
};

use crate::half::Half;

/// A row.
pub enum Row {
    /// A share's row.
    Share(Share),
    /// A time row.
    Time(TimeRow),
    /// A row of a stop.
    Stop,
    /// None that any build of ours writes.
    Foreign,
}

/// A share's row, without its envelope.
#[derive(Clone, Debug)]
pub struct Share {
    /// The digest in its key.
    pub digest: RowDigest,
    /// What it says of itself, or why that can't be read.
    pub says: Result<Says, &'static str>,
}

/// What a share's row says.
#[derive(Clone, Debug)]
pub struct Says {
    /// When it was sealed, in milliseconds since 1970.
    pub at: u64,
    /// Its method, as it was sent.
    pub method: Method,
    /// Its pair, if it is known.
    pub pair: Option<PairId>,
    /// Id of the key that it is sealed under.
    pub key_id: String,
    /// The share's length in bytes, by its envelope.
    pub bytes: usize,
    /// What is wrong with its envelope.
    pub problem: Option<String>,
}

/// Whose row it is; `None` for a stop's and for a foreign one.
pub fn client(item: &Item) -> Option<ClientId> {
    ClientId::parse(text(item, PARTITION_KEY)?).ok()
}

impl Row {
    /// Reads a row of a half.
    pub fn read(half: Half, item: Item) -> Self {
        let key = text(&item, SORT_KEY).unwrap_or_default().to_owned();
        let Some(client) = client(&item) else {
            let stops = text(&item, PARTITION_KEY).and_then(stopped);
            return if stops.is_some() { Self::Stop } else { Self::Foreign };
        };
        if let Some(digest) = share_digest(&key) {
            return Self::Share(Share::read(half, &client, digest, item));
        }
        match TimeKey::parse(&key) {
            Some(_) => Self::Time(TimeRow::read(half.kind(), &client, &item)),
            None => Self::Foreign,
        }
    }
}

impl Share {
    fn read(half: Half, client: &ClientId, digest: RowDigest, item: Item) -> Self {
        let row = ShareRow::read(half.kind(), client, &digest, item);
        Self { says: row.map(|row| Says::of(&row)), digest }
    }

    /// What is wrong with it, as far as its row alone shows.
    pub fn problem(&self, keys: Option<&KeyRing>) -> Option<String> {
        let says = match &self.says {
            Ok(says) => says,
            Err(why) => return Some((*why).into()),
        };
        let unlisted = keys.is_some_and(|keys| keys.find(&says.key_id).is_none());
        let unlisted =
            unlisted.then(|| format!("it is sealed under key {}, which is not listed", says.key_id));
        says.problem.clone().or(unlisted)
    }

    /// What is wrong with it beside its time row.
    pub fn disagrees(&self, time: &TimeRow) -> Option<&'static str> {
        let (Ok(says), Some(key)) = (&self.says, &time.key) else { return None };
        let Some(slot) = &time.slot else { return Some("its time row's method or pair can't be read") };
        let same =
            says.at == key.at && says.pair == slot.pair && says.method.meaning() == slot.method.meaning();
        (!same).then_some("its time row says another time, method or pair")
    }
}

impl Says {
    fn of(row: &ShareRow) -> Self {
        let problem = match Envelope::parse(&row.sealed) {
            Ok(_) => None,
            Err(Error::UnknownVersion(version)) => {
                Some(format!("it is sealed in version {version}, which this build does not know"))
            }
            Err(_) => Some("it is not of an envelope's form".into()),
        };
        Self {
            at: row.at,
            method: row.slot.method.clone(),
            pair: row.slot.pair.clone(),
            key_id: row.key_id.clone(),
            bytes: row.share_len(),
            problem,
        }
    }
}
