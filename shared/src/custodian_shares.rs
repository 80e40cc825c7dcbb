//! The custodian's half: shares that Portal hands over raw and asks for on the day of a recovery.

use std::{cmp::Reverse, collections::BTreeMap};

use futures_util::{StreamExt, stream};

use crate::{
    auth::Portal,
    aws::Aws,
    config::{ConfigError, SharesConfig},
    error::{Error, Result},
    log,
    share::{ClientId, Kind, Method, PairId, Share, Slot},
    table::{Listed, Unreadable},
    vault::Vault,
};

/// Most shares that one fetch answers with (docs/contract.md, "Webhook").
pub const MAX_SHARES: usize = 128;

/// Most bytes that the shares take in one answer: Lambda allows 6 MB, the rest of the answer included.
pub const MAX_ANSWER_BYTES: usize = 5_000_000;

/// Most rows that a fetch chooses from, the newest: room for [`MAX_SHARES`], and for many more that turn out to be the
/// same share or none.
const MAX_CHOICE: usize = 4096;

const OPEN_AT_ONCE: usize = 16;

/// The custodian shares of all wallets. Only [`Portal`] reaches them.
pub struct CustodianShares(Vault);

impl CustodianShares {
    /// The custodian shares that the function's environment names: table, keys, credentials and Region.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub async fn from_env() -> Result<Self, ConfigError> {
        let config = SharesConfig::from_env()?;
        Ok(Self::new(&Aws::from_env().await, config))
    }

    /// The custodian shares in a table, sealed and opened with that half's keys.
    pub fn new(aws: &Aws, config: SharesConfig) -> Self {
        Self(Vault::new(Kind::Custodian, aws, config))
    }

    /// Stores a share beside those before it. When this returns the share is durable.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when AWS is: then the share may or may not be stored, and repeating is safe.
    pub async fn store(
        &self,
        _proof: &Portal,
        client: ClientId,
        method: Method,
        pair: Option<PairId>,
        share: &Share,
    ) -> Result<()> {
        self.0.store(Slot { kind: Kind::Custodian, client, method, pair }, share).await
    }

    /// Opens a client's shares of all methods and pairs, newest first, each distinct share once, as many of the
    /// newest as an answer holds. A share that fails authentication is left out, logged and counted.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; [`Error::Tampered`] when not one of them opens;
    /// [`Error::Unavailable`] when AWS is: never a part of the shares.
    pub async fn fetch(&self, _proof: &Portal, client: &ClientId) -> Result<Vec<Share>> {
        let (rows, mut refused) = self.newest_rows(client).await?;
        let mut left = rows.len();
        let mut opened = stream::iter(rows).map(|row| self.0.open(row)).buffered(OPEN_AT_ONCE);
        let mut answer = Answer::default();
        while !answer.is_full()
            && let Some(share) = opened.next().await
        {
            left -= 1;
            match share {
                Ok(share) => answer.add(share),
                Err(Error::Tampered(why)) => refused = Some(why),
                Err(error) => return Err(error),
            }
        }
        log::left_out(left);
        answer.finish().ok_or_else(|| refused.map_or(Error::NotFound, Error::Tampered))
    }

    /// The newest rows, newest first, [`MAX_CHOICE`] at most; and what is wrong with one that can't be read, if there
    /// is such a one.
    async fn newest_rows(&self, client: &ClientId) -> Result<(Vec<Listed>, Option<&'static str>)> {
        let mut newest = Newest(BTreeMap::new());
        let mut refused = None;
        let keep_newest = |row: Result<Listed, Unreadable>| {
            match row {
                Ok(row) => newest.add(row.age(), row),
                Err(row) => {
                    log::tampered(client, &row.row_key, row.why);
                    refused = Some(row.why);
                }
            }
            Ok(())
        };
        self.0.table.list(client, keep_newest).await?;
        Ok((newest.0.into_values().collect(), refused))
    }
}

/// The newest of all rows that were added, [`MAX_CHOICE`] at most, newest first.
struct Newest<T>(BTreeMap<Reverse<(u64, String)>, T>);

impl<T> Newest<T> {
    fn add(&mut self, age: (u64, String), row: T) {
        self.0.insert(Reverse(age), row);
        if self.0.len() > MAX_CHOICE {
            self.0.pop_last();
            log::left_out(1);
        }
    }
}

/// The shares that fit one answer, in the order in which they are added.
#[derive(Default)]
struct Answer {
    shares: Vec<Share>,
    bytes: usize,
}

impl Answer {
    fn add(&mut self, share: Share) {
        if self.shares.iter().any(|kept| kept.expose() == share.expose()) {
            return;
        }
        // The answer's legacy field repeats the first share.
        let times = if self.shares.is_empty() { 2 } else { 1 };
        self.bytes += times * answer_len(share.expose());
        if self.bytes > MAX_ANSWER_BYTES {
            log::left_out(1);
        } else {
            self.shares.push(share);
        }
    }

    /// Whether it has as many shares as it may, or the last one did not fit any more.
    fn is_full(&self) -> bool {
        self.bytes > MAX_ANSWER_BYTES || self.shares.len() == MAX_SHARES
    }

    fn finish(self) -> Option<Vec<Share>> {
        (!self.shares.is_empty()).then_some(self.shares)
    }
}

/// Bytes that a string takes in a Lambda answer, where it is escaped twice: as JSON in the body, and the body as
/// JSON in the answer.
fn answer_len(text: &str) -> usize {
    let escaped = text.bytes().map(|byte| match byte {
        b'"' | b'\\' => 4,
        0x08 | 0x09 | 0x0a | 0x0c | 0x0d => 3,
        0x00..0x20 => 7,
        _ => 1,
    });
    escaped.sum::<usize>() + br#"\"\","#.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_fetch_chooses_from_the_newest_4096_rows() {
        let mut newest = Newest(BTreeMap::new());
        // Neither the newest nor the oldest comes last.
        let ages = (0..=4096_u64).map(|number| (number * 1000) % 4097);
        ages.for_each(|age| newest.add((age, "same".into()), age));
        assert!(newest.0.into_values().eq((1..=4096).rev()));
    }

    #[test]
    fn an_answer_is_full_when_a_share_did_not_fit_and_not_before() {
        let share = |text: &str| Share::opened(Secret::new(text.into()));
        let mut answer = Answer::default();
        answer.add(share("a"));
        let room = MAX_ANSWER_BYTES - answer.bytes;
        answer.add(share(&"x".repeat(room - answer_len(""))));
        assert_eq!((answer.bytes, answer.is_full()), (MAX_ANSWER_BYTES, false));
        answer.add(share("a"));
        assert!(!answer.is_full(), "a share that is there takes no room");
        answer.add(share("b"));
        assert!(answer.is_full());
        assert_eq!(answer.finish().map(|shares| shares.len()), Some(2));
    }

    #[test]
    fn answer_len_is_what_two_escapes_make() {
        let text: String = (0..=0x7f_u8).map(char::from).chain("é漢😀".chars()).collect();
        let twice = serde_json::to_string(&serde_json::to_string(&text).unwrap()).unwrap();
        assert_eq!(answer_len(&text), twice.len() - r#""""#.len() + ",".len());
    }
}
