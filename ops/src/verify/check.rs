//! What a table's rows show by themselves and beside each other, nothing opened.

use std::{collections::BTreeMap, slice};

use aws_sdk_dynamodb::types::AttributeValue;
use backup_shares::{
    HORIZON,
    key_ring::KeyRing,
    row_key::{TimeKey, share_key},
    slot::RowDigest,
    stop::stopped,
    table::{Item, TimeRow, read_stops},
};
use serde::{Deserialize, Serialize};

use super::{
    against::Record,
    finding::{Finding, Kind},
};
use crate::{
    export::line::{line, unknown_type},
    failed::Failed,
    row::{Row, Share},
    scan::{Key, Page, no_shares},
    table::Rows,
    times::written,
};

/// So many shares of a partition are kept until their time rows come; those of more are looked up.
const MOST_KEPT: usize = 2048;

/// How many rows there were.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Counts {
    /// All.
    pub rows: u64,
    /// Of shares.
    pub shares: u64,
    /// Time rows.
    pub times: u64,
    /// Time rows whose share is there.
    pub paired: u64,
    /// Of stops and of what lifts them.
    pub stops: u64,
    /// None of ours.
    pub foreign: u64,
    /// What was found.
    pub findings: u64,
}

impl Counts {
    /// Shares that no store has acknowledged: no time row stands for them.
    pub const fn unacknowledged(&self) -> u64 {
        self.shares.saturating_sub(self.paired)
    }
}

/// Checks one table's rows.
pub struct Checker<'a> {
    rows: &'a Rows,
    keys: Option<&'a KeyRing>,
    /// Whether what is there will be compared with an export.
    records: bool,
    under_way: Vec<Partition>,
}

/// The partition that a part of the scan is in.
#[derive(Clone, Default)]
struct Partition {
    pk: String,
    shares: BTreeMap<RowDigest, Share>,
}

/// What a page shows.
#[derive(Default)]
pub struct Seen {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What was there, for the comparison.
    pub records: Vec<Record>,
}

impl<'a> Checker<'a> {
    /// One for a scan of so many parts.
    pub fn new(rows: &'a Rows, keys: Option<&'a KeyRing>, records: bool, parts: usize) -> Self {
        Self { rows, keys, records, under_way: vec![Partition::default(); parts] }
    }

    /// Checks a page.
    ///
    /// # Errors
    /// What AWS refuses, or a table that is none of ours.
    pub async fn page(&mut self, page: Page, counts: &mut Counts) -> Result<Seen, Failed> {
        let (mut seen, latest) = (Seen::default(), page.date + HORIZON);
        for item in page.items {
            let key = Key::of(&item).ok_or_else(|| no_shares(&self.rows.name))?;
            counts.rows += 1;
            let time = time(&key, &item);
            if self.records {
                seen.records.push(record(&key, &item, time)?);
            }
            let mut found =
                Found { half: self.rows.half.to_string(), key: &key, findings: &mut seen.findings };
            // Who made a stop says when by their own clock, and no read depends on it.
            let of_share = time.filter(|_| stopped(&key.pk).is_none());
            if let Some(at) = of_share.filter(|at| *at > latest) {
                found.add(Kind::Ahead, format!("its time has not come: {}", written(at)));
            }
            self.row(page.part, item, &mut found, counts).await?;
        }
        counts.findings += seen.findings.len() as u64;
        Ok(seen)
    }

    async fn row(
        &mut self,
        part: usize,
        item: Item,
        found: &mut Found<'_>,
        counts: &mut Counts,
    ) -> Result<(), Failed> {
        let stop = read_stops(slice::from_ref(&item));
        match Row::read(self.rows.half, item) {
            Row::Share(share) => {
                counts.shares += 1;
                self.share(&share, found);
                self.partition(part, &found.key.pk).keep(share);
            }
            Row::Time(time) => {
                counts.times += 1;
                counts.paired += u64::from(self.time(part, &time, found).await?);
            }
            Row::Stop => {
                counts.stops += 1;
                if let Err(why) = stop {
                    found.add(
                        Kind::UnreadableStop,
                        format!("it may be a stop, and every read refuses it: {why}"),
                    );
                }
            }
            Row::Foreign => {
                counts.foreign += 1;
                found.add(Kind::Foreign, "no build of this product writes such a row".into());
            }
        }
        Ok(())
    }

    fn share(&self, share: &Share, found: &mut Found<'_>) {
        if let Some(why) = share.problem(None) {
            found.add(Kind::Malformed, why);
        } else if let Some(why) = share.problem(self.keys) {
            found.add(Kind::UnlistedKey, why);
        }
    }

    /// Whether a time row's share is there.
    async fn time(&mut self, part: usize, time: &TimeRow, found: &mut Found<'_>) -> Result<bool, Failed> {
        let Some(TimeKey { digest, .. }) = &time.key else { return Ok(false) };
        let kept = self.partition(part, &found.key.pk).shares.get(digest).cloned();
        let share = match kept {
            Some(share) => Some(share),
            None => self.look_up(&found.key.pk, digest).await?,
        };
        match &share {
            None => found.add(Kind::WithoutShare, "its share's row is not there".into()),
            Some(share) => {
                if let Some(why) = share.disagrees(time) {
                    found.add(Kind::Disagrees, why.into());
                }
            }
        }
        Ok(share.is_some())
    }

    fn partition(&mut self, part: usize, pk: &str) -> &mut Partition {
        let partition = &mut self.under_way[part];
        if partition.pk != pk {
            *partition = Partition { pk: pk.into(), ..Partition::default() };
        }
        partition
    }

    /// A share that was not kept: of a partition with many, or from before a checkpoint.
    async fn look_up(&self, pk: &str, digest: &RowDigest) -> Result<Option<Share>, Failed> {
        let query = self.rows.dynamodb.query().table_name(&self.rows.name).consistent_read(true);
        let query = query
            .key_condition_expression("pk = :client AND sk = :row")
            .expression_attribute_values(":client", AttributeValue::S(pk.into()))
            .expression_attribute_values(":row", AttributeValue::S(share_key(digest)));
        let answer = query.send().await;
        let answer = answer.map_err(|error| Failed::aws(&format!("reading {}", self.rows.name), &error))?;
        let item = answer.items.unwrap_or_default().pop();
        Ok(item.and_then(|item| match Row::read(self.rows.half, item) {
            Row::Share(share) => Some(share),
            _ => None,
        }))
    }
}

impl Partition {
    fn keep(&mut self, share: Share) {
        if self.shares.len() < MOST_KEPT {
            self.shares.insert(share.digest.clone(), share);
        }
    }
}

/// What is found at one row.
struct Found<'a> {
    half: String,
    key: &'a Key,
    findings: &'a mut Vec<Finding>,
}

impl Found<'_> {
    fn add(&mut self, kind: Kind, says: String) {
        self.findings.push(Finding { kind, half: self.half.clone(), row: self.key.clone(), says });
    }
}

/// When a row says that it was made, in milliseconds since 1970.
fn time(key: &Key, item: &Item) -> Option<u64> {
    let number = |name| item.get(name)?.as_n().ok()?.parse().ok();
    TimeKey::parse(&key.sk).map(|key| key.at).or_else(|| number("at")).or_else(|| number("made_at"))
}

fn record(key: &Key, item: &Item, at: Option<u64>) -> Result<Record, Failed> {
    let line = line(key, item).ok_or_else(|| unknown_type(key))?;
    Ok(Record::new(key.clone(), line.as_bytes(), at))
}
