//! The calls to a table. A row is inserted once, never changed, never removed; it is read by its key, or in the order of
//! time.

mod batch;
mod row;
mod stops;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{
        execute_statement::ExecuteStatementError,
        query::{QueryOutput, builders::QueryFluentBuilder},
    },
    types::AttributeValue,
};

use self::row::{METHOD, PAIR, Values};
pub use self::{
    batch::Found,
    row::{Item, PARTITION_KEY, SORT_KEY, ShareRow, TimeRow, text},
    stops::read as read_stops,
};
use crate::{
    clock::HORIZON,
    date::Date,
    error::{AwsFailure, Error, Result},
    ids::{ClientId, Method, PairId},
    log,
    row_key::{TIMES, TimeKey, share_key},
    slot::{Kind, RowDigest, Slot},
    stop::{Made, Stop, partition},
    withdrawn::Withdrawn,
};

/// Most pages of stops that a read takes: 16 MB, some fifty thousand.
const MAX_STOP_PAGES: usize = 16;

/// The one table of one half.
pub struct Table {
    client: Client,
    name: String,
    kind: Kind,
}

/// Which of a client's time rows are asked for.
#[derive(Clone, Copy, Default)]
pub struct TimesOf<'a> {
    /// The oldest first, and not the newest.
    pub oldest_first: bool,
    /// From this time to that one alone, in milliseconds since 1970.
    pub between: Option<[u64; 2]>,
    /// So many at most.
    pub limit: Option<i32>,
    /// Of this method or of [`Method::unknown`], as far as a row says.
    pub method: Option<&'a Method>,
    /// Of this pair, as far as a row says.
    pub pair: Option<&'a PairId>,
}

/// Time rows in the order that they were asked for.
pub struct Page {
    /// What was asked for, among at most 1 MB of rows.
    pub rows: Vec<TimeRow>,
    /// Where the next page starts, if there may be one.
    pub next: Option<Item>,
    /// When DynamoDB answered, by its clock, in milliseconds since 1970.
    pub date: u64,
}

impl Page {
    /// The latest time that a function can have stored a share at, when this page was read.
    pub const fn horizon(&self) -> u64 {
        self.date + HORIZON
    }

    /// How many of the newest rows are dated after that, on a page of the newest first.
    pub fn ahead(&self) -> usize {
        let end = TimeKey::end_of(self.horizon());
        self.rows.iter().take_while(|row| row.row_key >= end).count()
    }
}

impl Table {
    /// The table of this name, which keeps this half. Without a proof of who asks it gives and takes no share, open or
    /// sealed: it is for those who look and hold back.
    pub const fn new(client: Client, name: String, kind: Kind) -> Self {
        Self { client, name, kind }
    }

    /// Which half it keeps.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Inserts a share's row, durably, unless a row of that key is there. Whether it was not.
    pub(crate) async fn insert_share(&self, row: &ShareRow) -> Result<bool> {
        self.insert(row.values()).await
    }

    /// Inserts the row that says from when on a share is stored, durably, unless a row of that key is there. Whether it
    /// was not.
    pub(crate) async fn insert_time(&self, slot: &Slot, key: &TimeKey) -> Result<bool> {
        self.insert(row::time_values(slot, key)).await
    }

    /// By `INSERT`, which replaces nothing, and a right to which is no right to replace anything
    /// (docs/decisions/0016).
    async fn insert(&self, values: Values) -> Result<bool> {
        let names: Vec<String> = values.iter().map(|(name, _)| format!("'{name}': ?")).collect();
        log::aws_call();
        let inserted = self
            .client
            .execute_statement()
            .statement(format!("INSERT INTO \"{}\" VALUE {{{}}}", self.name, names.join(", ")))
            .set_parameters(Some(values.into_iter().map(|(_, value)| value).collect()))
            .send()
            .await;
        match inserted {
            Ok(_) => Ok(true),
            Err(error) if is_there(&error) => Ok(false),
            Err(error) => Err(Error::Unavailable(AwsFailure::new("ExecuteStatement", &error))),
        }
    }

