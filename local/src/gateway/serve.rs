//! The gateway as an HTTP server, made of the template's APIs.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use axum::{Router, routing::any};
use tokio::{net::TcpListener, sync::watch};

use super::{
    access_log::AccessLog,
    authorize::Authorizers,
    bucket::Bucket,
    invoke::Invoker,
    place::{Place, Served, ServedApi, ServedRoute, serve},
};
use crate::{template::Api, tokens::Tokens};

/// How long an integration may take (API Gateway quotas: maximum integration timeout), and a body to come; the latter has not
/// been tried.
const LONGEST: Duration = Duration::from_secs(30);

/// What a gateway is made of.
pub struct Settings {
    /// What it serves.
    pub apis: Vec<Api>,
    /// The identity provider.
    pub tokens: Tokens,
    /// The user's own authorizer.
    pub authorizer: Option<PathBuf>,
    /// The timeout of each function, by binary.
    pub functions: BTreeMap<String, Duration>,
    /// The Lambda Invoke API, such as `http://127.0.0.1:9000`.
    pub invoke_url: String,
    /// While it is some message, every routed request gets a 503 that says it.
    pub held: watch::Receiver<Option<String>>,
    /// Whether routes take no more requests than the template says.
    pub keeps_rates: bool,
    /// The folder of the access logs.
    pub logs: PathBuf,
}

/// Serves the routes of one or more APIs.
pub struct Gateway {
    router: Router,
}

impl Gateway {
    /// A gateway with these settings.
    ///
    /// # Errors
    /// When an access log can't be written, or there is no API.
    pub fn new(settings: Settings) -> Result<Self> {
        Self::patient(settings, LONGEST)
    }

    /// The same with another patience.
    pub(super) fn patient(settings: Settings, patience: Duration) -> Result<Self> {
        let Settings { apis, tokens, authorizer: program, functions, invoke_url, held, keeps_rates, logs } =
            settings;
        let authorizers = Authorizers { tokens, program };
        let invoker = Invoker::new(invoke_url, functions, patience);
        let served = Arc::new(Served { authorizers, invoker, held, patience });
        let mut router = Router::new();
        let mut elsewhere = None;
        for api in apis {
            let path = logs.join(format!("{}.log", api.logical_id));
            let log = api.stage.log_format.map(|format| AccessLog::open(format, &path)).transpose();
            let log = log.with_context(|| format!("{} can't be written", path.display()))?;
            let served_api = Arc::new(ServedApi { cors: api.cors, authorizers: api.authorizers, log });
            let place = |routes| Place { served: Arc::clone(&served), api: Arc::clone(&served_api), routes };
            elsewhere.get_or_insert_with(|| place(Vec::new()));
            let mut shapes = BTreeMap::<String, Vec<ServedRoute>>::new();
            for route in api.routes {
                let rate = api.stage.rate.filter(|_| keeps_rates);
                let bucket = rate.map(|rate| Bucket::new(rate, Instant::now()));
                shapes.entry(shape(&route.path)).or_default().push(ServedRoute { route, bucket });
            }
            for (shape, routes) in shapes {
                router = router.route(&shape, any(serve).with_state(Arc::new(place(routes))));
            }
        }
        // On AWS each API has a host of its own; here a path that none has is the first's.
        let elsewhere = elsewhere.context("the template has no API")?;
        Ok(Self { router: router.fallback_service(any(serve).with_state(Arc::new(elsewhere))) })
    }

    /// Serves until `shutdown` is ready and the requests under way are answered.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let service = self.router.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).with_graceful_shutdown(shutdown).await
    }
}

/// A route's path without the names of its parameters, which may differ from method to method.
fn shape(path: &str) -> String {
    let segment = |(number, segment): (usize, &str)| {
        if segment.starts_with('{') { format!("{{{number}}}") } else { segment.to_owned() }
    };
    path.split('/').enumerate().map(segment).collect::<Vec<_>>().join("/")
}
