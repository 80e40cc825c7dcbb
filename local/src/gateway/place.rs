//! What is at one path: finds the route for a request, and answers it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE};
use tokio::{sync::watch, time::timeout};
use uuid::Uuid;

use super::{
    access_log::{AccessLog, Context},
    answer,
    authorize::Authorizers,
    bucket::Bucket,
    cors,
    event::Arrival,
    invoke::Invoker,
    refusal::Refusal,
};
use crate::template::{Authorizer, Cors, Route};

/// The largest request body of an HTTP API (API Gateway quotas: payload size).
pub(super) const LARGEST_BODY: usize = 10 * 1024 * 1024;
/// The largest request line and header values together (API Gateway quotas). That more is 431 has not been tried.
pub(super) const LARGEST_HEAD: usize = 10_240;

const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// What serves every route.
pub(super) struct Served {
    pub authorizers: Authorizers,
    pub invoker: Invoker,
    pub held: watch::Receiver<Option<String>>,
    /// How long a body may take to come.
    pub patience: Duration,
}

/// What an API does for all its routes.
pub(super) struct ServedApi {
    pub cors: Option<Cors>,
    pub authorizers: BTreeMap<String, Authorizer>,
    pub log: Option<AccessLog>,
}

pub(super) struct ServedRoute {
    pub route: Route,
    /// None where a route takes what comes.
    pub bucket: Option<Bucket>,
}

/// The routes of an API at one path.
pub(super) struct Place {
    pub served: Arc<Served>,
    pub api: Arc<ServedApi>,
    pub routes: Vec<ServedRoute>,
}

/// Answers a request to that path.
pub(super) async fn serve(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let start = Instant::now();
    let id = request_id();
    let mut context =
        Context::from([("requestId", id.clone()), ("identity.sourceIp", peer.ip().to_string())]);
    let cors = place.api.cors.as_ref().map(|cors| cors::headers(cors, &request));
    let answer = place.answer(request, peer, &id, &mut context).await;
    let mut response = answer.unwrap_or_else(|refusal| {
        context.insert("error.responseType", refusal.response_type().to_owned());
        refusal.into_response()
    });
    if let Some(headers) = cors {
        cors::replace(response.headers_mut(), headers);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    context.insert("status", response.status().as_u16().to_string());
    context.insert("responseLatency", start.elapsed().as_millis().to_string());
    if let Some(log) = &place.api.log {
        log.write(&context);
    }
    response
}

/// Looks like API Gateway's: 11 bytes in base64.
fn request_id() -> String {
    BASE64_URL_SAFE.encode(&Uuid::new_v4().as_bytes()[..11])
}

impl Place {
    /// An HTTP API knows no 405: a path with another method is a route that it doesn't have.
    async fn answer(
        &self,
        request: Request,
        peer: SocketAddr,
        id: &str,
        context: &mut Context,
    ) -> Result<Response, Refusal> {
        if head_size(&request) > LARGEST_HEAD {
            return Err(Refusal::HeadTooLarge);
        }
        if self.api.cors.is_some() && cors::is_preflight(&request) {
            return Ok(cors::preflight());
        }
        let (head, body) = request.into_parts();
        let found = self.routes.iter().find(|served| served.route.method == head.method);
        let ServedRoute { route, bucket } = found.ok_or(Refusal::NotFound)?;
        context.insert("routeKey", route.key());
        if bucket.as_ref().is_some_and(|bucket| !bucket.takes(Instant::now())) {
            return Err(Refusal::TooMany);
        }
        if let Some(message) = self.served.held.borrow().clone() {
            return Err(Refusal::Held(message));
        }
        let time = SystemTime::now().into();
        let arrival = Arrival { route, head: &head, peer: peer.ip(), request_id: id, time };
        let authorized = self.authorize(&arrival, context).await?;
        let body = self.whole(body).await?;
        let event = arrival.for_function(authorized, &body);
        self.invoke(route, event.to_string(), context).await
    }

    async fn authorize(
        &self,
        arrival: &Arrival<'_>,
        context: &mut Context,
    ) -> Result<Option<serde_json::Value>, Refusal> {
        let Some(name) = &arrival.route.authorizer else { return Ok(None) };
        let authorizer = self.api.authorizers.get(name).ok_or(Refusal::AuthorizerFailed)?;
        let said = self.served.authorizers.authorize(authorizer, arrival).await;
        if let Some(reason) = said.as_ref().err().and_then(Refusal::reason) {
            context.insert("authorizer.error", reason.to_owned());
        }
        said.map(Some)
    }

    async fn whole(&self, body: Body) -> Result<Bytes, Refusal> {
        let whole = timeout(self.served.patience, to_bytes(body, LARGEST_BODY)).await;
        // Else the connection broke off, and nobody reads this.
        whole.map_err(|_elapsed| Refusal::Stalled)?.map_err(|_| Refusal::TooLarge)
    }

    async fn invoke(&self, route: &Route, event: String, context: &mut Context) -> Result<Response, Refusal> {
        let start = Instant::now();
        let payload = self.served.invoker.invoke(&route.function, event).await;
        context.insert("integrationLatency", start.elapsed().as_millis().to_string());
        let payload = payload?;
        // Lambda's, whatever the function says.
        context.insert("integrationStatus", "200".to_owned());
        answer::response(&payload).map_err(|problem| {
            tracing::error!(function = route.function, %problem, "the function's answer is no HTTP response");
            Refusal::Internal
        })
    }
}

fn head_size(request: &Request) -> usize {
    let line = format!("{} {} {:?}", request.method(), request.uri(), request.version());
    line.len() + request.headers().values().map(HeaderValue::len).sum::<usize>()
}
