//! All rows of a table, or of one client: several parts of it at a time, at a limited rate, and from where an earlier run
//! had got to.

use std::{
    fmt,
    io::{IsTerminal, Write, stderr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity},
};
use backup_shares::{
    date::Date,
    ids::ClientId,
    stop::partition,
    table::{Item, PARTITION_KEY, SORT_KEY, text},
};
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{failed::Failed, table::Rows};

/// Into how many segments a table is divided. A checkpoint has a place for each.
const SEGMENTS: i32 = 4;
/// Most rows of a page, so that the memory it takes doesn't grow with the table.
const PAGE: i32 = 200;
/// A wait that is not worth a timer.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// How long a line of progress stands.
const PROGRESS: Duration = Duration::from_millis(200);

/// How fast rows are read.
#[derive(Args, Clone, Copy, Debug)]
pub struct Rate {
    /// Read units a second at most: 1 unit is 4 KB of rows, and what is used here the functions can't use.
    #[arg(long, value_name = "N", default_value = "200")]
    read_units: NonZeroU32,
}

/// A row's key. Files of rows stand in this order.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Key {
    /// The partition key: a client's id, for its shares.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl Key {
    /// The key of a row; `None` when the table's keys are not ours.
    pub fn of(item: &Item) -> Option<Self> {
        Some(Self { pk: text(item, PARTITION_KEY)?.into(), sk: text(item, SORT_KEY)?.into() })
    }

    fn into_item(self) -> Item {
        [(PARTITION_KEY, self.pk), (SORT_KEY, self.sk)]
            .map(|(name, value)| (name.into(), AttributeValue::S(value)))
            .into()
    }
}

impl fmt::Display for Key {
    /// For a terminal: a foreign row's key could steer one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pk.escape_debug(), self.sk.escape_debug())
    }
}

/// How far a part has been read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Not at all.
    Start,
    /// Up to this row, and with it.
    After(Key),
    /// To its end.
    End,
}

/// What is read at the same time as other parts.
#[derive(Clone, Debug)]
pub enum Part {
    /// A segment of the table.
    Segment(i32),
    /// The rows of one partition key.
    Partition(String),
}

impl Part {
    /// The parts of a whole table, or those in which a client's rows lie.
    pub fn of(client: Option<&ClientId>) -> Vec<Self> {
        match client {
            None => (0..SEGMENTS).map(Self::Segment).collect(),
            Some(client) => [client.to_string(), partition(client)].map(Self::Partition).into(),
        }
    }
}

/// Some rows that lie together.
pub struct Page {
    /// Which part they are of, by its number.
    pub part: usize,
    /// The rows.
    pub items: Vec<Item>,
    /// When DynamoDB answered, by its clock, in milliseconds since 1970.
    pub date: u64,
    next: Place,
}

/// A reading of all rows. What it returns was there when it started, and maybe more.
pub struct Scan {
    table: Arc<Asked>,
    parts: Vec<Part>,
    places: Vec<Place>,
    asked: JoinSet<Result<Page, Failed>>,
}

/// What all calls have in common.
struct Asked {
    dynamodb: Client,
    name: String,
    pace: Pace,
}

impl Scan {
    /// Goes on from there: a place for each part.
    pub fn new(rows: &Rows, rate: Rate, parts: Vec<Part>, places: Vec<Place>) -> Self {
        let pace = Pace::new(rate);
        let table = Arc::new(Asked { dynamodb: rows.dynamodb.clone(), name: rows.name.clone(), pace });
        let mut scan = Self { table, parts, places, asked: JoinSet::new() };
        (0..scan.parts.len()).for_each(|part| scan.ask(part));
        scan
    }

    /// How far each part was given away.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The next page of any part; none when all is read.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn next(&mut self) -> Result<Option<Page>, Failed> {
        let Some(page) = self.asked.join_next().await else { return Ok(None) };
        let page = page.map_err(|_| Failed::not_done("reading was ended"))??;
        self.places[page.part] = page.next.clone();
        self.ask(page.part);
        Ok(Some(page))
    }

    fn ask(&mut self, part: usize) {
        let start = match self.places[part].clone() {
            Place::Start => None,
            Place::After(key) => Some(key.into_item()),
            Place::End => return,
        };
        let (table, of) = (Arc::clone(&self.table), self.parts[part].clone());
        self.asked.spawn(async move { table.page(part, of, start).await });
    }
}

/// When DynamoDB answers, by its clock, in milliseconds since 1970. Whoever may not read the table learns it here.
///
/// # Errors
/// What AWS refuses.
pub async fn now(rows: &Rows) -> Result<u64, Failed> {
    let date = Date::default();
    let look = rows.dynamodb.scan().table_name(&rows.name).consistent_read(true).limit(1);
    let look = look.customize().interceptor(date.clone()).send().await;
    look.map_err(|error| Failed::aws(&format!("reading {}", rows.name), &error))?;
    read(&date, &rows.name)
}

fn read(date: &Date, table: &str) -> Result<u64, Failed> {
    date.read("Scan").map_err(|error| Failed::shared(&format!("reading {table}"), &error))
}

