use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    future::pending,
    process::Command,
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    http::{HeaderMap, StatusCode, request},
    response::{IntoResponse, Response},
    routing::post,
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    Gateway, Settings,
    place::{LARGEST_BODY, LARGEST_HEAD},
};
use crate::{
    template::{Api, Authorizer, Cors, Rate, Route, Stage},
    tokens::tests::TOKENS,
};

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
        method: method.parse().unwrap(),
        path: path.to_owned(),
        function: function.to_owned(),
        authorizer: None,
    }
}

/// An API whose routes answer in every way.
fn api(authorizer: Authorizer) -> Api {
    let user = |route: Route| Route { authorizer: Some("User".to_owned()), ..route };
    Api {
        logical_id: "Client".to_owned(),
        routes: vec![
            route("POST", "/echo/{id}", "echo"),
            route("PUT", "/echo/{name}", "echo"),
            route("GET", "/echo/literal", "echo"),
            user(route("GET", "/mine", "echo")),
            user(route("GET", "/other", "echo")),
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
        stage: Stage {
            rate: Some(Rate { per_second: 1.0, burst: 2.0 }),
            log_format: Some(
                "$context.requestId $context.routeKey $context.status $context.identity.sourceIp \
                 $context.integrationStatus $context.error.responseType $context.authorizer.error"
                    .to_owned(),
            ),
        },
    }
}

fn tokens() -> Authorizer {
    Authorizer::Token {
        header: "authorization".to_owned(),
        issuer: "https://issuer.test".to_owned(),
        audience: vec!["app".to_owned()],
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
    folder: TempDir,
}

impl Desk {
    async fn new() -> Self {
        Self::changed(|_| {}, LONG).await
    }

    /// The function `slow` has a short timeout of its own, the others none but that of integrations.
    async fn changed(change: impl FnOnce(&mut Settings), patience: Duration) -> Self {
        let folder = TempDir::new().unwrap();
        let (held, holding) = watch::channel(None);
        let apis = vec![api(tokens()), webhook()];
        let own = |function: &str| if function == "slow" { BRIEF } else { Duration::MAX };
        let functions = apis.iter().flat_map(|api| &api.routes);
        let functions = functions.map(|route| (route.function.clone(), own(&route.function))).collect();
        let mut settings = Settings {
            apis,
            tokens: TOKENS.clone(),
            authorizer: None,
            functions,
            invoke_url: invoke_api().await,
            held: holding,
            keeps_rates: false,
            logs: folder.path().to_owned(),
        };
        change(&mut settings);
        let gateway = Gateway::patient(settings, patience).unwrap();
        let (listener, url) = listener().await;
        tokio::spawn(gateway.serve(listener, pending()));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { url, client, held, folder }
    }

    /// One whose users are let through by a program, which is this shell script.
    async fn asking(script: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let program = folder.path().join("authorizer");
        // Written by another process: one that a test beside this one forks may hold our open files, and a program
        // that is open for writing doesn't start.
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 700 "$0""#;
        let written = Command::new("sh").args(["-c", write]).arg(&program).arg(script).status().unwrap();
        assert!(written.success());
        let change = |settings: &mut Settings| {
            settings.apis = vec![api(Authorizer::Program { header: "authorization".to_owned() })];
            settings.authorizer = Some(program);
        };
        Self { folder, ..Self::changed(change, LONG).await }
    }

    /// The lines of the access log.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("Client.log")).unwrap();
        log.lines().map(str::to_owned).collect()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.url.strip_prefix("http://").unwrap()).await.unwrap()
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
    let named = desk.send(desk.request("PUT", "/echo/b"), "").await.json();
    assert_eq!(named["pathParameters"], json!({"name": "b"}), "a parameter of one shape may have two names");
    assert_eq!(desk.get("/echo/literal").await.json()["routeKey"], "GET /echo/literal");
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
    desk.get("/echo").await.check(404, "Not Found");
    desk.get("/fails/").await.check(404, "Not Found");
    let head = desk.send(desk.request("HEAD", "/fails"), "").await;
    assert_eq!(head.status, 404);
    desk.send(desk.request("OPTIONS", "/echo/1"), "").await.check(404, "Not Found");
    let no_preflight = desk.request("OPTIONS", "/echo/1").header("origin", "https://app.test");
    desk.send(no_preflight, "").await.check(404, "Not Found");
}

#[tokio::test]
async fn a_good_token_lets_through_and_its_claims_are_passed_on() {
    let desk = Desk::new().await;
    let answer = desk.get_with_token("/mine", &format!("Bearer {}", token("app"))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["requestContext"]["authorizer"]["jwt"]["claims"]["client"], "c1");
}

#[tokio::test]
async fn a_token_is_taken_with_and_without_bearer() {
    let desk = Desk::new().await;
    for scheme in ["", "Bearer ", "bearer  "] {
        let answer = desk.get_with_token("/mine", &format!("{scheme}{}", token("app"))).await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn a_missing_or_wrong_token_is_unauthorized_and_told_why() {
    let desk = Desk::new().await;
    for missing in [desk.get("/mine").await, desk.get_with_token("/mine", "").await] {
        missing.check(401, "Unauthorized");
        assert_eq!(missing.headers["www-authenticate"], "Bearer");
    }
    let wrong = desk.get_with_token("/mine", &token("other")).await;
    wrong.check(401, "Unauthorized");
    assert_eq!(
        wrong.headers["www-authenticate"],
        r#"Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience""#
    );
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
    let desk = Desk::changed(|settings| settings.invoke_url = url, LONG).await;
    desk.get("/marked").await.check(500, "Internal Server Error");
}

#[tokio::test]
async fn a_function_slower_than_an_integration_may_be_is_unavailable() {
    let desk = Desk::changed(|_| {}, BRIEF).await;
    desk.get("/slower").await.check(503, "Service Unavailable");
}

#[tokio::test]
async fn a_body_over_10_mb_is_too_large() {
    let desk = Desk::new().await;
    let answer = desk.send(desk.request("POST", "/echo/1"), vec![b' '; LARGEST_BODY + 1]).await;
    answer.check(413, "Request Entity Too Large");
}

#[tokio::test]
async fn a_request_line_and_headers_over_10240_bytes_are_too_large() {
    let desk = Desk::new().await;
    // What the request has besides: its line, the host, the length of no body, and this header's name.
    let host = desk.url.strip_prefix("http://").unwrap();
    let others = "POST /echo/1 HTTP/1.1".len() + host.len() + "0".len();
    for (size, status) in [(LARGEST_HEAD, 200), (LARGEST_HEAD + 1, 431)] {
        let long = "x".repeat(size - others);
        let mut stream = desk.connect().await;
        let request =
            format!("POST /echo/1 HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nx-long: {long}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"));
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let desk = Desk::changed(|_| {}, BRIEF).await;
    let mut stream = desk.connect().await;
    let part = b"POST /echo/1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 9\r\n\r\n{";
    stream.write_all(part).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_route_takes_so_many_requests_where_rates_are_kept() {
    let many = async |desk: &Desk| {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(desk.get("/mine").await.status);
        }
        statuses
    };
    assert_eq!(many(&Desk::new().await).await, [401; 3]);
    let desk = Desk::changed(
        |settings| {
            settings.keeps_rates = true;
            settings.apis[0].stage.rate = Some(Rate { per_second: 0.0, burst: 2.0 });
        },
        LONG,
    )
    .await;
    assert_eq!(many(&desk).await, [401, 401, 429]);
    desk.get("/mine").await.check(429, "Too Many Requests");
    assert_eq!(desk.get("/other").await.status, 401, "each route has its own");
}

#[tokio::test]
async fn the_access_log_has_a_line_a_request_in_the_stages_format() {
    let desk = Desk::new().await;
    let ids: Vec<_> = [
        desk.send(desk.request("POST", "/echo/1"), "").await,
        desk.get_with_token("/mine", &token("other")).await,
        desk.get("/nowhere").await,
        desk.get("/fails").await,
    ]
    .iter()
    .map(|answer| answer.headers["apigw-requestid"].to_str().unwrap().to_owned())
    .collect();
    assert_eq!(BTreeSet::from_iter(&ids).len(), ids.len(), "each request has an id of its own");
    let refused = "the token does not have a valid audience";
    let expected = [
        format!("{} POST /echo/{{id}} 200 127.0.0.1 200 - -", ids[0]),
        format!("{} GET /mine 401 127.0.0.1 - UNAUTHORIZED {refused}", ids[1]),
        format!("{} - 404 127.0.0.1 - RESOURCE_NOT_FOUND -", ids[2]),
        format!("{} GET /fails 500 127.0.0.1 - INTEGRATION_FAILURE -", ids[3]),
    ];
    assert_eq!(desk.log(), expected);
}

#[tokio::test]
async fn a_program_of_the_users_sees_the_request_and_lets_it_through() {
    let desk = Desk::asking(
        r#"event=$(cat); case $event in *'"identitySource":["good"]'*) ;; *) exit 1;; esac
           echo '{"isAuthorized": true, "context": {"clientId": "c1"}}'"#,
    )
    .await;
    let answer = desk.get_with_token("/mine", "good").await;
    assert_eq!(answer.json()["requestContext"]["authorizer"], json!({"lambda": {"clientId": "c1"}}));
    let missing = desk.get("/mine").await;
    missing.check(401, "Unauthorized");
    desk.get_with_token("/mine", "bad").await.check(500, "Internal Server Error");
}

#[tokio::test]
async fn what_a_program_refuses_is_forbidden_and_what_it_garbles_an_error() {
    for (script, status, message) in [
        (r#"echo '{"isAuthorized": false}'"#, 403, "Forbidden"),
        (r#"echo '{"isAuthorized": "yes"}'"#, 500, "Internal Server Error"),
        ("true", 500, "Internal Server Error"),
        (r#"echo '{"isAuthorized": true}'; exit 1"#, 500, "Internal Server Error"),
    ] {
        Desk::asking(script).await.get_with_token("/mine", "any").await.check(status, message);
    }
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
