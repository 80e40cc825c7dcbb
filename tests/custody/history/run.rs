//! Runs a plan: concurrent callers, the real function code, and AWS behind two proxies that break calls.

use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
};

use backup_shares::{ids::ClientId, stop::Held};
use faults::Proxy;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::{
    operation::{Action, Half, Kept, Operation, Outcome},
    plan::{Plan, name},
    weather::{DYNAMODB, KMS, weather},
};
use crate::support::{
    event::Event,
    half,
    system::{Answer, System},
};

/// Callers of one client; they deal its requests among themselves.
const CALLERS: usize = 3;

/// Callers at work at once: few, so that a slow machine answers within the time that a call to AWS may take.
const AT_ONCE: usize = 9;

/// The system, and the way to it through bad weather.
pub struct Scene {
    pub system: System,
    clock: AtomicU64,
    _proxies: Vec<Proxy>,
}

impl Scene {
    pub async fn start(seed: u64) -> Self {
        let mut system = System::start().await;
        let proxies = system.intercept_both(weather(seed, DYNAMODB), weather(!seed, KMS)).await;
        Self { system, clock: AtomicU64::new(0), _proxies: proxies.into() }
    }

    /// A system to which nothing happens.
    pub async fn calm() -> Self {
        Self { system: System::start().await, clock: AtomicU64::new(0), _proxies: Vec::new() }
    }

    /// Sends a request and gives what it came to.
    pub async fn ask(&self, client: &str, half: Half, action: &Action) -> Outcome {
        match (action, half) {
            (Action::Freeze, _) => self.freeze(client, half).await,
            (Action::Thaw, _) => self.thaw(client, half).await,
            (Action::Fetch, Half::Client) => {
                let page = self.system.call(event(client, half, action)).await;
                reach(client, page, async |event| self.system.call(event).await).await
            }
            _ => outcome(action, &self.system.call(event(client, half, action)).await),
        }
    }

    /// By the operator's own way to the table, which no weather reaches.
    async fn freeze(&self, client: &str, half: Half) -> Outcome {
        self.system.hold(functions(half), client, Held::Everything).await;
        Outcome::Done
    }

    async fn thaw(&self, client: &str, half: Half) -> Outcome {
        let id = ClientId::parse(client).unwrap();
        for stop in self.system.operators_table(functions(half)).stops(&id).await.unwrap() {
            self.system.lift(functions(half), client, &stop).await;
        }
        Outcome::Done
    }

    /// The next moment of the one clock.
    pub fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }
}

/// Runs all requests of a plan; `ask` sends one.
pub async fn run<'a, F>(
    plan: Plan,
    scene: &'a Scene,
    ask: impl Fn(String, Half, Action) -> F + Copy + 'a,
) -> Vec<Operation>
where
    F: Future<Output = Outcome>,
{
    let caller = |(client, caller)| async move {
        let mut done = Vec::new();
        for (half, action) in plan.requests(client).into_iter().skip(caller).step_by(CALLERS) {
            let (client, start) = (name(client), scene.tick());
            let outcome = ask(client.clone(), half, action.clone()).await;
            done.push(Operation { client, half, action, start, end: scene.tick(), outcome });
        }
        done
    };
    let callers = (0..plan.clients).flat_map(|client| (0..CALLERS).map(move |number| (client, number)));
    stream::iter(callers).map(caller).buffer_unordered(AT_ONCE).concat().await
}