impl Asked {
    async fn page(&self, part: usize, of: Part, start: Option<Item>) -> Result<Page, Failed> {
        self.pace.wait().await;
        let date = Date::default();
        let (items, last, used) = match of {
            Part::Segment(segment) => self.segment(segment, start, &date).await?,
            Part::Partition(key) => self.partition(key, start, &date).await?,
        };
        let used = used.and_then(|used| used.capacity_units).unwrap_or_default();
        self.pace.spend(used, Instant::now());
        let next = match last {
            None => Place::End,
            Some(last) => Place::After(Key::of(&last).ok_or_else(|| no_shares(&self.name))?),
        };
        Ok(Page { part, items: items.unwrap_or_default(), date: read(&date, &self.name)?, next })
    }

    async fn segment(&self, segment: i32, start: Option<Item>, date: &Date) -> Result<Answer, Failed> {
        let scan = self.dynamodb.scan().table_name(&self.name).consistent_read(true).limit(PAGE);
        let scan = scan.segment(segment).total_segments(SEGMENTS).set_exclusive_start_key(start);
        let scan = scan.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = scan.customize().interceptor(date.clone()).send().await;
        let answer = answer.map_err(|error| Failed::aws(&format!("reading {}", self.name), &error))?;
        Ok((answer.items, answer.last_evaluated_key, answer.consumed_capacity))
    }

    async fn partition(&self, key: String, start: Option<Item>, date: &Date) -> Result<Answer, Failed> {
        let query = self.dynamodb.query().table_name(&self.name).consistent_read(true).limit(PAGE);
        let query = query
            .key_condition_expression("pk = :key")
            .expression_attribute_values(":key", AttributeValue::S(key))
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = query.customize().interceptor(date.clone()).send().await;
        let answer = answer.map_err(|error| Failed::aws(&format!("reading {}", self.name), &error))?;
        Ok((answer.items, answer.last_evaluated_key, answer.consumed_capacity))
    }
}

type Answer = (Option<Vec<Item>>, Option<Item>, Option<ConsumedCapacity>);

/// A table is given whose keys are not those of shares.
pub fn no_shares(table: &str) -> Failed {
    Failed::usage(format!("{table} is no table of shares: its keys are not pk and sk"))
}

/// Holds the calls to a rate: what was spent is waited for before the next.
struct Pace {
    units: f64,
    free: Mutex<Instant>,
}

impl Pace {
    fn new(rate: Rate) -> Self {
        Self { units: rate.read_units.get().into(), free: Mutex::new(Instant::now()) }
    }

    async fn wait(&self) {
        // What others spend meanwhile is waited for too.
        while let Some(free) = self.due(Instant::now()) {
            sleep_until(free).await;
        }
    }

    /// Until when a call has to wait; none when it may be made.
    fn due(&self, now: Instant) -> Option<Instant> {
        let free = *self.free.lock().unwrap_or_else(PoisonError::into_inner);
        (free.saturating_duration_since(now) >= SHORTEST_WAIT).then_some(free)
    }

    fn spend(&self, units: f64, now: Instant) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = Duration::try_from_secs_f64(units / self.units).unwrap_or_default();
        *free = (*free).max(now) + spent;
    }
}

/// A line on a terminal that says how far it is; nothing anywhere else.
pub struct Progress {
    what: String,
    start: Instant,
    told: Option<Instant>,
    rows: u64,
}

impl Progress {
    /// Nothing is done yet.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), start: Instant::now(), told: None, rows: 0 }
    }

    /// So many rows more.
    pub fn add(&mut self, rows: usize) {
        self.rows += rows as u64;
        let is_due = self.told.is_none_or(|told| told.elapsed() >= PROGRESS);
        if is_due && stderr().is_terminal() {
            let _ = write!(stderr(), "\r{}: {} rows, {} a second ", self.what, self.rows, self.rate());
            self.told = Some(Instant::now());
        }
    }

    /// Takes the line away, so that another can be said.
    pub fn hide(&mut self) {
        if self.told.take().is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }

    /// Rows a second.
    pub fn rate(&self) -> u64 {
        let milliseconds = self.start.elapsed().as_millis().max(1);
        u64::try_from(u128::from(self.rows) * 1000 / milliseconds).unwrap_or(u64::MAX)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.hide();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(read_units: u32) -> Rate {
        Rate { read_units: NonZeroU32::new(read_units).unwrap() }
    }

    #[test]
    fn what_was_spent_is_waited_for_before_the_next_call() {
        let (pace, start) = (Pace::new(rate(100)), Instant::now());
        assert_eq!(pace.due(start), None);
        for seconds in 1..5 {
            pace.spend(100.0, start);
            let free = start + Duration::from_secs(seconds);
            assert!(
                pace.due(start).is_some_and(|due| due >= free && due < free + Duration::from_millis(100))
            );
        }
    }

    #[test]
    fn a_rest_is_no_licence_and_a_high_rate_no_wait() {
        let (pace, later) = (Pace::new(rate(100)), Instant::now() + Duration::from_mins(1));
        pace.spend(200.0, later);
        assert_eq!(pace.due(later), Some(later + Duration::from_secs(2)));
        let fast = Pace::new(rate(u32::MAX));
        (0..1000).for_each(|_| fast.spend(256.0, later));
        assert_eq!(fast.due(later), None);
    }

    #[test]
    fn a_key_cant_steer_a_terminal() {
        let key = Key { pk: "a\x1b[2J".into(), sk: "b\n".into() };
        assert_eq!(key.to_string(), r"a\u{1b}[2J b\n");
    }
}