    /// The row of a share, if it is there, with what is wrong with it if it can't be read.
    pub(crate) async fn share(
        &self,
        client: &ClientId,
        digest: &RowDigest,
    ) -> Result<Option<Result<ShareRow, &'static str>>> {
        let item = self.item(client, share_key(digest)).await?;
        Ok(item.map(|item| ShareRow::read(self.kind, client, digest, item)))
    }

    /// The time row of this key, if it is there.
    pub(crate) async fn time(&self, client: &ClientId, key: &TimeKey) -> Result<Option<TimeRow>> {
        Ok(self.item(client, key.to_string()).await?.map(|item| TimeRow::read(self.kind, client, &item)))
    }

    /// A page of a client's time rows, as they stood when the last write was acknowledged or later.
    pub(crate) async fn times(
        &self,
        client: &ClientId,
        which: TimesOf<'_>,
        start: Option<Item>,
    ) -> Result<Page> {
        let query = which.narrow(self.rows_under(client.as_str().into())).set_exclusive_start_key(start);
        let (page, date) = send(query).await?;
        let rows = page.items.unwrap_or_default().into_iter();
        Ok(Page {
            rows: rows.map(|item| TimeRow::read(self.kind, client, &item)).collect(),
            next: page.last_evaluated_key,
            date,
        })
    }

    /// All that operators have stopped of a client, what was lifted included, in no order that means anything.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when AWS is; [`Error::UnreadableStop`] when one can't be read;
    /// [`Error::TooManyRows`] when there are more than a read takes.
    pub async fn stops(&self, client: &ClientId) -> Result<Vec<Stop>> {
        let (mut items, mut start) = (Vec::new(), None);
        for _ in 0..MAX_STOP_PAGES {
            let query = self.rows_under(partition(client)).key_condition_expression("#pk = :client");
            let (page, _) = send(query.set_exclusive_start_key(start)).await?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return stops::read(&items).map_err(Error::UnreadableStop);
            }
        }
        Err(Error::TooManyRows("a read takes 16 MB of a client's stops and no more"))
    }

    /// What is withdrawn of a client.
    ///
    /// # Errors
    /// [`Error::Frozen`] when everything is held back, and those of [`Table::stops`].
    pub async fn withdrawn(&self, client: &ClientId) -> Result<Withdrawn> {
        Withdrawn::of(self.stops(client).await?)
    }

    /// Inserts a stop, durably, unless it is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when AWS is, or when the caller may not.
    pub async fn hold_back(&self, client: &ClientId, stop: &Stop) -> Result<()> {
        self.insert(stops::values(client, stop)).await.map(|_is_new| ())
    }

    /// Inserts the row that lifts a stop, durably, unless it is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when AWS is, or when the caller may not.
    pub async fn lift(&self, client: &ClientId, stop: &Stop, made: &Made) -> Result<()> {
        self.insert(stops::lifting(client, stop, made)).await.map(|_is_new| ())
    }

    /// A row by its key. By `Query`, so that a role that reads in the order of time needs no other right.
    async fn item(&self, client: &ClientId, row_key: String) -> Result<Option<Item>> {
        let query = self
            .rows_under(client.as_str().into())
            .expression_attribute_names("#sk", SORT_KEY)
            .key_condition_expression("#pk = :client AND #sk = :row")
            .expression_attribute_values(":row", AttributeValue::S(row_key));
        let (found, _) = send(query).await?;
        Ok(found.items.unwrap_or_default().pop())
    }

    fn rows_under(&self, partition: String) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .expression_attribute_names("#pk", PARTITION_KEY)
            .expression_attribute_values(":client", AttributeValue::S(partition))
    }
}

impl TimesOf<'_> {
    fn narrow(self, query: QueryFluentBuilder) -> QueryFluentBuilder {
        let text = |text: &str| AttributeValue::S(text.into());
        let query = query
            .scan_index_forward(self.oldest_first)
            .set_limit(self.limit)
            .expression_attribute_names("#sk", SORT_KEY);
        let query = match self.between {
            None => query
                .key_condition_expression("#pk = :client AND begins_with(#sk, :times)")
                .expression_attribute_values(":times", text(TIMES)),
            Some([first, last]) => query
                .key_condition_expression("#pk = :client AND #sk BETWEEN :first AND :last")
                .expression_attribute_values(":first", text(&TimeKey::start_of(first)))
                .expression_attribute_values(":last", text(&TimeKey::end_of(last))),
        };
        let (mut filters, mut query) = (Vec::new(), query);
        // A row that doesn't say its method or pair might be the one.
        if let Some(method) = self.method {
            filters.push("(#method IN (:method, :unknown) OR NOT attribute_type(#method, :text))");
            query = query
                .expression_attribute_names("#method", METHOD)
                .expression_attribute_values(":method", text(method.as_str()))
                .expression_attribute_values(":unknown", text(Method::unknown().as_str()));
        }
        if let Some(pair) = self.pair {
            filters.push("(#pair = :pair OR NOT attribute_type(#pair, :text))");
            query = query
                .expression_attribute_names("#pair", PAIR)
                .expression_attribute_values(":pair", text(pair.as_str()));
        }
        if filters.is_empty() {
            return query;
        }
        query.filter_expression(filters.join(" AND ")).expression_attribute_values(":text", text("S"))
    }
}

async fn send(query: QueryFluentBuilder) -> Result<(QueryOutput, u64)> {
    let date = Date::default();
    log::aws_call();
    let answer = query.customize().interceptor(date.clone()).send().await;
    let answer = answer.map_err(|error| Error::Unavailable(AwsFailure::new("Query", &error)))?;
    Ok((answer, date.read("Query")?))
}

fn is_there<R>(error: &SdkError<ExecuteStatementError, R>) -> bool {
    error.as_service_error().is_some_and(ExecuteStatementError::is_duplicate_item_exception)
}