/// All client shares by the app's own routes alone, from the first page of the list on: page by page, and each by its id.
pub async fn reach(client: &str, mut page: Answer, mut call: impl AsyncFnMut(Event) -> Answer) -> Outcome {
    let asked = |function: &str, name: &str, id: &Value| {
        let query = format!("{name}={}", id.as_str().unwrap());
        Event::of(function).client(client).query(&query)
    };
    let mut shares: Vec<String> = Vec::new();
    loop {
        let Some(backups) = page.body["backups"].as_array() else { return refused(&page) };
        for backup in backups {
            let got = call(asked("get-backup", "backupId", &backup["id"])).await;
            let Some(share) = got.body["cipherText"].as_str() else { return refused(&got) };
            if !shares.iter().any(|known| known == share) {
                shares.push(share.into());
            }
        }
        match &page.body["next"] {
            Value::Null if shares.is_empty() => return Outcome::Missing,
            Value::Null => return Outcome::Shares(shares),
            next => page = call(asked("list-backups", "before", next)).await,
        }
    }
}

fn refused(answer: &Answer) -> Outcome {
    match answer.status {
        503 => Outcome::Unknown,
        423 => Outcome::Frozen,
        status => Outcome::Wrong(status),
    }
}

pub const fn functions(half: Half) -> half::Half {
    match half {
        Half::Client => half::CLIENTS,
        Half::Custodian => half::CUSTODIANS,
    }
}

/// A request as the event that API Gateway makes of it.
pub fn event(client: &str, half: Half, action: &Action) -> Event {
    match (action, half) {
        (Action::Fetch, Half::Client) => Event::of("list-backups").client(client).query(""),
        (Action::Fetch, Half::Custodian) => Event::of("webhook-fetch").body(json!({ "clientId": client })),
        (Action::Get { method, pair }, _) => {
            let query = [("backupMethod", method), ("backupSharePairId", pair)];
            let query = query.map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")));
            let query: Vec<String> = query.into_iter().flatten().collect();
            Event::of("get-backup").client(client).query(&query.join("&"))
        }
        (Action::Freeze | Action::Thaw, _) => panic!("no function stops anything"),
        (Action::Store(kept), Half::Client) => {
            Event::of("store-backup").client(client).body(client_body(kept))
        }
        (Action::Store(kept), Half::Custodian) => Event::of("webhook-backup")
            .body(body(&kept[0], &[("clientId", client), ("share", &kept[0].share)])),
    }
}

fn client_body(kept: &[Kept]) -> Value {
    let [secp256k1, ed25519] = kept else { return body(&kept[0], &[("cipherText", &kept[0].share)]) };
    let method = secp256k1.method.trim_end_matches("-SECP256K1").replace("CUSTOM", "UNKNOWN");
    let shares = [("secp256k1Ciphertext", &*secp256k1.share), ("ed25519Ciphertext", &*ed25519.share)];
    json!({ "data": body(&Kept { method, ..secp256k1.clone() }, &shares) })
}

/// These fields, and where the share belongs as far as it is known.
fn body(kept: &Kept, fields: &[(&str, &str)]) -> Value {
    let method = (kept.method != "UNKNOWN").then_some(("backupMethod", kept.method.as_str()));
    let pair = kept.pair.as_deref().map(|pair| ("backupSharePairId", pair));
    fields.iter().copied().chain(method).chain(pair).collect()
}

/// What an answer says. Both names of a share have to say the same.
pub fn outcome(action: &Action, answer: &Answer) -> Outcome {
    let text = |name: &str| answer.body[name].as_str().map(str::to_owned);
    match (answer.status, action) {
        (200, Action::Store(_)) => Outcome::Stored,
        (200, Action::Fetch) if answer.body == json!({"backupShares": []}) => Outcome::Missing,
        (200, Action::Fetch) if answer.shares().first().copied() == text("backupShare").as_deref() => {
            Outcome::Shares(answer.shares().into_iter().map(str::to_owned).collect())
        }
        (200, Action::Get { .. }) if text("cipherText") == text("backupShare") => {
            Outcome::Shares(text("cipherText").into_iter().collect())
        }
        (404, Action::Get { .. }) => Outcome::Missing,
        (400, _) => Outcome::Refused,
        (423, _) => Outcome::Frozen,
        (503, _) => Outcome::Unknown,
        (status, _) => Outcome::Wrong(status),
    }
}
