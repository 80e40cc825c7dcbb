//! Systems that break a promise: each is run for real, and caught by the rule that it breaks.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use backup_shares::{
    ids::{ClientId, Method, PairId},
    secret::Secret,
    share::Share,
    slot::{Kind, Slot},
};

use super::{
    Failure,
    first::MAX_SHARES,
    judge,
    operation::{Action, BROKEN, Half, Kept, Operation, Outcome},
    plan::{Plan, name},
    rules::{Rule, violations},
    run::{Scene, functions, run},
    shrink::shrink,
};
use crate::support::system::Item;

/// What is wrong with a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    /// Some stores are acknowledged and not done.
    AcknowledgesTooSoon,
    /// Some reads are another client's.
    MixesClients,
    /// A store removes what was there, and puts the new share in its place.
    DeletesThenCreates,
    /// What a broken client sends in a share's place is acknowledged.
    KeepsGarbage,
    /// A repeated request removes its rows and stores them again.
    StoresAgain,
    /// The list of client shares ends too early.
    ListsTooFew,
    /// A freeze is acknowledged and not done.
    FreezesNobody,
    /// A fetch gives the newest 128, and the oldest go.
    GivesTheNewest,
}

struct Planted {
    scene: Scene,
    bug: Bug,
    asked: AtomicUsize,
    /// Every custodian share that was acknowledged, in order.
    acknowledged: Mutex<Vec<String>>,
}

impl Planted {
    fn new(scene: Scene, bug: Bug) -> Self {
        Self { scene, bug, asked: AtomicUsize::new(0), acknowledged: Mutex::default() }
    }

    async fn ask(&self, client: String, half: Half, action: Action) -> Outcome {
        let now_and_then = self.asked.fetch_add(1, Ordering::Relaxed) % 8 == 7;
        let kept = if let Action::Store(kept) = &action { kept.as_slice() } else { &[] };
        match (self.bug, kept) {
            (Bug::AcknowledgesTooSoon, [_, ..]) if now_and_then => return Outcome::Stored,
            (Bug::KeepsGarbage, [kept]) if BROKEN.contains(&kept.share.as_str()) => return Outcome::Stored,
            (Bug::MixesClients, []) if now_and_then => return self.scene.ask(&name(0), half, &action).await,
            (Bug::FreezesNobody, _) if action == Action::Freeze => return Outcome::Done,
            (Bug::DeletesThenCreates, [_, ..]) => {
                self.delete(half, |row| row["pk"].as_s() == Ok(&client)).await;
            }
            (Bug::StoresAgain, [kept]) if !BROKEN.contains(&kept.share.as_str()) => {
                let digest = digest(&client, half, kept);
                self.delete(half, |row| row["sk"].as_s().unwrap().ends_with(&digest)).await;
            }
            (Bug::ListsTooFew, []) if half == Half::Client && action == Action::Fetch => {
                let mut reached = self.scene.ask(&client, half, &action).await;
                if let Outcome::Shares(shares) = &mut reached {
                    shares.pop();
                }
                return reached;
            }
            (Bug::GivesTheNewest, [kept]) => {
                let outcome = self.scene.ask(&client, half, &action).await;
                self.acknowledged.lock().unwrap().push(kept.share.clone());
                return outcome;
            }
            (Bug::GivesTheNewest, _) => {
                let acknowledged = self.acknowledged.lock().unwrap();
                return Outcome::Shares(acknowledged.iter().rev().take(MAX_SHARES).cloned().collect());
            }
            _ => {}
        }
        self.scene.ask(&client, half, &action).await
    }

    async fn delete(&self, half: Half, which: impl Fn(&Item) -> bool) {
        let function = functions(half).stores;
        for row in self.scene.system.rows(function).await.into_iter().filter(which) {
            self.scene.system.delete(function, &row).await;
        }
    }
}

