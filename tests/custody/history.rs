//! Histories: concurrent callers store and read through the real function code while calls to AWS fail in every way;
//! all that they did and were told is recorded, and has to keep the rules. A run is made from a seed; what fails is
//! printed with it, run again smaller, and cut down to a few lines.

mod by_hand;
mod figures;
mod first;
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

/// Each run.
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

/// So many runs, from the seed that is asked for on; `tell` hears after each what has been tried so far.
async fn runs(count: u64, tell: impl Fn(String)) -> Figures {
    let (first, mut figures) = (seed("HISTORY_SEED"), Figures::default());
    for number in 0..count {
        let plan = plan(first.wrapping_add(number));
        let history = attempt(plan).await.unwrap_or_else(|failure| panic!("{failure}"));
        figures += Figures::of(&history);
        tell(format!("{} of {count}, seed {}: {figures}", number + 1, plan.seed));
    }
    figures
}

#[tokio::test]
async fn histories_keep_every_rule_while_calls_to_aws_fail_in_every_way() {
    let figures = runs(2, |_| ()).await;
    // A run in which nothing fails, or nothing works, tests nothing.
    let Figures { acknowledged, concurrent, garbage_refused, unknown, .. } = figures;
    assert!(acknowledged > 400 && concurrent > 100 && garbage_refused > 20 && unknown > 20, "{figures}");
}

#[tokio::test]
#[ignore = "210 000 requests: cargo test -p tests --profile soak -- --ignored --nocapture long_histories"]
async fn long_histories_keep_every_rule() {
    runs(140, |so_far| writeln!(stderr(), "{so_far}").unwrap()).await;
}
