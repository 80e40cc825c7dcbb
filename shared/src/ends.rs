//! A client's time rows, taken from both ends: the newest and the oldest.

use std::collections::VecDeque;

use futures_util::future::try_join;

use crate::{
    error::{Error, Result},
    ids::ClientId,
    row_key::TimeKey,
    table::{Page, Table, TimeRow, TimesOf},
    withdrawn::{Next, Withdrawn},
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
    /// What is passed over.
    withdrawn: Withdrawn,
    /// The newest time that is not after now.
    horizon: u64,
}

/// One end.
#[derive(Default)]
struct End {
    rows: VecDeque<TimeRow>,
    /// Where what was not read yet begins, if there is any.
    next: Option<Next>,
    looked_at: usize,
    /// The sort key of the row that was last taken.
    last: Option<String>,
}

impl End {
    /// Takes a page's rows but for those that are withdrawn.
    fn add(&mut self, page: Page, side: Side, withdrawn: &Withdrawn) {
        self.next = page.next.and_then(|last| withdrawn.past(last, side));
        let (passed, rows): (Vec<_>, Vec<_>) = page.rows.into_iter().partition(|row| withdrawn.has(row));
        self.looked_at += passed.len();
        self.rows = rows.into();
    }

    /// The key at which what was not taken begins, or the last that was taken.
    fn edge(&self, side: Side) -> Option<String> {
        match (self.rows.front(), &self.next) {
            (Some(row), _) => Some(row.row_key.clone()),
            (None, Some(Next::Time(time))) if side == Side::Oldest => Some(TimeKey::start_of(*time)),
            (None, Some(Next::Time(time))) => Some(TimeKey::end_of(*time)),
            (None, _) => self.last.clone(),
        }
    }
}

impl<'a> Ends<'a> {
    /// Those that are not withdrawn. Reads what is enough for nearly every client.
    ///
    /// # Errors
    /// [`Error::Frozen`] when nothing may be given.
    pub async fn of_what_is_given(table: &'a Table, client: &'a ClientId) -> Result<Self> {
        let (withdrawn, first) = try_join(table.withdrawn(client), first_page(table, client)).await?;
        Self::start(table, client, first, withdrawn).await
    }

    /// All, and which of them are withdrawn.
    ///
    /// # Errors
    /// [`Error::Frozen`] when nothing may be told.
    pub async fn of_all(table: &'a Table, client: &'a ClientId) -> Result<(Self, Withdrawn)> {
        let (withdrawn, first) = try_join(table.withdrawn(client), first_page(table, client)).await?;
        Ok((Self::start(table, client, first, Withdrawn::default()).await?, withdrawn))
    }

    async fn start(
        table: &'a Table,
        client: &'a ClientId,
        mut first: Page,
        withdrawn: Withdrawn,
    ) -> Result<Self> {
        let (horizon, count) = (first.horizon(), first.ahead());
        let ahead: VecDeque<_> = first.rows.drain(..count).filter(|row| !withdrawn.has(row)).collect();
        if count > 0 {
            let below = TimesOf { between: Some([0, horizon]), limit: Some(PAGE), ..TimesOf::default() };
            first = table.times(client, below, None).await?;
        }
        let (newest, oldest) = Default::default();
        let mut ends = Self { table, client, newest, oldest, ahead, withdrawn, horizon };
        ends.newest.add(first, Side::Newest, &ends.withdrawn);
        if ends.newest.next.is_some() {
            let page = ends.page(Side::Oldest, None).await?;
            ends.oldest.add(page, Side::Oldest, &ends.withdrawn);
        }
        Ok(ends)
    }

    /// Whether there are rows that were not taken, as far as that is known.
    pub fn has_more(&self) -> bool {
        let oldest = if self.oldest.rows.is_empty() {
            self.oldest.edge(Side::Oldest)
        } else {
            self.oldest.last.clone()
        };
        let is_between = match (self.newest.edge(Side::Newest), oldest) {
            (Some(newest), Some(oldest)) => newest > oldest,
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
        while self.end(side).rows.is_empty() {
            let Some(next) = self.end(side).next.take() else { break };
            if self.end(side).looked_at >= MAX_LOOKED_AT {
                return Err(Error::TooManyRows(
                    "of the 1024 rows at an end of a client's shares too few open to make an answer",
                ));
            }
            let page = self.page(side, Some(next)).await?;
            match side {
                Side::Newest => self.newest.add(page, side, &self.withdrawn),
                Side::Oldest | Side::Ahead => self.oldest.add(page, side, &self.withdrawn),
            }
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

    async fn page(&self, side: Side, next: Option<Next>) -> Result<Page> {
        let (start, time) = match next {
            Some(Next::Row(row)) => (Some(row), None),
            Some(Next::Time(time)) => (None, Some(time)),
            None => (None, None),
        };
        let oldest_first = side == Side::Oldest;
        let between = match time {
            Some(first) if oldest_first => [first, self.horizon.max(first)],
            Some(last) => [0, last],
            None => [0, self.horizon],
        };
        let which =
            TimesOf { oldest_first, between: Some(between), limit: Some(PAGE / 2), ..TimesOf::default() };
        self.table.times(self.client, which, start).await
    }
}

async fn first_page(table: &Table, client: &ClientId) -> Result<Page> {
    table.times(client, TimesOf { limit: Some(PAGE), ..TimesOf::default() }, None).await
}
