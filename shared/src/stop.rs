//! Stops: what an operator holds back of a client's shares, and why (ENVELOPE.md, E19). No clock decides over a stop: it
//! holds from when its row is there until a row that names it lifts it.

use std::fmt;

use aws_lc_rs::rand;

use crate::{
    error::{Error, Result},
    ids::{ClientId, Method, is_lowercase_hex},
    slot::RowDigest,
};

const PARTITION: &str = "stop#";

/// The partition key of a client's stops. No client has it.
pub fn partition(client: &ClientId) -> String {
    format!("{PARTITION}{client}")
}

/// Whose stops lie under a partition key; `None` when no stops do.
pub fn stopped(partition_key: &str) -> Option<ClientId> {
    ClientId::parse(partition_key.strip_prefix(PARTITION)?).ok()
}

/// Id of a stop: 32 lowercase hex digits, drawn at random, so that no two stops are ever one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StopId(String);

impl StopId {
    /// A new one.
    ///
    /// # Errors
    /// [`Error::Internal`] when there are no random numbers.
    pub fn random() -> Result<Self> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(|_| Error::Internal("the random number generator failed"))?;
        Ok(Self(hex::encode(bytes)))
    }

    /// Reads an id; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        is_lowercase_hex(text, 32).then(|| Self(text.into()))
    }

    /// The id, in hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a stop holds back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// All of the client's shares: a freeze.
    Everything,
    /// This share.
    Share(RowDigest),
    /// The shares of a span of times.
    Span(Span),
}

/// The shares that were first sealed from one time to another, both included, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first time.
    pub from: u64,
    /// The last time.
    pub to: u64,
    /// Shares of this method alone, by its meaning; of all methods when there is none.
    pub method: Option<Method>,
}

impl Span {
    /// Whether a time lies in it.
    pub(crate) const fn covers(&self, at: u64) -> bool {
        self.from <= at && at <= self.to
    }
}

/// Who made or lifted a stop, when and why. It is for people: no read depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Who, as they call themselves. CloudTrail has the ARN.
    pub by: String,
    /// When, by the operator's own clock, in milliseconds since 1970.
    pub at: u64,
    /// Why, in the operator's words.
    pub why: String,
}

/// A stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Its id.
    pub id: StopId,
    /// What it holds back.
    pub held: Held,
    /// Who made it, as far as its row says.
    pub made: Option<Made>,
    /// Whether and by whom it was lifted.
    pub lifted: Lifted,
}

/// Whether a stop was lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifted {
    /// It holds.
    No,
    /// It was lifted: by whom, as far as that row says.
    By(Option<Made>),
}

impl Stop {
    /// Whether it holds anything back now.
    pub fn holds(&self) -> bool {
        self.lifted == Lifted::No
    }
}
