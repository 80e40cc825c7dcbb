//! Crash points: the real binaries and the emulators are killed with SIGKILL between every two of a request's calls to
//! AWS, while a call is under way, and after the last; what was acknowledged before stays, what is there opens, and
//! nothing is there by half. (A kill is not a power cut: what a process has written stays with the system.)

mod emulated;
mod lane;
mod trigger;

use std::{
    collections::BTreeMap,
    io::{Write, stderr},
};

use fastrand::Rng;
use futures_util::future::join_all;
use webhook_fetch::answer::MAX_SHARES;

use self::{
    lane::{Lane, Victim},
    trigger::{Moment, Point},
};
use crate::custody::history::{
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
    List,
    /// Of a client who has more shares than an answer holds.
    FetchMany,
}

/// A request, where it is interrupted, and who is killed.
type Crash = (Request, Point, Victim);

const VICTIMS: [Victim; 2] = [Victim::Function, Victim::Emulators];

/// Every point of every request.
fn points() -> Vec<(Request, Point)> {
    let calls = [
        (Request::StoreCustodian, 3),
        (Request::StoreClient, 3),
        (Request::StoreBothCurves, 6),
        // Stops and time rows, then the shares, of which there are at least two to open.
        (Request::Fetch, 5),
        (Request::Get, 4),
        (Request::List, 2),
        // The stops, the newest time rows, the oldest, the first of the shares, and what follows at once: two to open, or
        // one and the next of the shares.
        (Request::FetchMany, 6),
    ];
    let of_request = |(request, calls)| {
        let moments = [Moment::Sent, Moment::UnderWay, Moment::Done];
        let of_calls = (0..calls).flat_map(move |call| moments.map(|moment| Point::Call(call, moment)));
        of_calls.chain([Point::Answered]).map(move |point| (request, point))
    };
    calls.into_iter().flat_map(of_request).collect()
}

/// Crashes for one client, so that its fetches stay small.
const CRASHES_OF_A_CLIENT: usize = 8;

/// More shares than an answer holds.
const MANY: usize = 130;

/// Interrupts requests in a random order, then holds all answers to the rules and looks at what is in the tables. Gives
/// how often each crash has happened.
async fn interrupt(seed: u64, mut crashes: Vec<Crash>) -> BTreeMap<Crash, usize> {
    let mut rng = Rng::with_seed(seed);
    let mut lane = Lane::start().await;
    rng.shuffle(&mut crashes);
    let mut happened = BTreeMap::new();
    let mut clients = Vec::new();
    let (many, few): (Vec<Crash>, Vec<Crash>) =
        crashes.into_iter().partition(|(request, ..)| *request == Request::FetchMany);
    let of_clients = many.chunks(CRASHES_OF_A_CLIENT).chain(few.chunks(CRASHES_OF_A_CLIENT));
    for (number, of_client) in of_clients.enumerate() {
        let mut wallet = Wallet { client: format!("client-{number}"), rng: rng.fork(), stored: 0 };
        let times = if of_client[0].0 == Request::FetchMany { MANY / 2 } else { 1 };
        for _ in 0..times {
            wallet.fill(&mut lane).await;
        }
        for crash in of_client {
            // On a busy machine a request can be refused before it comes to that call.
            let mut times = 1;
            while !wallet.interrupt(&mut lane, *crash).await {
                times += 1;
                assert!(times <= 3, "{crash:?} never comes");
            }
            *happened.entry(*crash).or_default() += 1;
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
        let kept = |method: &str| self.kept(method);
        match request {
            Request::StoreCustodian => (Half::Custodian, Action::Store(vec![kept("GDRIVE-SECP256K1")])),
            Request::StoreClient => (Half::Client, Action::Store(vec![kept("GDRIVE")])),
            Request::StoreBothCurves => {
                (Half::Client, Action::Store(vec![kept("GDRIVE-SECP256K1"), kept("GDRIVE-ED25519")]))
            }
            Request::Fetch | Request::FetchMany => (Half::Custodian, Action::Fetch),
            Request::List => (Half::Client, Action::Fetch),
            Request::Get => (Half::Client, Action::Get { method: None, pair: None }),
        }
    }

    /// Each store of a client share has a pair of its own, so that each can be asked for.
    fn kept(&self, method: &str) -> Kept {
        let share = format!("{}/{method}-{} {:x}", self.client, self.stored, self.stored);
        Kept { method: method.into(), pair: Some(format!("pair-{}", self.stored)), share }
    }
}

/// Every row of a client is whole, and opens if it was ever said to be stored. The app reaches all of its own by its own
/// routes.
async fn look(lane: &mut Lane, client: &str) {
    let stored = lane.stored(client, Half::Custodian).await;
    let fetched = lane.ask(client, Half::Custodian, &Action::Fetch).await;
    let opened = if let Outcome::Shares(shares) = fetched { shares.len() } else { 0 };
    assert_eq!(opened, stored.len().min(MAX_SHARES), "{stored:?} {fetched:?}");
    let stored = lane.stored(client, Half::Client).await;
    let listed = lane.ask(client, Half::Client, &Action::Fetch).await;
    let reached = if let Outcome::Shares(shares) = listed { shares.len() } else { 0 };
    assert_eq!(reached, stored.len(), "{stored:?} {listed:?}");
    for [method, pair] in stored {
        let get = Action::Get { method: Some(method.clone()), pair: Some(pair.clone()) };
        let got = lane.ask(client, Half::Client, &get).await;
        assert!(matches!(got, Outcome::Shares(_)), "{method} {pair} {got:?}");
    }
}

#[tokio::test]
async fn a_crash_between_any_two_calls_to_aws_loses_nothing_acknowledged_and_leaves_no_half_row() {
    let seed = seed("CRASH_SEED");
    let mut rng = Rng::with_seed(!seed);
    // The long test kills both at each point.
    let mut victim = || VICTIMS[usize::from(rng.bool())];
    let crashes: Vec<Crash> =
        points().into_iter().map(|(request, point)| (request, point, victim())).collect();
    let happened = interrupt(seed, crashes.clone()).await;
    assert_eq!(happened.len(), crashes.len(), "{happened:?}");
}

/// Systems under test at the same time.
const LANES: u64 = 12;

#[tokio::test]
#[ignore = "kills 10 000 times: cargo test -p tests -- --ignored --nocapture long_crashes"]
async fn long_crashes_lose_nothing_acknowledged_and_leave_no_half_row() {
    let every: Vec<Crash> = points()
        .into_iter()
        .flat_map(|(request, point)| VICTIMS.map(|victim| (request, point, victim)))
        .collect();
    let (mut first, mut happened) = (seed("CRASH_SEED"), BTreeMap::<Crash, usize>::new());
    while happened.values().sum::<usize>() < 10_000 {
        let lanes = (0..LANES).map(|lane| interrupt(first.wrapping_add(lane), every.clone()));
        for (crash, times) in join_all(lanes).await.into_iter().flatten() {
            *happened.entry(crash).or_default() += times;
        }
        let (kills, points) = (happened.values().sum::<usize>(), happened.len());
        writeln!(stderr(), "seeds from {first}: {kills} kills in all, at {points} points").unwrap();
        first = first.wrapping_add(LANES);
    }
    assert_eq!(happened.len(), every.len());
}
