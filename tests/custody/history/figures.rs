//! What a run has tried, for the record.

use std::{fmt, ops::AddAssign};

use super::operation::{BROKEN, Operation, Outcome};

/// Counts over a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub requests: usize,
    pub acknowledged: usize,
    /// Acknowledged stores that another store for the same half of the same client overlapped.
    pub concurrent: usize,
    pub shares_read: usize,
    pub garbage_refused: usize,
    pub unknown: usize,
}

impl Figures {
    pub fn of(history: &[Operation]) -> Self {
        let mut figures = Self { requests: history.len(), ..Self::default() };
        for operation in history {
            figures.shares_read += operation.shares().len();
            match operation.outcome {
                Outcome::Stored => {
                    figures.acknowledged += 1;
                    figures.concurrent += usize::from(history.iter().any(|other| overlap(operation, other)));
                }
                Outcome::Refused => {
                    let garbage = operation.stores().iter().any(|kept| BROKEN.contains(&kept.share.as_str()));
                    figures.garbage_refused += usize::from(garbage);
                }
                Outcome::Unknown => figures.unknown += 1,
                _ => {}
            }
        }
        figures
    }
}

fn overlap(one: &Operation, other: &Operation) -> bool {
    one.client == other.client
        && one.half == other.half
        && one.start != other.start
        && !other.stores().is_empty()
        && one.start < other.end
        && other.start < one.end
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.acknowledged += other.acknowledged;
        self.concurrent += other.concurrent;
        self.shares_read += other.shares_read;
        self.garbage_refused += other.garbage_refused;
        self.unknown += other.unknown;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, acknowledged, concurrent, shares_read, garbage_refused, unknown } = self;
        write!(
            f,
            "{requests} requests: {acknowledged} stores acknowledged, {concurrent} of them beside another for the same \
             client; {shares_read} shares read; {garbage_refused} stores of garbage refused; {unknown} without an answer"
        )
    }
}
