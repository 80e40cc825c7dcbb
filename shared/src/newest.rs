//! The search for the newest share that is wanted, among time rows alone.

use futures_util::future::try_join;

use crate::{
    ends::Side,
    error::{Error, Result},
    ids::{ClientId, Method},
    table::{Item, Page, Table, TimeRow, TimesOf},
    wanted::{Fit, Wanted},
    withdrawn::{Next, Withdrawn},
};

/// Most pages that one read evaluates: 16 MB, some hundred thousand rows.
const MAX_PAGES: usize = 16;

/// Rows of the first page where a method or pair is named: nearly every client has no more, and of one who has, the
/// newest are often of the same method. Those that follow are 1 MB.
const FIRST: i32 = 64;

/// One search.
pub struct Newest<'a> {
    table: &'a Table,
    client: &'a ClientId,
    wanted: &'a Wanted,
    pages_left: usize,
    /// Rows of the next page: few first, since one of them nearly always is the one.
    limit: Option<i32>,
}

impl<'a> Newest<'a> {
    pub const fn new(table: &'a Table, client: &'a ClientId, wanted: &'a Wanted) -> Self {
        Self { table, client, wanted, pages_left: MAX_PAGES, limit: None }
    }

    /// The time row of the newest share that is wanted and not withdrawn, if there is one. What is dated after now, which
    /// no function has done, comes after all else.
    pub async fn find(mut self) -> Result<Option<TimeRow>> {
        let (table, client) = (self.table, self.client);
        let (withdrawn, first) = try_join(table.withdrawn(client), self.first_page(None)).await?;
        if first.ahead() == 0 {
            return self.best_from(first, None, &withdrawn).await;
        }
        let horizon = Some(first.horizon());
        let below = self.first_page(horizon).await?;
        match self.best_from(below, horizon, &withdrawn).await? {
            Some(row) => Ok(Some(row)),
            None => self.best_from(first, None, &withdrawn).await,
        }
    }

    /// The newest of the best fit, from this page on.
    async fn best_from(
        &mut self,
        mut page: Page,
        up_to: Option<u64>,
        withdrawn: &Withdrawn,
    ) -> Result<Option<TimeRow>> {
        let mut legacy = None;
        loop {
            for row in page.rows.into_iter().filter(|row| !withdrawn.has(row)) {
                match self.wanted.rank(&row) {
                    Some(Fit::Exact) => return Ok(Some(row)),
                    Some(Fit::Legacy) if legacy.is_none() => legacy = Some(row),
                    Some(Fit::Legacy) | None => {}
                }
            }
            page = match page.next.and_then(|last| withdrawn.past(last, Side::Newest)) {
                None => return Ok(legacy),
                Some(Next::Time(time)) => self.first_page(Some(time)).await?,
                Some(Next::Row(start)) => self.page(up_to, Some(start)).await?,
            };
        }
    }

    /// The first page of a search, or of what is below a span that was withdrawn.
    async fn first_page(&mut self, up_to: Option<u64>) -> Result<Page> {
        self.limit = Some(if self.wanted.is_any() { 1 } else { FIRST });
        self.page(up_to, None).await
    }

    async fn page(&mut self, up_to: Option<u64>, start: Option<Item>) -> Result<Page> {
        let left = self.pages_left.checked_sub(1);
        self.pages_left =
            left.ok_or(Error::TooManyRows("a read evaluates 16 MB of a client's rows and no more"))?;
        let Wanted { method, pair, .. } = self.wanted;
        let method = method.as_ref().map(Method::meaning);
        let which = TimesOf {
            between: up_to.map(|time| [0, time]),
            limit: self.limit,
            method: method.as_ref(),
            pair: pair.as_ref(),
            ..TimesOf::default()
        };
        self.limit = self.limit.filter(|limit| *limit < FIRST).map(|_one| FIRST);
        self.table.times(self.client, which, start).await
    }
}
