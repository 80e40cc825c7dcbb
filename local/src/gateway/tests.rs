use std::collections::BTreeSet;
use std::future::pending;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{StatusCode, request};
use axum::routing::post;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::template::{Cors, JwtAuthorizer};
use crate::tokens::tests::TOKENS;

const BRIEF: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(30);

/// Cargo-lambda's Invoke API, as far as an answer of each kind goes.
async fn invocation(Path(function): Path<String>, event: Bytes) -> Response {
    match function.as_str() {
        "echo" => {
            let event = String::from_utf8(event.into()).unwrap();
            json!({"statusCode": 200, "body": event}).to_string().into_response()
        }
        "fails" => (StatusCode::INTERNAL_SERVER_ERROR, r#"{"errorType":"E"}"#).into_response(),
        "marked" => ([("x-amz-function-error", "Unhandled")], "{}").into_response(),
        "nonsense" => "not JSON".into_response(),
        "own-cors" => {
            let headers = json!({"access-control-allow-origin": "*"});
            json!({"statusCode": 204, "headers": headers}).to_string().into_response()
        }
        _ => pending().await,
    }
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

async fn invoke_api() -> String {
    let (listener, url) = listener().await;
    let routes = Router::new().route("/2015-03-31/functions/{name}/invocations", post(invocation));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

fn route(method: &str, path: &str, function: &str) -> Route {
    Route {
        method: Some(method.parse().unwrap()),
        path: path.to_owned(),
        function: function.to_owned(),
        authorizer: None,
        scopes: Vec::new(),
    }
}

fn api() -> Api {
    let user = |mut route: Route, scopes: &[&str]| {
        route.authorizer = Some("User".to_owned());
        route.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        route
    };
    let authorizer = JwtAuthorizer {
        header: "authorization".to_owned(),
        issuer: "https://issuer.test".to_owned(),
        audience: vec!["app".to_owned()],
    };
    Api {
        routes: vec![
            route("POST", "/echo/{id}", "echo"),
            user(route("GET", "/mine", "echo"), &[]),
            user(route("GET", "/scoped", "echo"), &["write"]),
            route("GET", "/fails", "fails"),
            route("GET", "/marked", "marked"),
            route("GET", "/nonsense", "nonsense"),
            route("GET", "/own-cors", "own-cors"),
            route("GET", "/slow", "slow"),
            route("GET", "/slower", "slower"),
        ],
        cors: Some(Cors {
            allow_origins: vec!["https://app.test".to_owned()],
            allow_methods: vec!["GET".to_owned()],
            ..Cors::default()
        }),
        authorizers: BTreeMap::from([("User".to_owned(), authorizer)]),
    }
}

/// Another API on the same port, which knows nothing of CORS.
fn webhook() -> Api {
    Api { routes: vec![route("POST", "/webhook", "echo")], ..Api::default() }
}

/// A gateway that is being served, and a client of it.
struct Desk {
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
    held: watch::Sender<Option<String>>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

impl Desk {
    async fn new() -> Self {
        Self::invoking(invoke_api().await, LONG).await
    }

    /// The function `slow` has a short timeout of its own, the others none but that of integrations, `longest`.
    async fn invoking(invoke_url: String, longest: Duration) -> Self {
        let (held, holding) = watch::channel(None);
        let own = |function: &str| if function == "slow" { BRIEF } else { Duration::MAX };
        let timeouts = [api(), webhook()]
            .into_iter()
            .flat_map(|api| api.routes)
            .map(|route| (route.function.clone(), own(&route.function)))
            .collect();
        let mut gateway = Gateway::new(vec![api(), webhook()], TOKENS.clone(), timeouts, invoke_url, holding);
        gateway.invoker.longest = longest;
        let (listener, url) = listener().await;
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(gateway.serve(listener, async {
            stopped.await.unwrap_or_default();
        }));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { url, client, held, stop, served }
    }

    fn request(&self, method: &str, path: &str) -> request::Builder {
        request::Request::builder().method(method).uri(format!("{}{path}", self.url))
    }

    async fn send(&self, request: request::Builder, body: impl Into<Bytes>) -> Answer {
        let request = request.body(Full::new(body.into())).unwrap();
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path), "").await
    }

    async fn get_with_token(&self, path: &str, token: &str) -> Answer {
        self.send(self.request("GET", path).header("authorization", token), "").await
    }
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn check(&self, status: u16, message: &str) {
        assert_eq!((self.status, self.json()), (status, json!({ "message": message })));
        assert_eq!(self.headers["content-type"], "application/json");
    }
}

fn token(audience: &str) -> String {
    let hour = Duration::from_hours(1);
    TOKENS.issue(&["c1".to_owned()], "client", "https://issuer.test", audience, hour).unwrap()
}

#[tokio::test]
async fn a_routed_request_reaches_its_function_as_an_event() {
    let desk = Desk::new().await;
    let request = desk.request("POST", "/echo/a%20b?q=1").header("x-forwarded-for", "203.0.113.9");
    let answer = desk.send(request, r#"{"a":1}"#).await;
    assert_eq!(answer.status, 200);
    let event = answer.json();
    assert_eq!(event["routeKey"], "POST /echo/{id}");
    assert_eq!(event["pathParameters"], json!({"id": "a b"}));
    assert_eq!(event["body"], r#"{"a":1}"#);
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(event["requestContext"]["requestId"], answer.headers["apigw-requestid"].to_str().unwrap());
}

#[tokio::test]
async fn other_paths_and_other_methods_are_not_found() {
    let desk = Desk::new().await;
    desk.get("/nowhere").await.check(404, "Not Found");
    desk.get("/echo/1").await.check(404, "Not Found");
    desk.send(desk.request("OPTIONS", "/echo/1"), "").await.check(404, "Not Found");
}

#[tokio::test]
async fn a_good_token_lets_through_and_its_claims_are_passed_on() {
    let desk = Desk::new().await;
    let answer = desk.get_with_token("/mine", &format!("Bearer {}", token("app"))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["requestContext"]["authorizer"]["jwt"]["claims"]["client"], "c1");
}

#[tokio::test]
async fn a_missing_or_wrong_token_is_unauthorized_and_told_why() {
    let desk = Desk::new().await;
    let missing = desk.get("/mine").await;
    missing.check(401, "Unauthorized");
    assert_eq!(missing.headers["www-authenticate"], "Bearer");
    let wrong = desk.get_with_token("/mine", &token("other")).await;
    wrong.check(401, "Unauthorized");
    assert_eq!(
        wrong.headers["www-authenticate"],
        r#"Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience""#
    );
}

#[tokio::test]
async fn a_token_without_the_routes_scope_is_forbidden() {
    let desk = Desk::new().await;
    let answer = desk.get_with_token("/scoped", &token("app")).await;
    answer.check(403, "Forbidden");
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with(r#"Bearer scope="write" error="insufficient_scope""#));
}

#[tokio::test]
async fn a_function_that_fails_is_an_internal_error() {
    let desk = Desk::new().await;
    for path in ["/fails", "/marked", "/nonsense", "/slow"] {
        desk.get(path).await.check(500, "Internal Server Error");
    }
    // A port that was free a moment ago: nobody listens there.
    let (nobody, url) = listener().await;
    drop(nobody);
    Desk::invoking(url, LONG).await.get("/fails").await.check(500, "Internal Server Error");
}

#[tokio::test]
async fn a_function_slower_than_an_integration_may_be_is_unavailable() {
    let desk = Desk::invoking(invoke_api().await, BRIEF).await;
    desk.get("/slower").await.check(503, "Service Unavailable");
}

#[tokio::test]
async fn a_body_over_10_mb_is_too_large() {
    let desk = Desk::new().await;
    let answer = desk.send(desk.request("POST", "/echo/1"), vec![b' '; LARGEST_BODY + 1]).await;
    answer.check(413, "Request Entity Too Large");
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_token() {
    let desk = Desk::new().await;
    let preflight = |origin: &str| {
        let request = desk.request("OPTIONS", "/mine").header("origin", origin);
        desk.send(request.header("access-control-request-method", "GET"), "")
    };
    let allowed = preflight("https://app.test").await;
    assert_eq!((allowed.status, allowed.body.len()), (204, 0));
    assert_eq!(allowed.headers["access-control-allow-origin"], "https://app.test");
    assert_eq!(allowed.headers["access-control-allow-methods"], "GET");
    let other = preflight("https://other.test").await;
    assert_eq!(other.status, 204);
    assert!(!other.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn answers_bear_cors_headers_for_allowed_origins_only() {
    let desk = Desk::new().await;
    let get = |path: &str, origin: &str| desk.send(desk.request("GET", path).header("origin", origin), "");
    for path in ["/own-cors", "/mine", "/nowhere"] {
        let allowed = get(path, "https://app.test").await;
        assert_eq!(allowed.headers["access-control-allow-origin"], "https://app.test", "{path}");
        let other = get(path, "https://other.test").await;
        assert!(!other.headers.contains_key("access-control-allow-origin"), "{path}");
    }
}

#[tokio::test]
async fn while_held_every_routed_request_is_told_why() {
    let desk = Desk::new().await;
    desk.held.send_replace(Some("error[E0425]: x".to_owned()));
    desk.get("/mine").await.check(503, "error[E0425]: x");
    desk.get("/nowhere").await.check(404, "Not Found");
    desk.held.send_replace(None);
    desk.get("/mine").await.check(401, "Unauthorized");
}

#[tokio::test]
async fn many_requests_at_once_are_answered_each_with_its_own() {
    let desk = Arc::new(Desk::new().await);
    let one = |number: usize| {
        let desk = desk.clone();
        tokio::spawn(async move {
            let request = desk.request("POST", &format!("/echo/{number}"));
            let event = desk.send(request, "").await.json();
            event["pathParameters"]["id"].as_str().map(str::to_owned)
        })
    };
    let requests: Vec<_> = (0..24).map(one).collect();
    let mut ids = BTreeSet::new();
    for request in requests {
        ids.insert(request.await.unwrap().unwrap());
    }
    assert_eq!(ids.len(), 24);
}

#[tokio::test]
async fn it_stops_when_told() {
    let desk = Desk::new().await;
    desk.get("/mine").await.check(401, "Unauthorized");
    desk.stop.send(()).unwrap();
    desk.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn each_api_answers_its_own_paths_with_its_own_cors() {
    let desk = Desk::new().await;
    let from_app = |method, path| desk.request(method, path).header("origin", "https://app.test");
    let preflight = |path| from_app("OPTIONS", path).header("access-control-request-method", "POST");
    let allowed = |answer: &Answer| answer.headers.contains_key("access-control-allow-origin");
    for (request, status, cors) in [
        (from_app("POST", "/webhook"), 200, false),
        (preflight("/webhook"), 404, false),
        (from_app("POST", "/echo/1"), 200, true),
        (preflight("/echo/1"), 204, true),
        // On AWS each API has a host of its own; here the first one takes what neither has.
        (preflight("/elsewhere"), 204, true),
    ] {
        let answer = desk.send(request, "").await;
        assert_eq!((answer.status, allowed(&answer)), (status, cors));
    }
}
