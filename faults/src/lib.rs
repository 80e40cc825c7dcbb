//! A proxy in front of a service of AWS that sees each call and breaks those that it is told to: **for tests and
//! measurements alone**, never deployed.

mod batch;
mod connection;
mod message;

use std::{
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, task::JoinSet};

pub use self::message::message;

/// What becomes of a call.
pub enum Fate {
    /// It goes through.
    Pass,
    /// The service hears of it after this time, even when the caller has given up by then.
    Late(Duration),
    /// The service's answer arrives this much later.
    Slow(Duration),
    /// The service's answer arrives at this moment, or when it is there if that is later.
    At(Instant),
    /// The service's answer bears a `Date` so many seconds from now; none for `None`.
    Dated(Option<i64>),
    /// The service's answer arrives byte by byte, with this pause before each of its body.
    Trickle(Duration),
    /// The service is asked for half of a batch's keys, and the answer says that the others have to be asked for again.
    /// Any other call goes through.
    Halve,
    /// Half of the answer's body arrives, then the connection ends.
    Truncate,
    /// The service never hears of it; this takes the place of its answer.
    Before(Fault),
    /// The service is sent it, and this comes at once, whatever the service does.
    During(Fault),
    /// The service does what was asked; this takes the place of its answer.
    After(Fault),
}

/// What a caller gets in place of an answer.
pub enum Fault {
    /// This JSON, with 200.
    Answer(String),
    /// This error of the service.
    Refuse(Exception),
    /// The end of the connection, in good order.
    Close,
    /// A reset of the connection.
    Reset,
    /// Nothing, for as long as it waits.
    Hang,
    /// Whatever this brings about, then a reset of the connection.
    Run(Box<dyn FnOnce() + Send>),
}

/// An error as DynamoDB and KMS answer it: a status, and a code in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The status, which tells an SDK whether the service or the caller is at fault.
    pub status: u16,
    /// The exception's name, such as `ThrottlingException`.
    pub code: &'static str,
}

impl Exception {
    /// DynamoDB fails, and may have done what was asked.
    pub const DYNAMODB_FAILS: Self = Self { status: 500, code: "InternalServerError" };
    /// KMS fails.
    pub const KMS_FAILS: Self = Self { status: 500, code: "KMSInternalException" };
    /// A table's throughput is used up.
    pub const TABLE_THROTTLES: Self = Self { status: 400, code: "ProvisionedThroughputExceededException" };
    /// The account's rate of requests is used up, of either service.
    pub const THROTTLES: Self = Self { status: 400, code: "ThrottlingException" };
    /// A quota of KMS is used up.
    pub const KMS_LIMITS: Self = Self { status: 400, code: "LimitExceededException" };
}

/// A call as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which connection it came on, 0 for the first.
    pub connection: usize,
    /// Such as `Query`; empty when the request names none.
    pub operation: String,
    /// How many calls of this operation came before it.
    pub nth: usize,
    /// Whether the call was signed.
    pub signed: bool,
    /// The request's JSON.
    pub body: String,
}

/// A running proxy; it stops when this is dropped.
pub struct Proxy {
    /// Its base URL, which takes the service's place.
    pub url: String,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

impl Proxy {
    /// Starts on a free port in front of a service. `fate` is asked for each call, in the order of arrival from 0.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(
        service: &str,
        fate: impl Fn(usize, &Seen) -> Fate + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::default());
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::new(Plan { shared: Arc::clone(&shared), fate })));
        let proxy = Self { url, shared, _serving: serving };
        proxy.move_to(service);
        Ok(proxy)
    }

    /// Stands in front of another service, or of the same at another address, from the next call on.
    pub fn move_to(&self, service: &str) {
        *lock(&self.shared.service) = service.replace("http://", "");
    }

    /// The calls so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.calls).clone()
    }
}

/// What a proxy shares with its connections.
#[derive(Default)]
struct Shared {
    service: Mutex<String>,
    calls: Mutex<Vec<Seen>>,
}

impl Shared {
    /// Writes a call down, and gives its number.
    fn note(&self, mut call: Seen) -> (usize, Seen) {
        let mut calls = lock(&self.calls);
        call.nth =
            calls.iter().rfind(|before| before.operation == call.operation).map_or(0, |last| last.nth + 1);
        calls.push(call.clone());
        (calls.len() - 1, call)
    }
}

/// A panic leaves whole values behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All that a connection's task needs.
struct Plan<F> {
    shared: Arc<Shared>,
    fate: F,
}

async fn accept<F>(listener: TcpListener, plan: Arc<Plan<F>>)
where
    F: Fn(usize, &Seen) -> Fate + Send + Sync + 'static,
{
    let mut connections = JoinSet::new();
    for number in 0.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        let plan = Arc::clone(&plan);
        connections.spawn(async move { connection::serve(stream, number, &plan).await });
        while connections.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests;
