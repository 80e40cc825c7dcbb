//! What one half holds of one client: its shares, and what is held back of them.

use std::collections::BTreeMap;

use backup_shares::{
    ids::{ClientId, Method},
    key_ring::KeyRing,
    slot::RowDigest,
    stop::{Held, Stop},
    table::TimeRow,
    withdrawn::Withdrawn,
};

use crate::{
    failed::Failed,
    half::Half,
    row::{Row, Says, Share},
    stops::freezes,
    table::Rows,
};

/// Most shares of one fetch, half newest and half oldest (docs/contract.md, "Webhook (Portal)").
const IN_A_FETCH: usize = 128;

/// What one half holds of one client.
pub struct Wallet {
    /// Which half.
    pub half: Half,
    /// Its shares by their time rows, newest first.
    pub stored: Vec<Stored>,
    /// Shares without a time row: none of them was ever acknowledged.
    pub unacknowledged: Vec<Share>,
    /// How many rows are none of ours.
    pub foreign: usize,
    /// Its stops, lifted ones included.
    pub stops: Vec<Stop>,
}

/// A share that was acknowledged.
pub struct Stored {
    /// Its time row.
    pub time: TimeRow,
    /// What its row says.
    pub says: Option<Says>,
    /// Why it will not open, as far as can be seen without opening it.
    pub problem: Option<String>,
    /// Whether an operator has withdrawn it.
    pub withdrawn: bool,
}

impl Stored {
    /// Its id, as the list has it.
    pub fn id(&self) -> &str {
        self.time.key.as_ref().map_or("", |key| key.digest.as_str())
    }

    /// When it was stored, in milliseconds since 1970.
    pub fn at(&self) -> u64 {
        self.time.key.as_ref().map_or(0, |key| key.at)
    }

    /// Its method, by its meaning.
    pub fn method(&self) -> Option<Method> {
        self.time.slot.as_ref().map(|slot| slot.method.meaning())
    }

    /// Whether a read gives it, but for a freeze.
    pub const fn is_given(&self) -> bool {
        self.problem.is_none() && !self.withdrawn
    }
}

impl Wallet {
    /// Reads a client's rows of one half, and opens nothing.
    ///
    /// # Errors
    /// What AWS refuses, or a stop that can't be read.
    pub async fn read(rows: &Rows, client: &ClientId, keys: Option<&KeyRing>) -> Result<Self, Failed> {
        let stops = rows.all_stops(client).await?;
        let (mut shares, mut times, mut foreign) = (BTreeMap::new(), Vec::new(), 0);
        let see = |item| match Row::read(rows.half, item) {
            Row::Share(share) => _ = shares.insert(share.digest.clone(), share),
            Row::Time(time) => times.push(time),
            Row::Stop | Row::Foreign => foreign += 1,
        };
        rows.of_client(client, see).await?;
        times.sort_by(|one: &TimeRow, other| other.row_key.cmp(&one.row_key));
        let mut wallet =
            Self { half: rows.half, stored: Vec::new(), unacknowledged: Vec::new(), foreign, stops };
        wallet.stored = times.into_iter().map(|time| stored(time, &mut shares, keys)).collect();
        wallet.unacknowledged = shares.into_values().collect();
        wallet.hold_back();
        Ok(wallet)
    }

    /// The freezes that hold.
    pub fn freezes(&self) -> impl Iterator<Item = &Stop> {
        freezes(&self.stops)
    }

    /// What would be withdrawn with these stops besides.
    pub fn with(mut self, stops: impl IntoIterator<Item = Stop>) -> Self {
        self.stops.extend(stops);
        self.hold_back();
        self
    }

    /// Marks what the stops withdraw, whatever is frozen.
    fn hold_back(&mut self) {
        let of_shares = self.stops.iter().filter(|stop| stop.held != Held::Everything).cloned();
        // Only a freeze is an error.
        let withdrawn = Withdrawn::of(of_shares.collect()).unwrap_or_default();
        for stored in &mut self.stored {
            stored.withdrawn = withdrawn.has(&stored.time);
        }
    }

    /// What a recovery gets of this half, a line each; nothing when it gets nothing.
    pub fn given(&self) -> Vec<String> {
        let given: Vec<&Stored> = self.stored.iter().filter(|stored| stored.is_given()).collect();
        let Some(newest) = given.first() else { return Vec::new() };
        if self.half == Half::Custodian {
            let more = given.len().saturating_sub(IN_A_FETCH);
            let left_out = if more > 0 {
                format!("; {more} between the newest and the oldest are left out")
            } else {
                String::new()
            };
            return vec![format!(
                "{} to Portal's fetch, the newest {}{left_out}",
                count(given.len() - more),
                newest.id()
            )];
        }
        let mut lines = vec![format!("without a method: {}", newest.id())];
        let mut methods: Vec<Method> = Vec::new();
        for stored in given {
            let Some(method) = stored.method().filter(|method| !methods.contains(method)) else { continue };
            lines.push(format!("of method {method}: {}", stored.id()));
            methods.push(method);
        }
        lines
    }
}

fn count(shares: usize) -> String {
    if shares == 1 { "1 share".into() } else { format!("{shares} shares") }
}

fn stored(time: TimeRow, shares: &mut BTreeMap<RowDigest, Share>, keys: Option<&KeyRing>) -> Stored {
    let share = time.key.as_ref().and_then(|key| shares.remove(&key.digest));
    let problem = match &share {
        None => Some("its share's row is not there".into()),
        Some(share) => share.problem(keys).or_else(|| share.disagrees(&time).map(Into::into)),
    };
    Stored { time, says: share.and_then(|share| share.says.ok()), problem, withdrawn: false }
}
