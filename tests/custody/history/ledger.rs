//! What the answers tell of the rows of one half of one client.

use std::collections::BTreeMap;

use super::{
    first::room,
    operation::{Kept, Operation, Outcome},
};

/// A share in its slot.
pub struct Row<'a> {
    pub kept: &'a Kept,
    /// When each store of it that may have happened started and ended.
    stores: Vec<(u64, u64)>,
    /// Bytes that it takes in an answer.
    pub room: usize,
    /// From when on it is certainly there.
    pub there: u64,
}

impl Row<'_> {
    pub fn may_be_there(&self, before: u64) -> bool {
        self.stores.iter().any(|(start, _)| *start < before)
    }

    /// Between which ticks it was sealed: after its first store started; before it was certainly there, and before the
    /// last store ended that may have put it there.
    pub fn sealed(&self) -> (u64, u64) {
        let started = self.stores.iter().map(|(start, _)| *start).min();
        let ended = self.stores.iter().filter(|(start, _)| *start < self.there).map(|(_, end)| *end).max();
        (started.unwrap_or(0), ended.unwrap_or(u64::MAX).min(self.there))
    }
}

/// The rows that may be there, and the shares that are.
pub struct Ledger<'a> {
    pub rows: Vec<Row<'a>>,
    /// From when on each share is certainly there, under whichever method and pair.
    pub there: BTreeMap<&'a str, u64>,
}

impl<'a> Ledger<'a> {
    pub fn new(operations: &[&'a Operation]) -> Self {
        let mut rows: BTreeMap<&Kept, Row> = BTreeMap::new();
        let mut there: BTreeMap<&str, u64> = BTreeMap::new();
        let mut known = |share, at: u64| {
            let first = there.entry(share).or_insert(at);
            *first = at.min(*first);
        };
        for operation in operations.iter().filter(|operation| operation.outcome != Outcome::Refused) {
            for kept in operation.stores() {
                let row = rows.entry(kept).or_insert_with(|| Row {
                    kept,
                    stores: Vec::new(),
                    room: room(&kept.share),
                    there: u64::MAX,
                });
                row.stores.push((operation.start, operation.end));
                if operation.outcome == Outcome::Stored {
                    row.there = row.there.min(operation.end);
                    known(&kept.share, operation.end);
                }
            }
            operation.shares().iter().for_each(|share| known(share, operation.end));
        }
        let mut ledger = Self { rows: rows.into_values().collect(), there };
        ledger.learn_from_reads();
        ledger
    }

    /// A share that only one row can bear proves that row when it is read.
    fn learn_from_reads(&mut self) {
        for index in 0..self.rows.len() {
            let share = self.rows[index].kept.share.as_str();
            if self.only_row_of(share) == Some(index) {
                self.rows[index].there = self.there.get(share).copied().unwrap_or(u64::MAX);
            }
        }
    }

    /// The rows that bear a share.
    pub fn rows_of(&self, share: &str) -> impl Iterator<Item = (usize, &Row<'a>)> {
        self.rows.iter().enumerate().filter(move |(_, row)| row.kept.share == share)
    }

    /// The one row that bears a share, by its index: what is read of such a share tells of that row.
    pub fn only_row_of(&self, share: &str) -> Option<usize> {
        let mut rows = self.rows_of(share).map(|(index, _)| index);
        let first = rows.next();
        if rows.next().is_none() { first } else { None }
    }
}
