//! What callers did and were told: the events of a history.

use std::fmt;

/// Texts that broken clients send in a share's place (docs/contract.md, "Client API", `POST`).
pub const BROKEN: [&str; 4] =
    ["undefined", "null", "[object Object]", "0x52908400098527886E0F7030069857D2E4169EE7"];

/// Which of a wallet's two backup shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    Client,
    Custodian,
}

/// A share and where it belongs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// `UNKNOWN` for one that is sent without a method.
    pub method: String,
    pub pair: Option<String>,
    pub share: String,
}

/// What a caller asks for.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// One share, or both curves' at once.
    Store(Vec<Kept>),
    /// All custodian shares; or all client shares, by the list and the id of each.
    Fetch,
    /// The newest client share, of a method or pair if one is named.
    Get { method: Option<String>, pair: Option<String> },
    /// An operator holds the half back.
    Freeze,
    /// An operator lifts every freeze that is there.
    Thaw,
}

/// What a caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 200: it is stored.
    Stored,
    /// 200: these are the shares, or the one.
    Shares(Vec<String>),
    /// An operator's command is done.
    Done,
    /// 423.
    Frozen,
    /// 404.
    Missing,
    /// 400.
    Refused,
    /// 503, or no answer at all.
    Unknown,
    /// Any other status.
    Wrong(u16),
}

/// One event. `start` and `end` are ticks of one clock that no two of them share: what ends before another starts
/// has happened before it.
#[derive(Clone, PartialEq, Eq)]
pub struct Operation {
    pub client: String,
    pub half: Half,
    pub action: Action,
    pub start: u64,
    pub end: u64,
    pub outcome: Outcome,
}

impl Operation {
    /// What it tries to store.
    pub fn stores(&self) -> &[Kept] {
        if let Action::Store(kept) = &self.action { kept } else { &[] }
    }

    /// Whether it asks for shares.
    pub fn reads(&self) -> bool {
        matches!(self.action, Action::Fetch | Action::Get { .. })
    }

    /// What it was given.
    pub fn shares(&self) -> &[String] {
        if let Outcome::Shares(shares) = &self.outcome { shares } else { &[] }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = self.pair.as_deref().unwrap_or("-");
        write!(f, "{} ({} {pair})", short(&self.share), self.method)
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |name: &Option<String>| name.clone().unwrap_or_else(|| "any".into());
        match self {
            Self::Store(kept) => write!(f, "store {kept:?}"),
            Self::Fetch => f.write_str("fetch"),
            Self::Freeze => f.write_str("freeze"),
            Self::Thaw => f.write_str("thaw"),
            Self::Get { method, pair } => write!(f, "get (method {}, pair {})", named(method), named(pair)),
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, half, action, start, end, outcome } = self;
        write!(f, "{start:>6} to {end:>6}  {client} {half:?}: {action:?} -> ")?;
        match outcome {
            Outcome::Shares(shares) => {
                f.debug_list().entries(shares.iter().map(|share| short(share))).finish()
            }
            other => write!(f, "{other:?}"),
        }
    }
}

/// A share as people tell it from others: its start.
pub fn short(share: &str) -> &str {
    share.split_once(' ').map_or(share, |(name, _)| name)
}
