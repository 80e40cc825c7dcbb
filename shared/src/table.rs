//! The calls to a table. A row is inserted once, never changed, never removed; it is read by its key, or in the order of
//! time.

mod row;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{
        execute_statement::ExecuteStatementError,
        query::{QueryOutput, builders::QueryFluentBuilder},
    },
    types::AttributeValue,
};

pub use self::row::{Item, ShareRow, TimeRow};
use self::row::{METHOD, PAIR, PARTITION_KEY, SORT_KEY, Values};
use crate::{
    clock::HORIZON,
    date::Date,
    error::{AwsFailure, Error, Result},
    ids::{ClientId, Method, PairId},
    log,
    row_key::{TIMES, TimeKey, share_key},
    slot::{Kind, RowDigest, Slot},
};

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
    /// None of a later time than this, in milliseconds since 1970.
    pub up_to: Option<u64>,
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
    pub const fn new(client: Client, name: String, kind: Kind) -> Self {
        Self { client, name, kind }
    }

    /// Which half it keeps.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Inserts a share's row, durably, unless a row of that key is there. Whether it was not.
    pub async fn insert_share(&self, row: &ShareRow) -> Result<bool> {
        self.insert(row.values()).await
    }

    /// Inserts the row that says from when on a share is stored, durably, unless a row of that key is there. Whether it
    /// was not.
    pub async fn insert_time(&self, slot: &Slot, key: &TimeKey) -> Result<bool> {
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
    pub async fn share(
        &self,
        client: &ClientId,
        digest: &RowDigest,
    ) -> Result<Option<Result<ShareRow, &'static str>>> {
        let item = self.item(client, share_key(digest)).await?;
        Ok(item.map(|item| ShareRow::read(self.kind, client, digest, item)))
    }

    /// The time row of this key, if it is there.
    pub async fn time(&self, client: &ClientId, key: &TimeKey) -> Result<Option<TimeRow>> {
        Ok(self.item(client, key.to_string()).await?.map(|item| TimeRow::read(self.kind, client, &item)))
    }

    /// A page of a client's time rows, as they stood when the last write was acknowledged or later.
    pub async fn times(&self, client: &ClientId, which: TimesOf<'_>, start: Option<Item>) -> Result<Page> {
        let query = which.narrow(self.rows_of(client)).set_exclusive_start_key(start);
        let (page, date) = send(query).await?;
        let rows = page.items.unwrap_or_default().into_iter();
        Ok(Page {
            rows: rows.map(|item| TimeRow::read(self.kind, client, &item)).collect(),
            next: page.last_evaluated_key,
            date,
        })
    }

    /// A row by its key. By `Query`, the one right to read that a function's role has.
    async fn item(&self, client: &ClientId, row_key: String) -> Result<Option<Item>> {
        let query = self
            .rows_of(client)
            .key_condition_expression("#pk = :client AND #sk = :row")
            .expression_attribute_values(":row", AttributeValue::S(row_key));
        let (found, _) = send(query).await?;
        Ok(found.items.unwrap_or_default().pop())
    }

    fn rows_of(&self, client: &ClientId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .expression_attribute_names("#pk", PARTITION_KEY)
            .expression_attribute_names("#sk", SORT_KEY)
            .expression_attribute_values(":client", AttributeValue::S(client.as_str().into()))
    }
}

impl TimesOf<'_> {
    fn narrow(self, query: QueryFluentBuilder) -> QueryFluentBuilder {
        let text = |text: &str| AttributeValue::S(text.into());
        let query = query
            .scan_index_forward(self.oldest_first)
            .set_limit(self.limit)
            .expression_attribute_values(":times", text(TIMES));
        let query = match self.up_to {
            None => query.key_condition_expression("#pk = :client AND begins_with(#sk, :times)"),
            Some(time) => query
                .key_condition_expression("#pk = :client AND #sk BETWEEN :times AND :end")
                .expression_attribute_values(":end", text(&TimeKey::end_of(time))),
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
