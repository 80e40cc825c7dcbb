//! What must hold of every history: a pure function over what callers did and were told.
//!
//! A store that was answered 503, or not at all, may have happened, even a moment later. All else is certain: what was
//! acknowledged, or was read once, is in every read that starts after that.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    first::{MAX_SHARES, first, is_full},
    ledger::{Ledger, Row},
    operation::{Action, BROKEN, Half, Kept, Operation, Outcome, short},
    order::Order,
};

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A share that was acknowledged, or read, is in every later read that asks for it.
    NothingIsLost,
    /// A client's first 64 custodian shares are in every later fetch, as far as they fit into half of an answer. (At up to
    /// 32 KB each, all 64 do.) No number of later stores hides one.
    TheFirstStay,
    /// A read gives nothing that was not stored for that client before.
    NothingIsInvented,
    /// A read gives nothing that was stored for other clients alone.
    ClientsStayApart,
    /// A fetch gives each distinct share once, and at most 128.
    EachShareOnce,
    /// What broken clients send in a share's place is refused, and never given.
    GarbageIsRefused,
    /// A read gives a share of the method and pair that it asks for, and of the better fit if there is one.
    TheOneAskedFor,
    /// One order of sealing explains all answers: newer shares come first, and the newest never goes back, whatever is
    /// repeated. (Shares that stand in several slots are left out of this: an answer doesn't tell which row it shows.)
    NewestFirst,
    /// A frozen client's shares are in no answer that began after the freeze was acknowledged; and nobody is told that a
    /// client is frozen who is not.
    AFreezeHolds,
    /// No answer but those of the contract.
    OnlyKnownAnswers,
}

/// A promise that was not kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    pub rule: Rule,
    pub client: String,
    pub half: Half,
    /// What went wrong, in one line.
    pub what: String,
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is broken for {} ({:?}): {}", self.rule, self.client, self.half, self.what)
    }
}

/// For whom each share was stored.
type Owners<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Everything that is wrong with a history.
pub fn violations(history: &[Operation]) -> Vec<Violation> {
    let mut halves: BTreeMap<(&str, Half), Vec<&Operation>> = BTreeMap::new();
    let mut owners = Owners::new();
    for operation in history {
        halves.entry((&operation.client, operation.half)).or_default().push(operation);
        for kept in operation.stores() {
            owners.entry(&kept.share).or_default().insert(&operation.client);
        }
    }
    halves.values().flat_map(|operations| Check::new(operations, &owners).run(operations)).collect()
}

/// How well a share fits what a `GET` asks for: 2 for the very thing, 1 for one of an old version in its place, 0 for
/// no fit.
fn fit(wanted: &Action, kept: &Kept) -> u8 {
    let Action::Get { method, pair } = wanted else { return 0 };
    match method {
        _ if pair.is_some() && *pair != kept.pair => 0,
        None => 2,
        Some(method) if *method == kept.method => 2,
        Some(_) => u8::from(kept.method == "UNKNOWN"),
    }
}

/// The check of one half of one client.
struct Check<'a> {
    client: &'a str,
    half: Half,
    owners: &'a Owners<'a>,
    ledger: Ledger<'a>,
    /// The rows that no number of later ones hides, by their indices.
    first: Vec<usize>,
    order: Order,
    violations: Vec<Violation>,
    freezes: Freezes,
}

/// When a half of a client was frozen and thawed: from the start to the end of each command.
struct Freezes {
    freezes: Vec<(u64, u64)>,
    thaws: Vec<(u64, u64)>,
}

impl Freezes {
    fn of(operations: &[&Operation]) -> Self {
        let of = |action: &Action| {
            let same = operations.iter().filter(|operation| operation.action == *action);
            same.map(|operation| (operation.start, operation.end)).collect()
        };
        Self { freezes: of(&Action::Freeze), thaws: of(&Action::Thaw) }
    }

    /// Whether a freeze certainly held all through a read.
    fn held(&self, read: &Operation) -> bool {
        let may_lift = |freeze: u64| self.thaws.iter().any(|(start, end)| *end > freeze && *start < read.end);
        self.freezes.iter().any(|(start, end)| *end < read.start && !may_lift(*start))
    }

    /// Whether one may have held at some moment of it.
    fn may_hold(&self, read: &Operation) -> bool {
        let lifted = |freeze: u64| self.thaws.iter().any(|(start, end)| *start > freeze && *end < read.start);
        self.freezes.iter().any(|(start, end)| *start < read.end && !lifted(*end))
    }
}