fn digest(client: &str, half: Half, kept: &Kept) -> String {
    let kind = if half == Half::Client { Kind::Client } else { Kind::Custodian };
    let slot = Slot {
        kind,
        client: ClientId::parse(client).unwrap(),
        method: Method::parse(kept.method.as_str()).unwrap(),
        pair: kept.pair.as_ref().map(|pair| PairId::parse(pair.as_str()).unwrap()),
    };
    slot.digest(&Share::parse(Secret::new(kept.share.clone())).unwrap()).as_str().to_owned()
}

/// The first run that breaks the rule. A bug may stay hidden in one: on a slow machine, few requests get through its weather.
async fn caught(bug: Bug, rule: Rule) -> Option<(Plan, Failure)> {
    for seed in 7..15 {
        let plan = Plan { seed, clients: 3, requests: 45 };
        let planted = &Planted::new(Scene::start(plan.seed).await, bug);
        let ask = |client, half, action| planted.ask(client, half, action);
        let judged = judge(plan, run(plan, &planted.scene, ask).await);
        let is_it = |failure: &Failure| failure.violations.iter().any(|violation| violation.rule == rule);
        if let Some(failure) = judged.err().filter(is_it) {
            return Some((plan, failure));
        }
    }
    None
}

#[tokio::test]
async fn planted_bugs_are_caught_by_the_rules_that_they_break_and_shown_in_a_few_lines() {
    for (bug, rule) in [
        (Bug::AcknowledgesTooSoon, Rule::NothingIsLost),
        (Bug::MixesClients, Rule::ClientsStayApart),
        (Bug::DeletesThenCreates, Rule::NothingIsLost),
        (Bug::KeepsGarbage, Rule::GarbageIsRefused),
        (Bug::StoresAgain, Rule::NewestFirst),
        (Bug::ListsTooFew, Rule::NothingIsLost),
        (Bug::FreezesNobody, Rule::AFreezeHolds),
    ] {
        let (plan, failure) = caught(bug, rule).await.unwrap_or_else(|| panic!("{bug:?} was not caught"));
        let caught = failure.violations.iter().find(|violation| violation.rule == rule);
        let caught = caught.unwrap_or_else(|| panic!("{bug:?} broke only {:?}", failure.violations));
        let shown = shrink(&failure.history, caught);
        assert!(shown.len() <= 6, "{bug:?}: {shown:#?}");
        assert!(failure.to_string().contains(&format!("HISTORY_SEED={}", plan.seed)));
    }
}

/// Stores more shares of one client than an answer holds, one after the other, and fetches after each that is too many.
async fn overfill(scene: &Scene, ask: impl AsyncFn(String, Half, Action) -> Outcome) -> Vec<Operation> {
    let share = |number| Kept { method: "UNKNOWN".into(), pair: None, share: format!("share-{number}") };
    let mut actions: Vec<Action> = Vec::new();
    for number in 0..MAX_SHARES + 4 {
        actions.push(Action::Store(vec![share(number)]));
        actions.extend((number >= MAX_SHARES).then_some(Action::Fetch));
    }
    let mut history = Vec::new();
    for action in actions {
        let (client, half, start) = (name(0), Half::Custodian, scene.tick());
        let outcome = ask(client.clone(), half, action.clone()).await;
        history.push(Operation { client, half, action, start, end: scene.tick(), outcome });
    }
    history
}

#[tokio::test]
async fn a_fetch_of_the_newest_alone_is_caught_and_the_real_one_keeps_the_first() {
    let scene = Scene::calm().await;
    let real = overfill(&scene, async |client, half, action| scene.ask(&client, half, &action).await).await;
    assert_eq!(violations(&real), []);
    let planted = Planted::new(Scene::calm().await, Bug::GivesTheNewest);
    let history =
        overfill(&planted.scene, async |client, half, action| planted.ask(client, half, action).await);
    let caught: Vec<Rule> = violations(&history.await).iter().map(|violation| violation.rule).collect();
    // The first fetch leaves one out, the second two, and so on.
    assert_eq!(caught, [Rule::TheFirstStay; 1 + 2 + 3 + 4]);
}
