//! What is measured, and the tables of it.

use std::{cell::Cell, time::Duration};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::{
    events::{self, CLIENT},
    front::Counts,
    scene::{self, DYNAMODB, KMS, Scene},
    shares,
    timed::Took,
};

/// How often a function starts.
const STARTS: usize = 15;
/// How many requests an instance serves after its first.
const WARM: usize = 15;

/// The yardstick's name.
pub const TRIVIAL: &str = "trivial";

/// A function's start: the least time on the clock, and the median of the processor's.
#[derive(Serialize)]
pub struct Start {
    /// Its name.
    pub function: String,
    /// Size of the binary, in bytes.
    pub binary: u64,
    clock_ms: f64,
    processor_ms: f64,
    /// Processor time, over the trivial function's.
    over_trivial: f64,
    dynamodb: Counts,
    kms: Counts,
}

/// One kind of request, likewise.
#[derive(Serialize)]
pub struct Request {
    /// What is asked for.
    pub what: String,
    /// What the calls that wait for each other take of themselves.
    injected_ms: f64,
    first_ms: f64,
    warm_ms: f64,
    first_processor_ms: f64,
    warm_processor_ms: f64,
    first_dynamodb: Counts,
    first_kms: Counts,
    peak_memory: u64,
}

/// A kind of request before it is measured.
pub struct Kind {
    /// What is asked for.
    pub what: String,
    /// Whom.
    pub function: &'static str,
    /// Calls to DynamoDB and to KMS of which each waits for the one before.
    in_sequence: [u32; 2],
    event: Box<dyn Fn(u32) -> Result<Value>>,
    sent: Cell<u32>,
    /// How many shares the answer has to hold, if it is a list.
    pub shares: Option<usize>,
    samples: Vec<Sample>,
}

/// One instance's life.
struct Sample {
    first: Took,
    warm: Vec<Took>,
    counts: [Counts; 2],
    peak_memory: u64,
}

/// The kinds of requests.
pub fn kinds() -> Result<Vec<Kind>> {
    let kind = |what: &str, function, in_sequence, event| Kind {
        what: what.into(),
        function,
        in_sequence,
        event,
        sent: Cell::new(0),
        shares: None,
        samples: Vec::new(),
    };
    let share = shares::client(CLIENT)?;
    let mut kinds = vec![
        kind(TRIVIAL, TRIVIAL, [0, 0], Box::new(|_| events::of("get-backup"))),
        kind("GET, 24 KB", "get-backup", [2, 1], Box::new(|_| events::of("get-backup"))),
        kind("list", "list-backups", [1, 0], Box::new(|_| events::of("list-backups"))),
        kind(
            "store, 24 KB",
            "store-backup",
            [2, 1],
            Box::new(move |number| events::store(&format!("{number:08x}{share}"))),
        ),
    ];
    for held in scene::HELD {
        // The list of shares, the rounds of their reads and of their opening.
        let rounds = u32::try_from(held.div_ceil(32))?;
        let event = Box::new(move |_| events::fetch(&scene::client(held)));
        let what = format!("fetch of {held}, 6 KB each");
        kinds.push(Kind { shares: Some(held), ..kind(&what, "webhook-fetch", [1 + 1, rounds], event) });
    }
    Ok(kinds)
}

/// Starts each of the functions in turn, so that what slows a machine down slows all.
pub async fn starts(scene: &Scene, functions: &[String]) -> Result<Vec<Start>> {
    let mut took = vec![Vec::new(); functions.len()];
    for _ in 0..STARTS {
        for (function, took) in functions.iter().zip(&mut took) {
            let before = scene.counts();
            let instance = scene.launch(function).await?;
            took.push((instance.start, since(scene, before)));
        }
    }
    let yardstick = functions.iter().position(|function| function == TRIVIAL).context("no yardstick")?;
    let processor = |took: &[(Took, _)]| median(took.iter().map(|(took, _)| took.processor).collect());
    let trivial = processor(&took[yardstick]);
    functions
        .iter()
        .zip(&took)
        .map(|(function, took)| {
            let [dynamodb, kms] = took[0].1;
            Ok(Start {
                function: function.clone(),
                binary: scene.size(function)?,
                clock_ms: least(took.iter().map(|(took, _)| took.clock)),
                processor_ms: processor(took),
                over_trivial: processor(took) / trivial,
                dynamodb,
                kms,
            })
        })
        .collect()
}

