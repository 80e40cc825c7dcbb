//! A service's front: TLS with a certificate authority of this run, a time that each call takes, and counts of what came.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{Request, Response, StatusCode, request, response},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use serde::Serialize;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// Calls that always get the same answer for the same request. They are asked of the service once and answered from memory
/// then: what is measured is the function, not how fast the emulator is.
const READS: [&str; 3] = ["Query", "BatchGetItem", "Decrypt"];

/// What came through a front.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counts {
    /// Connections.
    pub connections: u64,
    /// Calls.
    pub calls: u64,
    /// Bytes of their bodies, both ways.
    pub bytes: u64,
}

impl Counts {
    /// What came since then.
    pub const fn since(self, before: Self) -> Self {
        Self {
            connections: self.connections - before.connections,
            calls: self.calls - before.calls,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// A running front; it stops when this is dropped.
pub struct Front {
    /// Its base URL, which takes the service's place.
    pub url: String,
    service: Arc<Service>,
    _serving: JoinSet<()>,
}

/// What stands behind a front.
struct Service {
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
    takes: Duration,
    counts: Mutex<Counts>,
    known: Mutex<HashMap<Asked, Answer>>,
}

/// The operation and the body of a call.
type Asked = (String, Bytes);

type Answer = (response::Parts, Bytes);

impl Front {
    /// Starts before the service at that URL.
    pub async fn start(url: String, takes: Duration, tls: Arc<ServerConfig>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let (counts, known) = Default::default();
        let service = Arc::new(Service { url, client, takes, counts, known });
        let front = Self {
            url: format!("https://{}", listener.local_addr()?),
            service: Arc::clone(&service),
            _serving: [accept(listener, tls.into(), service)].into_iter().collect(),
        };
        Ok(front)
    }

    /// What came so far.
    pub fn counts(&self) -> Counts {
        *lock(&self.service.counts)
    }
}

/// A panic leaves whole values behind.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, service: Arc<Service>) {
    let router = Router::new().fallback(serve).with_state(Arc::clone(&service));
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        lock(&service.counts).connections += 1;
        let (tls, router) = (tls.clone(), router.clone());
        connections.spawn(async move {
            stream.set_nodelay(true).ok()?;
            let stream = TokioIo::new(tls.accept(stream).await.ok()?);
            let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new()).http1_only();
            http.serve_connection(stream, TowerToHyperService::new(router)).await.ok()
        });
    }
}

async fn serve(State(service): State<Arc<Service>>, request: Request<Body>) -> Response<Body> {
    match service.answer(request).await {
        Ok((head, body)) => Response::from_parts(head, Body::from(body)),
        Err(error) => {
            let mut response = Response::new(Body::from(error.to_string()));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        }
    }
}

impl Service {
    async fn answer(&self, request: Request<Body>) -> Result<Answer> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let until = Instant::now() + self.takes;
        let sent = body.len();
        let answer = self.ask(head, body).await?;
        {
            let mut counts = lock(&self.counts);
            counts.calls += 1;
            counts.bytes += u64::try_from(sent + answer.1.len())?;
        }
        // A thread's sleep ends some 60 microseconds late, tokio's up to a millisecond.
        let rest = until.saturating_duration_since(Instant::now());
        tokio::task::spawn_blocking(move || thread::sleep(rest)).await?;
        Ok(answer)
    }

    async fn ask(&self, head: request::Parts, body: Bytes) -> Result<Answer> {
        let target = head.headers.get("x-amz-target").context("no operation")?.to_str()?;
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let asked = READS.contains(&operation.as_str()).then(|| (operation, body.clone()));
        if let Some(known) = asked.as_ref().and_then(|asked| lock(&self.known).get(asked).cloned()) {
            return Ok(known);
        }
        let mut request = Request::post(&self.url).body(Full::new(body))?;
        *request.headers_mut() = head.headers;
        let (head, body) = self.client.request(request).await?.into_parts();
        let answer = (head, body.collect().await?.to_bytes());
        if let Some(asked) = asked {
            lock(&self.known).insert(asked, answer.clone());
        }
        Ok(answer)
    }
}