impl<'a> Check<'a> {
    fn new(operations: &[&'a Operation], owners: &'a Owners<'a>) -> Self {
        let ledger = Ledger::new(operations);
        let order = Order::new(ledger.rows.iter().map(Row::sealed).collect());
        let Operation { client, half, .. } = operations[0];
        let first = first(&ledger.rows);
        Self {
            client,
            half: *half,
            owners,
            ledger,
            first,
            order,
            violations: Vec::new(),
            freezes: Freezes::of(operations),
        }
    }

    fn run(mut self, operations: &[&'a Operation]) -> Vec<Violation> {
        for operation in operations {
            self.check_source(operation);
            self.check_freeze(operation);
            match (&operation.action, &operation.outcome) {
                (_, Outcome::Unknown | Outcome::Frozen) | (Action::Freeze | Action::Thaw, Outcome::Done) => {}
                (Action::Store(kept), outcome) => self.check_store(kept, outcome),
                (Action::Fetch, Outcome::Shares(shares)) => self.check_fetch(operation, shares),
                (Action::Get { .. }, Outcome::Shares(shares)) => self.check_get(operation, &shares[0]),
                (Action::Fetch, Outcome::Missing) => self.check_fetch(operation, &[]),
                (Action::Get { .. }, Outcome::Missing) => self.check_missing(operation),
                (_, outcome) => {
                    self.broken(Rule::OnlyKnownAnswers, format!("a read was answered {outcome:?}"));
                }
            }
        }
        if let Some((one, other)) = self.order.contradiction() {
            let (one, other) = (self.ledger.rows[one].kept, self.ledger.rows[other].kept);
            self.broken(Rule::NewestFirst, format!("{one:?} is both before and after {other:?}"));
        }
        self.violations
    }

    fn broken(&mut self, rule: Rule, what: String) {
        self.violations.push(Violation { rule, client: self.client.into(), half: self.half, what });
    }

    fn check_freeze(&mut self, read: &Operation) {
        match read.outcome {
            Outcome::Shares(_) | Outcome::Missing if self.freezes.held(read) => {
                self.broken(Rule::AFreezeHolds, format!("{read:?}, while the client was frozen"));
            }
            Outcome::Frozen if !read.reads() || !self.freezes.may_hold(read) => {
                self.broken(Rule::AFreezeHolds, format!("{read:?}, and nobody froze the client"));
            }
            _ => {}
        }
    }

    fn check_store(&mut self, kept: &[Kept], outcome: &Outcome) {
        let garbage = kept.iter().any(|kept| BROKEN.contains(&kept.share.as_str()));
        match outcome {
            Outcome::Refused if garbage => {}
            Outcome::Stored if garbage => {
                self.broken(Rule::GarbageIsRefused, format!("{kept:?} was acknowledged"));
            }
            Outcome::Stored => {}
            outcome => {
                self.broken(Rule::OnlyKnownAnswers, format!("storing {kept:?} was answered {outcome:?}"));
            }
        }
    }

    /// Everything that is given has a store that it can come from.
    fn check_source(&mut self, read: &Operation) {
        for share in read.shares() {
            let stored = self.ledger.rows_of(share).any(|(_, row)| row.may_be_there(read.end));
            let others = self.owners.get(share.as_str()).is_some_and(|owners| !owners.contains(self.client));
            if BROKEN.contains(&share.as_str()) {
                self.broken(Rule::GarbageIsRefused, format!("{share:?} was given"));
            } else if !stored {
                let rule = if others { Rule::ClientsStayApart } else { Rule::NothingIsInvented };
                self.broken(rule, format!("{} was given and not stored for this client", short(share)));
            }
        }
    }

    fn check_fetch(&mut self, fetch: &Operation, shares: &[String]) {
        let distinct: BTreeSet<&str> = shares.iter().map(String::as_str).collect();
        if distinct.len() < shares.len() || shares.len() > MAX_SHARES {
            let (all, distinct) = (shares.len(), distinct.len());
            self.broken(
                Rule::EachShareOnce,
                format!("{all} shares in one answer, {distinct} of them distinct"),
            );
        }
        let mut given: Vec<usize> =
            shares.iter().filter_map(|share| self.ledger.only_row_of(share)).collect();
        given.dedup();
        for pair in given.windows(2) {
            self.order.add(pair[1], pair[0]);
        }
        let known = self.ledger.there.iter().filter(|(_, there)| **there < fetch.start);
        let missing: Vec<&str> =
            known.map(|(share, _)| *share).filter(|share| !distinct.contains(share)).collect();
        let is_full = !missing.is_empty() && is_full(shares, &self.ledger);
        for share in missing {
            if !is_full {
                self.broken(Rule::NothingIsLost, format!("a fetch leaves {} out", short(share)));
            } else if self.is_first(share, fetch) {
                self.broken(Rule::TheFirstStay, format!("later stores hide {}", short(share)));
            } else if let [[.., newest], [oldest, ..]] = shares.as_chunks::<{ MAX_SHARES / 2 }>().0 {
                // Of more than there is room for, the newest half and the oldest half are given.
                let rows = [newest, share, oldest];
                if let [Some(above), Some(missing), Some(below)] =
                    rows.map(|share| self.ledger.only_row_of(share))
                {
                    self.order.add(missing, above);
                    self.order.add(below, missing);
                }
            }
        }
    }

    /// Whether a share was certainly there before a fetch, and among the first.
    fn is_first(&self, share: &str, fetch: &Operation) -> bool {
        let mut rows = self.ledger.rows_of(share);
        rows.any(|(index, row)| row.there < fetch.start && self.first.contains(&index))
    }

    fn check_get(&mut self, get: &Operation, share: &str) {
        let possible = self.ledger.rows_of(share).filter(|(_, row)| row.may_be_there(get.end));
        // What no store explains is another rule's.
        let Some(own) = possible.map(|(_, row)| fit(&get.action, row.kept)).max() else { return };
        let known = |(_, row): &(usize, &Row)| row.there < get.start && row.kept.share != share;
        let rivals = self.ledger.rows.iter().enumerate().filter(known);
        let rivals: Vec<(usize, u8)> =
            rivals.map(|(index, row)| (index, fit(&get.action, row.kept))).collect();
        if own == 0 || rivals.iter().any(|(_, better)| *better > own) {
            self.broken(Rule::TheOneAskedFor, format!("{} answers {:?}", short(share), get.action));
        }
        if let Some(newest) = self.ledger.only_row_of(share) {
            rivals
                .iter()
                .filter(|(_, equal)| *equal == own)
                .for_each(|(older, _)| self.order.add(*older, newest));
        }
    }

    fn check_missing(&mut self, read: &Operation) {
        let fits = |row: &&Row| row.there < read.start && fit(&read.action, row.kept) > 0;
        if let Some(row) = self.ledger.rows.iter().find(fits) {
            let what =
                format!("{:?} is answered that there is none, but there is {:?}", read.action, row.kept);
            self.broken(Rule::NothingIsLost, what);
        }
    }
}
