//! The search for the newest share that is wanted, among time rows alone.

use crate::{
    error::{Error, Result},
    ids::{ClientId, Method},
    table::{Page, Table, TimeRow, TimesOf},
    wanted::{Fit, Wanted},
};

/// Most pages that one read evaluates: 16 MB, some hundred thousand rows.
const MAX_PAGES: usize = 16;

/// Rows of the first page where a method or pair is named. Those that follow are 1 MB.
const FIRST: i32 = 64;

/// One search.
pub struct Newest<'a> {
    table: &'a Table,
    client: &'a ClientId,
    wanted: &'a Wanted,
    pages_left: usize,
}

impl<'a> Newest<'a> {
    pub const fn new(table: &'a Table, client: &'a ClientId, wanted: &'a Wanted) -> Self {
        Self { table, client, wanted, pages_left: MAX_PAGES }
    }

    /// The time row of the newest share that is wanted, if there is one. What is dated after now, which no function has
    /// done, comes after all else.
    pub async fn find(mut self) -> Result<Option<TimeRow>> {
        let first = self.page(None, None).await?;
        if first.ahead() == 0 {
            return self.best_from(first, None).await;
        }
        let horizon = Some(first.horizon());
        let below = self.page(horizon, None).await?;
        match self.best_from(below, horizon).await? {
            Some(row) => Ok(Some(row)),
            None => self.best_from(first, None).await,
        }
    }

    /// The newest of the best fit, from this page on.
    async fn best_from(&mut self, mut page: Page, up_to: Option<u64>) -> Result<Option<TimeRow>> {
        let mut legacy = None;
        loop {
            for row in page.rows {
                match self.wanted.rank(&row) {
                    Some(Fit::Exact) => return Ok(Some(row)),
                    Some(Fit::Legacy) if legacy.is_none() => legacy = Some(row),
                    Some(Fit::Legacy) | None => {}
                }
            }
            let Some(start) = page.next else { return Ok(legacy) };
            page = self.page(up_to, Some(start)).await?;
        }
    }

    async fn page(&mut self, up_to: Option<u64>, start: Option<crate::table::Item>) -> Result<Page> {
        let left = self.pages_left.checked_sub(1);
        self.pages_left =
            left.ok_or(Error::TooManyRows("a read evaluates 16 MB of a client's rows and no more"))?;
        let Wanted { method, pair, .. } = self.wanted;
        let method = method.as_ref().map(Method::meaning);
        let limit = match start {
            _ if self.wanted.is_any() => Some(1),
            // Nearly every client has no more. Of one who has, the newest are often of the same method.
            None => Some(FIRST),
            Some(_) => None,
        };
        let which =
            TimesOf { up_to, limit, method: method.as_ref(), pair: pair.as_ref(), ..TimesOf::default() };
        self.table.times(self.client, which, start).await
    }
}
