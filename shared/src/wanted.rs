//! Which of a user's shares is asked for (docs/contract.md, "Client API", `GET`).

use crate::{
    ids::{Method, PairId},
    slot::{RowDigest, Slot},
    table::TimeRow,
};

/// Which of a user's shares is asked for. With nothing named: the newest.
#[derive(Debug, Default)]
pub struct Wanted {
    /// This share and no other: an `id` of the list.
    pub id: Option<RowDigest>,
    /// Shares of this method, however it is spelt, else those of method `UNKNOWN`; never another method's.
    pub method: Option<Method>,
    /// Shares of this pair and no other.
    pub pair: Option<PairId>,
}

impl Wanted {
    /// Whether any share will do.
    pub(crate) const fn is_any(&self) -> bool {
        self.method.is_none() && self.pair.is_none()
    }

    /// How well a row fits, `None` if it doesn't (docs/contract.md, "Client API", `GET`). One that doesn't say where its
    /// share belongs might be the very one.
    pub(crate) fn rank(&self, row: &TimeRow) -> Option<Fit> {
        row.slot.as_ref().map_or(Some(Fit::Exact), |slot| self.fit(slot))
    }

    pub(crate) fn fit(&self, slot: &Slot) -> Option<Fit> {
        if self.pair.is_some() && self.pair != slot.pair {
            return None;
        }
        match &self.method {
            Some(method) if method.meaning() == slot.method.meaning() => Some(Fit::Exact),
            Some(_) => slot.method.is_unknown().then_some(Fit::Legacy),
            None => Some(Fit::Exact),
        }
    }
}

/// The better fit is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// The share came without a method, from an old version.
    Legacy,
    /// What was asked for.
    Exact,
}
