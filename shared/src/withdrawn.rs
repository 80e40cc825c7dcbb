//! What a read passes over: shares that an operator has withdrawn.

use std::collections::BTreeSet;

use crate::{
    ends::Side,
    error::{Error, Result},
    ids::Method,
    row_key::{LATEST, TimeKey},
    slot::RowDigest,
    stop::{Held, Span, Stop},
    table::{Item, SORT_KEY, ShareRow, TimeRow, text},
};

/// What is withdrawn of a client. To have one is to know that the client is not frozen.
#[derive(Debug, Default)]
pub struct Withdrawn {
    shares: BTreeSet<RowDigest>,
    spans: Vec<Span>,
}

/// Where the next page starts.
pub(crate) enum Next {
    /// After this row.
    Row(Item),
    /// At this time, that time included.
    Time(u64),
}

impl Withdrawn {
    /// What a client's stops hold back.
    ///
    /// # Errors
    /// [`Error::Frozen`] when that is everything.
    pub fn of(stops: Vec<Stop>) -> Result<Self> {
        let mut withdrawn = Self::default();
        for stop in stops.into_iter().filter(Stop::holds) {
            match stop.held {
                Held::Everything => return Err(Error::Frozen),
                Held::Share(digest) => _ = withdrawn.shares.insert(digest),
                Held::Span(span) => withdrawn.spans.push(span),
            }
        }
        Ok(withdrawn)
    }

    /// Whether the share of a time row is withdrawn. Of a row that says no method it is not known whether it is of the one
    /// that a span names: such a row stays.
    pub fn has(&self, row: &TimeRow) -> bool {
        let method = row.slot.as_ref().map(|slot| &slot.method);
        row.key.as_ref().is_some_and(|key| self.holds(&key.digest, key.at, method))
    }

    /// Whether a share is withdrawn.
    pub fn has_share(&self, row: &ShareRow) -> bool {
        self.holds(&row.digest, row.at, Some(&row.slot.method))
    }

    /// Where a page goes on after the row that the last one ended at. A withdrawn span is stepped over by key, however many
    /// rows it has. `None` when nothing is there.
    pub(crate) fn past(&self, last: Item, side: Side) -> Option<Next> {
        let key = text(&last, SORT_KEY).and_then(TimeKey::parse);
        let around =
            |key: TimeKey| self.spans.iter().find(|span| span.method.is_none() && span.covers(key.at));
        let Some(span) = key.and_then(around) else { return Some(Next::Row(last)) };
        let time = match side {
            Side::Oldest => span.to.checked_add(1).filter(|time| *time <= LATEST),
            Side::Newest | Side::Ahead => span.from.checked_sub(1),
        };
        time.map(Next::Time)
    }

    fn holds(&self, digest: &RowDigest, at: u64, method: Option<&Method>) -> bool {
        let is_of = |span: &Span| {
            let named = span.method.as_ref().map(Method::meaning);
            span.covers(at) && (named.is_none() || named == method.map(Method::meaning))
        };
        self.shares.contains(digest) || self.spans.iter().any(is_of)
    }
}
