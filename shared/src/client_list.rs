//! Which client shares there are, without opening one: what an app chooses by when the newest is not the one it needs.

use aws_sdk_dynamodb::Client;
use futures_util::future::try_join;

use crate::{
    auth::User,
    aws, config,
    ends::{Ends, Side},
    environment::ConfigError,
    error::{Error, Result},
    ids::{ClientId, Method, PairId},
    log,
    slot::{Kind, RowDigest},
    table::{Table, TimeRow, TimesOf},
    withdrawn::Withdrawn,
};

/// Most shares on one page (docs/contract.md, "Client API").
pub const PAGE: usize = 100;

/// Rows that a page is made from: one more shows whether another follows.
const ONE_MORE: i32 = 101;
const _: () = assert!(ONE_MORE as usize == PAGE + 1);

/// The list of the client shares of all wallets. Only a [`User`] reads one, and only their own.
pub struct ClientList(Table);

/// A share that is stored.
pub struct Listed {
    /// What it is asked for by.
    pub id: RowDigest,
    /// Its method, by its meaning.
    pub method: Method,
    /// Its pair, where that is known.
    pub pair: Option<PairId>,
    /// When it was first sealed, in milliseconds since 1970.
    pub stored_at: u64,
    /// Whether an operator has withdrawn it, so that it is not given.
    pub withdrawn: bool,
}

/// A page of the list, newest first.
pub struct Page {
    /// The shares on it, [`PAGE`] at most.
    pub shares: Vec<Listed>,
    /// Where the next page goes on, if there are more.
    pub next: Option<RowDigest>,
}

impl ClientList {
    /// The list that the function's environment names: table, credentials and Region. It needs no key.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub async fn from_env() -> Result<Self, ConfigError> {
        let table = config::table_from_env()?;
        Ok(Self::new(aws::dynamodb_from_env().await?, table))
    }

    /// The list of a table's shares.
    pub const fn new(dynamodb: Client, table: String) -> Self {
        Self(Table::new(dynamodb, table, Kind::Client))
    }

    /// The newest half page and the oldest half page, or all that there are; from `before` on, the page of those that
    /// are older.
    ///
    /// # Errors
    /// [`Error::Frozen`] while an operator holds the client back; [`Error::NotFound`] when there is no share `before`; [`Error::Unavailable`] when AWS is.
    pub async fn page(&self, user: &User, before: Option<&RowDigest>) -> Result<Page> {
        match before {
            None => self.both_ends(user.client()).await,
            Some(before) => self.older(user.client(), before).await,
        }
    }

    /// So that nobody buries a share in the list either.
    async fn both_ends(&self, client: &ClientId) -> Result<Page> {
        let (mut ends, withdrawn) = Ends::of_all(&self.0, client).await?;
        let listed = |rows: &[TimeRow]| listed(client, rows, &withdrawn);
        let newest = listed(&ends.take(Side::Newest, PAGE / 2).await?);
        let mut oldest = ends.take(Side::Oldest, PAGE / 2).await?;
        oldest.reverse();
        let ahead = ends.take(Side::Ahead, PAGE - newest.len() - oldest.len()).await?;
        let next = newest.last().filter(|_| ends.has_more()).map(|share| share.id.clone());
        let rest = [listed(&oldest), listed(&ahead)].into_iter().flatten();
        Ok(Page { shares: newest.into_iter().chain(rest).collect(), next })
    }

    async fn older(&self, client: &ClientId, before: &RowDigest) -> Result<Page> {
        let (withdrawn, share) = try_join(self.0.withdrawn(client), self.0.share(client, before)).await?;
        let start = share.ok_or(Error::NotFound)?.map_err(Error::Tampered)?.start();
        let which = TimesOf { limit: Some(ONE_MORE), ..TimesOf::default() };
        let mut rows = self.0.times(client, which, Some(start)).await?.rows;
        let has_more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let shares = listed(client, &rows, &withdrawn);
        let next = shares.last().filter(|_| has_more).map(|share| share.id.clone());
        Ok(Page { shares, next })
    }
}

/// What the rows say. One that can't be read is left out, logged and counted.
fn listed(client: &ClientId, rows: &[TimeRow], withdrawn: &Withdrawn) -> Vec<Listed> {
    let list = |row: &TimeRow| {
        let TimeRow { key: Some(key), slot: Some(slot), .. } = row else {
            log::never_opens(client, &row.row_key, &Error::Tampered("its time row can't be read"));
            return None;
        };
        let (method, pair) = (slot.method.clone(), slot.pair.clone());
        Some(Listed {
            id: key.digest.clone(),
            method,
            pair,
            stored_at: key.at,
            withdrawn: withdrawn.has(row),
        })
    };
    rows.iter().filter_map(list).collect()
}
