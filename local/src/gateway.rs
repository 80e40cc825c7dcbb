//! API Gateway's HTTP APIs on a desk: the template's routes, all on one port, in front of cargo-lambda's Invoke API.

mod answer;
mod cors;
mod event;
mod invoke;
mod refusal;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

use crate::template::{Api, Route};
use crate::tokens::{Identity, Tokens};
use event::Routed;
use invoke::Invoker;
use refusal::Refusal;

/// The largest request body of an HTTP API (API Gateway quotas: payload size).
const LARGEST_BODY: usize = 10 * 1024 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// Serves the routes of one or more APIs.
pub struct Gateway {
    apis: Vec<Api>,
    tokens: Tokens,
    invoker: Invoker,
    held: watch::Receiver<Option<String>>,
}

impl Gateway {
    /// A gateway that invokes `functions` (each with its timeout, by binary) through the Lambda Invoke API at
    /// `invoke_url`, such as `http://127.0.0.1:9000`. While `held` is some message, every routed request gets a 503
    /// that says it.
    #[must_use]
    pub fn new(
        apis: Vec<Api>,
        tokens: Tokens,
        functions: BTreeMap<String, Duration>,
        invoke_url: String,
        held: watch::Receiver<Option<String>>,
    ) -> Self {
        let invoker = Invoker::new(invoke_url, functions);
        Self { apis, tokens, invoker, held }
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
        let service = Router::new().fallback(serve_one).with_state(Arc::new(self));
        let service = service.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).with_graceful_shutdown(shutdown).await
    }

    /// The API that a path belongs to. On AWS each has a host of its own; here a path that none has is the first's.
    fn api(&self, path: &str) -> Option<&Api> {
        let has = |api: &&Api| routes::has(&api.routes, path);
        self.apis.iter().find(has).or_else(|| self.apis.first())
    }

    async fn answer(
        &self,
        api: &Api,
        request: Request,
        peer: SocketAddr,
        id: &str,
    ) -> Result<Response, Refusal> {
        let (head, body) = request.into_parts();
        let (route, parameters) =
            routes::find(&api.routes, &head.method, head.uri.path()).ok_or(Refusal::NotFound)?;
        if let Some(message) = self.held.borrow().clone() {
            return Err(Refusal::Held(message));
        }
        let identity = self.authorize(api, route, &head.headers)?;
        let body = whole(body).await?;
        let routed = Routed {
            route,
            parameters,
            head: &head,
            body: &body,
            peer: peer.ip(),
            identity,
            request_id: id,
            time: SystemTime::now().into(),
        };
        let payload = self.invoker.invoke(&route.function, routed.event().to_string()).await?;
        answer::response(&payload).map_err(|problem| {
            tracing::error!(function = route.function, %problem, "the function's answer is no HTTP response");
            Refusal::Internal
        })
    }

    fn authorize(&self, api: &Api, route: &Route, headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
        let Some(name) = &route.authorizer else {
            return Ok(None);
        };
        let authorizer = api.authorizers.get(name).ok_or(Refusal::Internal)?;
        let source = headers.get(&authorizer.header).and_then(|value| value.to_str().ok());
        self.tokens
            .verify(source, authorizer, &route.scopes, SystemTime::now())
            .map(Some)
            .map_err(|refusal| Refusal::unauthorized(refusal, &route.scopes))
    }
}

async fn whole(body: Body) -> Result<Bytes, Refusal> {
    // Else the connection broke off, and nobody reads this.
    to_bytes(body, LARGEST_BODY).await.map_err(|_| Refusal::TooLarge)
}

async fn serve_one(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let id = request_id();
    let mut response = match gateway.api(request.uri().path()) {
        Some(api) => answer_with_cors(&gateway, api, request, peer, &id).await,
        None => Refusal::NotFound.into_response(),
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn answer_with_cors(
    gateway: &Gateway,
    api: &Api,
    request: Request,
    peer: SocketAddr,
    id: &str,
) -> Response {
    let cors = api.cors.as_ref().map(|cors| cors::headers(cors, &request));
    let mut response = if cors.is_some() && cors::is_preflight(&request) {
        cors::preflight()
    } else {
        let answer = gateway.answer(api, request, peer, id).await;
        answer.unwrap_or_else(IntoResponse::into_response)
    };
    if let Some(headers) = cors {
        cors::replace(response.headers_mut(), headers);
    }
    response
}

/// Looks like API Gateway's: 11 bytes in base64.
fn request_id() -> String {
    URL_SAFE.encode(&Uuid::new_v4().as_bytes()[..11])
}