/// Serves requests of each kind in turn, each time by an instance that has just started.
pub async fn requests(scene: &Scene, mut kinds: Vec<Kind>) -> Result<Vec<Request>> {
    for _ in 0..STARTS {
        for kind in &mut kinds {
            let sample = kind.sample(scene).await?;
            kind.samples.push(sample);
        }
    }
    Ok(kinds.iter().map(Kind::summary).collect())
}

impl Kind {
    /// The next event: stores never store the same share.
    pub fn event(&self) -> Result<Value> {
        self.sent.set(self.sent.get() + 1);
        (self.event)(self.sent.get())
    }

    async fn sample(&self, scene: &Scene) -> Result<Sample> {
        let mut instance = scene.launch(self.function).await?;
        let before = scene.counts();
        let mut took = Vec::new();
        let mut counts = [Counts::default(); 2];
        for nth in 0..=WARM {
            let (answer, one) = instance.call(&self.event()?).await?;
            let given = answer["backupShares"].as_array().map(Vec::len);
            ensure!(given == self.shares, "{}: {given:?} shares came back", self.what);
            took.push(one);
            if nth == 0 {
                counts = since(scene, before);
            }
        }
        let warm = took.split_off(1);
        Ok(Sample { first: took[0], warm, counts, peak_memory: instance.peak_memory()? })
    }

    fn summary(&self) -> Request {
        let [dynamodb, kms] = self.in_sequence;
        let samples = || self.samples.iter();
        let warm = || samples().flat_map(|sample| &sample.warm);
        let [first_dynamodb, first_kms] = self.samples[0].counts;
        Request {
            what: self.what.clone(),
            injected_ms: ms(DYNAMODB * dynamodb + KMS * kms),
            first_ms: least(samples().map(|sample| sample.first.clock)),
            warm_ms: least(warm().map(|took| took.clock)),
            first_processor_ms: median(samples().map(|sample| sample.first.processor).collect()),
            warm_processor_ms: median(warm().map(|took| took.processor).collect()),
            first_dynamodb,
            first_kms,
            peak_memory: samples().map(|sample| sample.peak_memory).max().unwrap_or_default(),
        }
    }
}

fn since(scene: &Scene, before: [Counts; 2]) -> [Counts; 2] {
    let [dynamodb, kms] = scene.counts();
    [dynamodb.since(before[0]), kms.since(before[1])]
}

/// What nothing else on the machine has slowed down.
fn least(times: impl Iterator<Item = Duration>) -> f64 {
    times.min().map_or(0.0, ms)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().map_or(0.0, ms)
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

impl Start {
    /// The head of the table.
    pub const HEAD: &str = "| start of | clock | processor | over the trivial one's | connections, DynamoDB and KMS | binary |\n\
                            |---|---|---|---|---|---|";

    /// A row of the table.
    pub fn row(&self) -> String {
        let Self { function, clock_ms, processor_ms, over_trivial, dynamodb, kms, binary } = self;
        format!(
            "| {function} | {clock_ms:.1} ms | {processor_ms:.1} ms | {over_trivial:.1} | {} and {} | {binary} |",
            dynamodb.connections, kms.connections
        )
    }
}

impl Request {
    /// The head of the table.
    pub const HEAD: &str = "| request | injected | warm | first | over its warm one | processor, warm | first | connections that the first \
                            opens | peak memory |\n|---|---|---|---|---|---|---|---|---|";

    /// A row of the table.
    pub fn row(&self) -> String {
        let opened = self.first_dynamodb.connections + self.first_kms.connections;
        format!(
            "| {} | {:.0} ms | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} ms | {opened} | {:.1} MB |",
            self.what,
            self.injected_ms,
            self.warm_ms,
            self.first_ms,
            self.first_ms - self.warm_ms,
            self.warm_processor_ms,
            self.first_processor_ms,
            self.megabytes()
        )
    }

    #[expect(clippy::cast_precision_loss, reason = "a process has no 2^52 bytes")]
    fn megabytes(&self) -> f64 {
        self.peak_memory as f64 / 1e6
    }
}
