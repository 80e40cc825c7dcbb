//! The program `local` as a user has it: started, killed and started again, stopped, asked from another terminal.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::symlink,
};

use local::{
    process::Process,
    reach::Reach,
    run::{Running, Settings},
};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    local::whole_system::{installed, settings, start, template},
    support::{
        client::send,
        event::CLIENT,
        runtime::executables,
        session::{Session, local_ends},
    },
};

fn shares(name: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{name} {number}"))
}

#[tokio::test]
async fn a_killed_run_loses_no_acknowledged_share_and_leaves_no_process_to_the_next() {
    let folder = TempDir::new().unwrap();
    let mut first = Session::start(&folder).await;
    let mut acknowledged = first.stores(shares("calm", 20)).join_all().await;
    assert!(acknowledged.iter().all(Option::is_some), "{acknowledged:?}");
    let mut under_way = first.stores(shares("storm", 40));
    acknowledged.push(under_way.join_next().await.unwrap().unwrap());
    first.child.kill().await.unwrap();
    acknowledged.extend(under_way.join_all().await);
    let children = first.children();
    let second = Session::start(&folder).await;
    let held = second.fetch().await;
    let lost: Vec<_> = acknowledged.iter().flatten().filter(|share| !held.contains(share)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(children.len() > 1 && !children.iter().any(Process::runs), "{children:?}");
    assert_eq!(second.interrupt().await.0, Some(0));
}

#[tokio::test]
async fn ctrl_c_ends_a_run_and_all_its_children_and_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let session = Session::start(&folder).await;
    assert_eq!(session.stores(shares("calm", 1)).join_all().await, [Some("calm 0".into())]);
    let children = session.children();
    assert!(children.len() > 1 && children.iter().any(Process::runs), "{children:?}");
    let (code, said) = session.interrupt().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("error"), "{said}");
    assert!(!children.iter().any(Process::runs), "{children:?}");
}

#[tokio::test]
async fn another_terminal_gets_tokens_and_variables_while_a_run_lasts() {
    let folder = TempDir::new().unwrap();
    let session = Session::start(&folder).await;
    let (code, token, _) = local_ends(&["token", CLIENT], &folder).await;
    let bearer = format!("authorization: Bearer {}", token.trim());
    let url = format!("{}/portal/clients/{CLIENT}/backup", session.api);
    assert_eq!((code, token.lines().count()), (Some(0), 1), "{token}");
    assert_eq!(send("POST", &url, &[&bearer], r#"{"cipherText":"kept"}"#).await.status, 200);
    assert_eq!(send("GET", &url, &[&bearer], "").await.body["cipherText"], "kept");
    let (code, variables, _) = local_ends(&["env"], &folder).await;
    let services = Reach::of(folder.path()).unwrap().services;
    assert_eq!(code, Some(0));
    for line in [
        format!("export AWS_ENDPOINT_URL_DYNAMODB={}", services.dynamodb),
        format!("export AWS_ENDPOINT_URL_KMS={}", services.kms),
        format!("export CARGO_LAMBDA_INVOKE_PORT={}", services.lambda),
    ] {
        assert!(variables.lines().any(|printed| printed == line), "{line} is not in {variables}");
    }
    session.interrupt().await;
}

#[tokio::test]
async fn another_terminal_is_told_in_one_line_that_nothing_runs() {
    let folder = TempDir::new().unwrap();
    for arguments in [&["token", CLIENT][..], &["env"]] {
        let (code, printed, error) = local_ends(arguments, &folder).await;
        assert_eq!((code, printed.as_str(), error.lines().count()), (Some(1), "", 1), "{error}");
        assert!(error.starts_with("error: nothing runs on "), "{error}");
    }
}

#[tokio::test]
async fn a_port_in_use_ends_the_start_with_one_line_that_names_it() {
    let folder = TempDir::new().unwrap();
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let (code, printed, error) = local_ends(&["--no-demo", "--port", &port], &folder).await;
    assert_eq!((code, printed.as_str(), error.lines().count()), (Some(1), "", 1), "{error}");
    assert!(error.starts_with(&format!("error: port {port} is in use: ")), "{error}");
}

#[tokio::test]
async fn a_held_system_says_why_and_a_reloaded_one_serves_the_same_data_at_the_same_place() {
    let folder = TempDir::new().unwrap();
    let mut running = start(&folder).await;
    let bearer = format!("authorization: Bearer {}", running.token(CLIENT).unwrap());
    let url = format!("{}/portal/clients/{CLIENT}/backup", running.url);
    assert_eq!(send("POST", &url, &[&bearer], r#"{"cipherText":"kept"}"#).await.status, 200);
    running.hold("error: expected `;`");
    let held = send("GET", &url, &[&bearer], "").await;
    assert_eq!((held.status, held.body), (503, json!({"message": "error: expected `;`"})));
    let reach = running.reach();
    let plan = running.plan(&template(), executables().await.clone()).unwrap();
    running.reload(plan).await.unwrap();
    assert_eq!(running.reach(), reach);
    let kept = send("GET", &url, &[&bearer], "").await;
    assert_eq!((kept.status, kept.body), (200, json!({"cipherText": "kept", "backupShare": "kept"})));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_reload_that_cannot_start_says_what_did_not_and_the_run_still_stops_in_order() {
    let (folder, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let linked = tools.path().join("cargo-lambda");
    symlink(installed().await, &linked).unwrap();
    let settings = Settings { cargo_lambda: linked.clone(), ..settings(&folder).await };
    let mut running = Running::start(settings).await.unwrap();
    fs::remove_file(&linked).unwrap();
    let plan = running.plan(&template(), executables().await.clone()).unwrap();
    let error = running.reload(plan).await.unwrap_err();
    assert!(format!("{error:#}").starts_with("cargo-lambda doesn't start: "), "{error:#}");
    running.stop().await.unwrap();
    assert!(!folder.path().join("children.jsonl").exists());
}
