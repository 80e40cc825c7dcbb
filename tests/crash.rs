//! Crash points: the real binaries and the emulators are killed with SIGKILL between every two of a request's calls to
//! AWS, while a call is under way, and after the last; what was acknowledged before stays, what is there opens, and
//! nothing is there by half. (A kill is not a power cut: what a process has written stays with the system.)

mod emulated;
mod lane;
mod trigger;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Write, stderr},
};

use fastrand::Rng;
use futures_util::future::join;

use self::{
    lane::{Lane, Victim},
    trigger::{Moment, Point},
};
use crate::history::{
    operation::{Action, Half, Kept, Outcome},
    rules::violations,
    seed,
    shrink::shrink,
};

/// A request that is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Request {
    StoreCustodian,
    StoreClient,
    StoreBothCurves,
    Fetch,
    Get,
}

type Crash = (Request, Point, Victim);

/// Every point of every request, for both victims.
fn crashes() -> Vec<Crash> {
    let calls = [
        (Request::StoreCustodian, 2),
        (Request::StoreClient, 2),
        (Request::StoreBothCurves, 4),
        // There are at least two shares to open.
        (Request::Fetch, 3),
        (Request::Get, 2),
    ];
    let points = calls.into_iter().flat_map(|(request, calls)| {
        let moments = [Moment::Sent, Moment::UnderWay, Moment::Done];
        let of_calls = (0..calls).flat_map(move |call| moments.map(|moment| Point::Call(call, moment)));
        of_calls.chain([Point::Answered]).map(move |point| (request, point))
    });
    points
        .flat_map(|(request, point)| {
            [Victim::Function, Victim::Emulators].map(|victim| (request, point, victim))
        })
        .collect()
}

/// Crashes for one client, so that its fetches stay small.
const CRASHES_OF_A_CLIENT: usize = 8;

/// Interrupts requests in a random order, then holds all answers to the rules and looks at what is in the tables. Gives
/// how often each crash has happened.
async fn interrupt(seed: u64, rounds: usize) -> BTreeMap<Crash, usize> {
    let mut rng = Rng::with_seed(seed);
    let mut lane = Lane::start().await;
    let mut crashes = crashes().repeat(rounds);
    rng.shuffle(&mut crashes);
    let mut happened = BTreeMap::new();
    let mut clients = Vec::new();
    for (number, of_client) in crashes.chunks(CRASHES_OF_A_CLIENT).enumerate() {
        let mut wallet = Wallet { client: format!("client-{number}"), rng: rng.fork(), stored: 0 };
        wallet.fill(&mut lane).await;
        for crash in of_client {
            if wallet.interrupt(&mut lane, *crash).await {
                *happened.entry(*crash).or_default() += 1;
            }
        }
        clients.push(wallet.client);
    }
    lane.kill_emulators().await;
    for client in &clients {
        look(&mut lane, client).await;
    }
    if let Some(first) = violations(&lane.history).first() {
        let shown = shrink(&lane.history, first);
        panic!("{first:?}\n{shown:#?}\nreplay with CRASH_SEED={seed} and this test");
    }
    happened
}

/// A client of a run.
struct Wallet {
    client: String,
    rng: Rng,
    stored: usize,
}

impl Wallet {
    /// Stores what reads need to find something.
    async fn fill(&mut self, lane: &mut Lane) {
        for request in [Request::StoreCustodian, Request::StoreCustodian, Request::StoreClient] {
            let (half, action) = self.action(request);
            assert_eq!(*lane.ask(&self.client, half, &action).await, Outcome::Stored);
        }
    }

    /// One request with a crash, and what follows: a repetition of it or not, and a look. Whether there was a crash.
    async fn interrupt(&mut self, lane: &mut Lane, (request, point, victim): Crash) -> bool {
        let (half, action) = self.action(request);
        let killed = lane.kill(&self.client, half, &action, (point, victim)).await;
        if self.rng.bool() {
            lane.ask(&self.client, half, &action).await;
        }
        let read = if half == Half::Custodian { Request::Fetch } else { Request::Get };
        let (_, look) = self.action(read);
        lane.ask(&self.client, half, &look).await;
        killed
    }

    fn action(&mut self, request: Request) -> (Half, Action) {
        self.stored += 1;
        // Each store of a client share has a pair of its own, so that each can be asked for.
        let pair = format!("pair-{}", self.stored);
        let kept = |method: &str| {
            let share = format!("{}/{method}-{} {:x}", self.client, self.stored, self.stored);
            Kept { method: method.into(), pair: Some(pair.clone()), share }
        };
        match request {
            Request::StoreCustodian => (Half::Custodian, Action::Store(vec![kept("GDRIVE-SECP256K1")])),
            Request::StoreClient => (Half::Client, Action::Store(vec![kept("GDRIVE")])),
            Request::StoreBothCurves => {
                (Half::Client, Action::Store(vec![kept("GDRIVE-SECP256K1"), kept("GDRIVE-ED25519")]))
            }
            Request::Fetch => (Half::Custodian, Action::Fetch),
            Request::Get => (Half::Client, Action::Get { method: None, pair: None }),
        }
    }
}

/// Every row of a client is whole and opens.
async fn look(lane: &mut Lane, client: &str) {
    let rows = lane.rows(client, Half::Custodian).await;
    let fetched = lane.ask(client, Half::Custodian, &Action::Fetch).await;
    assert!(matches!(fetched, Outcome::Shares(shares) if shares.len() == rows.len()), "{rows:?} {fetched:?}");
    for row in lane.rows(client, Half::Client).await {
        let [_, method, pair, _] = row.split('#').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let get = Action::Get { method: Some(method.into()), pair: Some(pair.into()) };
        let got = lane.ask(client, Half::Client, &get).await;
        assert!(matches!(got, Outcome::Shares(_)), "{row} {got:?}");
    }
}

#[tokio::test]
async fn a_crash_between_any_two_calls_to_aws_loses_nothing_acknowledged_and_leaves_no_half_row() {
    let happened = interrupt(seed("CRASH_SEED"), 1).await;
    let missed: Vec<_> = crashes().into_iter().filter(|crash| !happened.contains_key(crash)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[tokio::test]
#[ignore = "kills 10 000 times: cargo test -p tests -- --ignored long_crashes"]
async fn long_crashes_lose_nothing_acknowledged_and_leave_no_half_row() {
    let (mut number, mut kills, mut points) = (seed("CRASH_SEED"), 0, BTreeSet::new());
    while kills < 10_000 {
        let lanes = join(interrupt(number, 3), interrupt(number.wrapping_add(1), 3)).await;
        for happened in [lanes.0, lanes.1] {
            kills += happened.values().sum::<usize>();
            points.extend(happened.into_keys());
        }
        writeln!(stderr(), "seeds from {number}: {kills} kills at {} points", points.len()).unwrap();
        number = number.wrapping_add(2);
    }
    assert_eq!(points.len(), crashes().len());
}
