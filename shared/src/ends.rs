//! A client's time rows, taken from both ends: the newest and the oldest.

use std::collections::VecDeque;

use crate::{
    error::{Error, Result},
    ids::ClientId,
    table::{Item, Page, Table, TimeRow, TimesOf},
};

/// The rows that one call reads: as many as an answer has shares.
const PAGE: i32 = 128;

/// Most rows that are looked at from each end.
const MAX_LOOKED_AT: usize = 1024;

/// From which end rows are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
    /// What is dated after now, which no function has done, the newest first.
    Ahead,
}

/// Both ends, which meet if enough is taken.
pub struct Ends<'a> {
    table: &'a Table,
    client: &'a ClientId,
    newest: End,
    oldest: End,
    ahead: VecDeque<TimeRow>,
    /// The newest time that is not after now.
    horizon: u64,
}

/// One end.
#[derive(Default)]
struct End {
    rows: VecDeque<TimeRow>,
    next: Option<Item>,
    looked_at: usize,
    /// The sort key of the row that was last taken.
    last: Option<String>,
}

impl End {
    fn of(page: Page) -> Self {
        Self { rows: page.rows.into(), next: page.next, ..Self::default() }
    }
}

impl<'a> Ends<'a> {
    /// Reads what is enough for nearly every client.
    pub async fn new(table: &'a Table, client: &'a ClientId) -> Result<Self> {
        let newest = TimesOf { limit: Some(PAGE), ..TimesOf::default() };
        let mut first = table.times(client, newest, None).await?;
        let (horizon, count) = (first.horizon(), first.ahead());
        let ahead: VecDeque<_> = first.rows.drain(..count).collect();
        if !ahead.is_empty() {
            first = table.times(client, TimesOf { up_to: Some(horizon), ..newest }, None).await?;
        }
        let mut ends = Self { table, client, newest: End::of(first), oldest: End::default(), ahead, horizon };
        if ends.newest.next.is_some() {
            ends.oldest = End::of(ends.page(Side::Oldest, None).await?);
        }
        Ok(ends)
    }

    /// Whether there are rows that were not taken, as far as that is known.
    pub fn has_more(&self) -> bool {
        let next = self.newest.rows.front().map(|row| &row.row_key).or(self.newest.last.as_ref());
        let is_between = match (next, &self.oldest.last) {
            (Some(next), Some(oldest)) => next > oldest,
            _ => true,
        };
        let is_left = !self.newest.rows.is_empty() || self.newest.next.is_some();
        !self.ahead.is_empty() || is_left && is_between
    }

    /// The next rows from a side, so many at most; none when the ends have met.
    pub async fn take(&mut self, side: Side, count: usize) -> Result<Vec<TimeRow>> {
        let mut taken = Vec::new();
        while taken.len() < count {
            match self.next(side).await? {
                Some(row) => taken.push(row),
                None => break,
            }
        }
        Ok(taken)
    }

    async fn next(&mut self, side: Side) -> Result<Option<TimeRow>> {
        let is_whole =
            self.newest.next.is_none() && self.oldest.last.is_none() && self.oldest.rows.is_empty();
        match side {
            Side::Ahead => Ok(self.ahead.pop_front()),
            // All that there is is known: the two ends are those of one list.
            Side::Oldest if is_whole => Ok(self.newest.rows.pop_back()),
            Side::Newest | Side::Oldest => self.next_of(side).await,
        }
    }

    async fn next_of(&mut self, side: Side) -> Result<Option<TimeRow>> {
        let end = if side == Side::Newest { &self.newest } else { &self.oldest };
        if end.rows.is_empty() && end.next.is_some() {
            if end.looked_at >= MAX_LOOKED_AT {
                return Err(Error::TooManyRows(
                    "of the 1024 rows at an end of a client's shares too few open to make an answer",
                ));
            }
            let page = self.page(side, end.next.clone()).await?;
            let end = self.end(side);
            (end.rows, end.next) = (page.rows.into(), page.next);
        }
        let other = if side == Side::Newest { &self.oldest } else { &self.newest }.last.clone();
        let end = self.end(side);
        let Some(row) = end.rows.pop_front() else { return Ok(None) };
        let met = other.is_some_and(|other| match side {
            Side::Newest => row.row_key <= other,
            _ => row.row_key >= other,
        });
        if met {
            (end.rows, end.next) = (VecDeque::new(), None);
            return Ok(None);
        }
        end.looked_at += 1;
        end.last = Some(row.row_key.clone());
        Ok(Some(row))
    }

    fn end(&mut self, side: Side) -> &mut End {
        if side == Side::Newest { &mut self.newest } else { &mut self.oldest }
    }

    async fn page(&self, side: Side, start: Option<Item>) -> Result<Page> {
        let which = TimesOf {
            oldest_first: side == Side::Oldest,
            up_to: Some(self.horizon),
            limit: Some(PAGE / 2),
            ..TimesOf::default()
        };
        self.table.times(self.client, which, start).await
    }
}
