//! The functions' real binaries: by themselves, and as a whole behind cargo-lambda and the API's routes.

use std::{fs, net::TcpListener, path::PathBuf, process::Stdio};

use futures_util::future::join_all;
use local::{
    cargo_lambda,
    data::Data,
    run::{Running, Settings},
    telling,
    template::Template,
    workspace::Workspace,
};
use pairs::{Random, Wallet};
use serde_json::{Value, json};
use story::{Cast, Http, Story};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    secrecy::logs::forms,
    support::{
        client::send,
        event::{CLIENT, CLIENT_ID_CLAIM, Event, WEBHOOK_SECRET},
        project::root,
        runtime::{executables, fail_to_start, invoke},
        system::System,
    },
};

/// What `cargo local` starts, on a folder and ports of its own.
pub async fn start(folder: &TempDir) -> Running {
    Running::start(settings(folder).await).await.unwrap()
}

/// Where cargo-lambda is.
pub async fn installed() -> PathBuf {
    cargo_lambda::installed(&Workspace::read().unwrap().target).await.unwrap()
}

/// The project's.
pub fn template() -> Template {
    Template::read(&root().join("template.yaml")).unwrap()
}

/// What it is started with.
pub async fn settings(folder: &TempDir) -> Settings {
    Settings {
        root: root().into(),
        template: template(),
        data: Data::take(folder.path()).unwrap(),
        listener: TcpListener::bind("127.0.0.1:0").unwrap(),
        cargo_lambda: installed().await,
        executables: executables().await.clone(),
        webhook_secret: Some(WEBHOOK_SECRET.into()),
        authorizer: None,
        keeps_rates: false,
    }
}

