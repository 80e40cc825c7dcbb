//! Histories: concurrent callers store and read through the real function code while calls to AWS fail in every way;
//! all that they did and were told is recorded, and has to keep the rules. A run is made from a seed; what fails is
//! printed with it, run again smaller, and cut down to a few lines.

mod by_hand;
mod figures;
mod ledger;
pub mod operation;
mod order;
mod plan;
mod planted;
pub mod rules;
pub mod run;
pub mod shrink;
mod weather;

use std::{
    env, fmt,
    io::{Write, stderr},
};

use self::{
    figures::Figures,
    operation::Operation,
    plan::Plan,
    rules::{Violation, violations},
    run::{Scene, run},
};

/// One run in `cargo test`, and each run of the long test.
const fn plan(seed: u64) -> Plan {
    Plan { seed, clients: 30, requests: 50 }
}

/// A run that broke a rule.
struct Failure {
    plan: Plan,
    violations: Vec<Violation>,
    history: Vec<Operation>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = self.plan.seed;
        let (first, more) = (&self.violations[0], self.violations.len() - 1);
        writeln!(f, "{first:?} (and {more} more)")?;
        writeln!(f, "from the start to the end of each request, by one clock:")?;
        for operation in shrink::shrink(&self.history, first) {
            writeln!(f, "{operation:?}")?;
        }
        writeln!(f, "{:?}; replay with", self.plan)?;
        write!(f, "HISTORY_SEED={seed} cargo test -p tests histories_keep_every_rule")
    }
}

/// Runs a plan; if a rule is broken, runs ever smaller ones as long as they break one too.
async fn attempt(plan: Plan) -> Result<Vec<Operation>, Failure> {
    let first = once(plan).await;
    let Err(mut failure) = first else { return first };
    for _ in 0..8 {
        let Plan { seed, clients, requests } = failure.plan;
        let smaller = [
            Plan { seed, clients: clients.div_ceil(2), requests },
            Plan { seed, clients, requests: requests.div_ceil(2) },
        ];
        for plan in smaller {
            if let Err(smaller) = once(plan).await {
                failure = smaller;
            }
        }
    }
    Err(failure)
}

async fn once(plan: Plan) -> Result<Vec<Operation>, Failure> {
    let scene = &Scene::start(plan.seed).await;
    let ask = |client: String, half, action| async move { scene.ask(&client, half, &action).await };
    judge(plan, run(plan, scene, ask).await)
}

fn judge(plan: Plan, history: Vec<Operation>) -> Result<Vec<Operation>, Failure> {
    let violations = violations(&history);
    if violations.is_empty() { Ok(history) } else { Err(Failure { plan, violations, history }) }
}

/// The seed that a variable asks for, or a new one.
pub fn seed(variable: &str) -> u64 {
    let given = env::var(variable).ok();
    given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().expect("the seed is a number"))
}

#[tokio::test]
async fn histories_keep_every_rule_while_calls_to_aws_fail_in_every_way() {
    let history = attempt(plan(seed("HISTORY_SEED"))).await.unwrap_or_else(|failure| panic!("{failure}"));
    let figures = Figures::of(&history);
    // A run in which nothing fails, or nothing works, tests nothing.
    let Figures { acknowledged, concurrent, garbage_refused, unknown, .. } = figures;
    assert!(acknowledged > 200 && concurrent > 50 && garbage_refused > 10 && unknown > 10, "{figures}");
}

#[tokio::test]
#[ignore = "200 000 requests: cargo test -p tests --profile soak -- --ignored --nocapture long_histories"]
async fn long_histories_keep_every_rule() {
    let (first, runs) = (seed("HISTORY_SEED"), 140);
    let mut figures = Figures::default();
    for number in 0..runs {
        let plan = plan(first.wrapping_add(number));
        let history = attempt(plan).await.unwrap_or_else(|failure| panic!("{failure}"));
        figures += Figures::of(&history);
        writeln!(stderr(), "{} of {runs}, seed {}: {figures}", number + 1, plan.seed).unwrap();
    }
}