#[tokio::test]
async fn a_backup_a_recovery_and_an_interrupted_recovery_go_through_the_real_binaries() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let client = story::new_client().unwrap();
    let cast = Cast {
        client_api: running.url.parse().unwrap(),
        webhook: format!("{}/webhook", running.url).parse().unwrap(),
        token: running.token(&client).unwrap().parse().unwrap(),
        client: client.clone(),
        webhook_secret: running.webhook_secret.parse().unwrap(),
    };
    let wallet = Wallet::random(&mut Random::system().unwrap());
    let http = Http::new().unwrap();
    let story = Story::new(&cast, &http, &wallet, &telling::tell).unwrap();
    let recovered = story.play().await.unwrap();
    assert!(recovered == wallet, "what the last recovery brought back is another wallet");
    let calls = running.kms().calls();
    let opened = calls.iter().filter(|call| call.operation == "Decrypt");
    let clients: Vec<_> = opened.map(|call| call.encryption_context.get("client")).collect();
    // Each fetch opens all shares that are held by then, and each GET one.
    assert!(clients.len() > 20 && clients.iter().all(|named| *named == Some(&client)), "{calls:?}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_is_there_when_the_system_is_started_again() {
    let folder = TempDir::new().unwrap();
    for number in 0..2 {
        let running = start(&folder).await;
        let (url, bearer) = (
            format!("{}/portal/clients/{CLIENT}/backup", running.url),
            format!("authorization: Bearer {}", running.token(CLIENT).unwrap()),
        );
        if number == 0 {
            assert_eq!(send("POST", &url, &[&bearer], r#"{"cipherText":"kept"}"#).await.status, 200);
        }
        let got = send("GET", &url, &[&bearer], "").await;
        assert_eq!((got.status, got.body), (200, json!({"cipherText": "kept", "backupShare": "kept"})));
        running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn the_api_answers_for_itself_as_api_gateway_does() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let url = format!("{}/portal/clients/{CLIENT}/backup", running.url);
    let bearer = |client: &str| format!("authorization: Bearer {}", running.token(client).unwrap());
    let secret = format!("X-WEBHOOK-SECRET: {}", running.webhook_secret);
    let webhook = |path: &str| format!("{}/webhook/{path}", running.url);
    for (method, url, headers, body, status) in [
        ("GET", &url, vec![], "", 401),
        ("GET", &url, vec!["authorization: Bearer x"], "", 401),
        ("GET", &url, vec![&*bearer("another")], "", 403),
        ("GET", &url, vec![&*bearer(CLIENT)], "", 404),
        ("DELETE", &url, vec![&*bearer(CLIENT)], "", 404),
        ("POST", &url, vec![&*bearer(CLIENT)], "{}", 400),
        ("POST", &webhook("nowhere"), vec![], "{}", 404),
        ("POST", &webhook("backup"), vec![], "{}", 401),
        ("POST", &webhook("backup"), vec![&*secret], "{}", 400),
        ("POST", &webhook("backup/fetch"), vec![&*secret], r#"{"clientId":"nobody"}"#, 200),
    ] {
        let answer = send(method, url, &headers, body).await;
        assert_eq!(answer.status, status, "{method} {url} {headers:?}: {answer:?}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn an_authorizer_of_the_teams_own_says_whose_shares_a_user_gets() {
    let (folder, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let program = tools.path().join("authorizer");
    // Written by another process, since a fork of this one may hold its open files, and a program that is open for
    // writing doesn't start.
    let script = "import json, sys; source = json.load(sys.stdin)[\"identitySource\"][0]; \
                  print(json.dumps({\"isAuthorized\": source != \"bad\", \"context\": {\"clientId\": source}}))";
    let write = r#"printf '#!/usr/bin/env python3\n%s\n' "$1" > "$0" && chmod 700 "$0""#;
    let written = Command::new("sh").args(["-c", write]).arg(&program).arg(script).status().await.unwrap();
    assert!(written.success());
    let settings = Settings { authorizer: Some(program), keeps_rates: true, ..settings(&folder).await };
    let running = Running::start(settings).await.unwrap();
    let url = format!("{}/portal/clients/{CLIENT}/backup", running.url);
    let own = format!("authorization: {CLIENT}");
    for (headers, status) in [
        (vec![], 401),
        (vec!["authorization: bad"], 403),
        (vec!["authorization: another"], 403),
        (vec![&*own], 404),
        (vec![&*format!("authorization: Bearer {}", running.token(CLIENT).unwrap())], 401),
    ] {
        assert_eq!(send("GET", &url, &headers, "").await.status, status, "{headers:?}");
    }
    let log = fs::read_to_string(running.logs().join("ClientApi.log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(
        (&lines[3]["route"], &lines[3]["status"]),
        (&json!("GET /portal/clients/{clientId}/backup"), &json!("404"))
    );
    assert!(!log.contains(CLIENT), "a line says whose it is: {log}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn only_pages_of_allowed_origins_may_read_what_the_client_api_answers() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let url = format!("{}/portal/clients/{CLIENT}/backup", running.url);
    for (origin, allowed) in [("http://localhost:5173", true), ("https://elsewhere.example", false)] {
        let origin = format!("origin: {origin}");
        let preflight = send("OPTIONS", &url, &[&origin, "access-control-request-method: POST"], "").await;
        assert_eq!(preflight.status, 204, "{preflight:?}");
        for answer in [preflight, send("GET", &url, &[&origin], "").await] {
            assert_eq!(answer.head.contains("access-control-allow-origin:"), allowed, "{answer:?}");
        }
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn twenty_four_requests_at_once_are_all_answered() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let secret = format!("x-webhook-secret: {}", running.webhook_secret);
    let url = format!("{}/webhook/backup", running.url);
    let bodies: Vec<String> = (0..24)
        .map(|number| json!({"clientId": CLIENT, "share": format!("share {number}")}).to_string())
        .collect();
    let requests = bodies.iter().map(|body| async { send("POST", &url, &[&secret], body).await });
    let answers = join_all(requests).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let fetch = json!({ "clientId": CLIENT }).to_string();
    let fetched = send("POST", &format!("{url}/fetch"), &[&secret], &fetch).await.body;
    assert_eq!(fetched["backupShares"].as_array().unwrap().len(), 24);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn more_requests_at_once_than_cargo_lambda_takes_wait_for_their_turn() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let secret = format!("x-webhook-secret: {}", running.webhook_secret);
    let (fetch, url) =
        (json!({ "clientId": CLIENT }).to_string(), format!("{}/webhook/backup/fetch", running.url));
    let requests = (0..150).map(|_| async { send("POST", &url, &[&secret], &fetch).await.status });
    let statuses = join_all(requests).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn cargo_lambda_invoke_takes_the_events() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let cargo_lambda = installed().await;
    for function in ["store-backup", "get-backup", "list-backups"] {
        let invoked = Command::new(&cargo_lambda)
            .args(["lambda", "invoke", "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &running.reach().services.lambda.to_string(), function, "--data-file"])
            .arg(format!("events/{function}.json"))
            .current_dir(root())
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let answer: Value = serde_json::from_slice(&invoked.stdout).unwrap_or_else(|_| panic!("{invoked:?}"));
        assert_eq!(answer["statusCode"], 200, "{function}: {answer}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn no_line_of_a_binary_holds_a_share_a_secret_or_a_token_whatever_the_levels_say() {
    let system = System::start().await;
    let share = "canary-share-41f6a8c2";
    for (function, body) in [
        ("store-backup", json!({ "cipherText": share })),
        ("get-backup", json!({})),
        ("list-backups", json!({})),
        ("webhook-backup", json!({"clientId": CLIENT, "share": share})),
        ("webhook-fetch", json!({ "clientId": CLIENT })),
        ("webhook-backup", json!({"clientId": CLIENT, "share": [share]})),
    ] {
        let mut environment = system.environment(function);
        for name in ["LOG_LEVEL", "RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"] {
            environment.insert(name.into(), "trace".into());
        }
        let event = Event::of(function).query("").header("authorization", "Bearer canary-token").body(body);
        let invoked = invoke(function, &environment, event).await;
        assert_eq!(invoked.outcome, "response", "{function}: {}", invoked.written);
        let line = invoked.written.lines().find(|line| line.contains(r#""message":"request""#));
        let line: Value = serde_json::from_str(line.unwrap()).unwrap();
        assert_eq!((&line["request_id"], &line["cold"]), (&json!("request-1"), &json!(true)), "{line}");
        for secret in [share, "canary-token", WEBHOOK_SECRET] {
            for form in forms(secret) {
                assert!(!invoked.written.contains(&form), "{function} wrote {form}: {}", invoked.written);
            }
        }
    }
}

/// API Gateway writes claims as text; who invokes a function directly need not.
#[tokio::test]
async fn claims_that_are_no_text_are_read_by_the_function_and_never_an_error_before_it() {
    let system = System::start().await;
    let environment = system.environment("get-backup");
    for (claim, status) in [
        (json!([CLIENT, "another"]), 404),
        (json!(["another"]), 403),
        (json!(7), 403),
        (json!(1e300), 401),
        (json!(true), 403),
        (json!({"id": CLIENT}), 401),
        (json!([null, [CLIENT]]), 401),
        (json!(null), 401),
    ] {
        let mut event = Event::of("get-backup").query("");
        let claims = &mut event.0["requestContext"]["authorizer"]["jwt"]["claims"];
        claims[CLIENT_ID_CLAIM] = claim.clone();
        claims["groups"] = json!([{"a": [1.5, false, null]}]);
        let invoked = invoke("get-backup", &environment, event).await;
        assert_eq!(invoked.outcome, "response", "{claim}: {}", invoked.written);
        assert_eq!(invoked.answer["statusCode"], status, "{claim}: {}", invoked.answer);
    }
}

#[tokio::test]
async fn an_event_that_lambda_http_cannot_take_is_an_error_that_tells_nothing_of_it() {
    let system = System::start().await;
    let environment = system.environment("get-backup");
    let canary = "canary-41f6a8c2";
    let query = Event::of("get-backup").query(&format!("backupMethod=\"{canary}\" <"));
    let mut base64 = Event::of("get-backup").body(format!("{canary}!"));
    base64.0["isBase64Encoded"] = json!(true);
    let strange = Event(json!({ "canary": canary }));
    for event in [query, base64, strange] {
        let invoked = invoke("get-backup", &environment, event).await;
        assert_eq!(invoked.outcome, "error", "{}", invoked.answer);
        assert!(!invoked.written.contains(canary), "{}", invoked.written);
        assert!(!invoked.answer.to_string().contains(canary), "{}", invoked.answer);
    }
}

#[tokio::test]
async fn a_binary_whose_configuration_is_wrong_stops_at_start_with_one_line_that_names_the_variable() {
    let system = System::start().await;
    let client =
        [("SHARES_TABLE", None), ("SHARES_KEYS", Some("alias/shares")), ("CLIENT_ID_CLAIM", Some(""))];
    let webhook =
        [("WEBHOOK_SECRET_SHA256", Some("0a")), ("WEBHOOK_ALLOWED_IPS", None), ("SHARES_TABLE", Some(""))];
    for (function, wrong) in [("get-backup", client), ("webhook-fetch", webhook)] {
        for (name, value) in wrong {
            let mut environment = system.environment(function);
            environment.remove(name);
            environment.extend(value.map(|value| (name.into(), value.into())));
            let (code, written) = fail_to_start(function, &environment).await;
            assert_eq!((code, written.lines().count()), (Some(1), 1), "{name}: {written}");
            assert!(written.starts_with(&format!("Error: {name} ")), "{written}");
        }
    }
}
