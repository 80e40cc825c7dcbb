//! A second simulator, unrelated to the first, on the same questions.

use std::{collections::BTreeSet, process::Stdio};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command};

use super::{
    actions,
    cases::{Case, Mode},
    simulator::{Caller, LEADING_KEYS, Request, allows},
    world::World,
};
use crate::support::npm;

fn simulation((caller, request, policy): (&Caller, Request, Option<&Value>)) -> Value {
    let (leading, single): (Vec<_>, Vec<_>) =
        request.context.into_iter().partition(|(key, _)| *key == LEADING_KEYS);
    let mut context: serde_json::Map<_, _> =
        single.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    if !leading.is_empty() {
        let keys: Vec<String> = leading.into_iter().map(|(_, value)| value).collect();
        context.insert(LEADING_KEYS.into(), json!(keys));
    }
    json!({
        "principal": caller.arn,
        "identityPolicies": caller.policies,
        "action": request.action,
        "resource": request.resource,
        "resourcePolicy": policy,
        "context": context,
    })
}

async fn answers(input: &Value) -> Value {
    let files = ["crosscheck.mjs", "package.json", "package-lock.json"];
    let folder = npm::install("crosscheck", "tests/secrecy/access/crosscheck", &files).await;
    let mut node = Command::new("node");
    node.arg("crosscheck.mjs").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = node.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "the second simulator fails");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
#[ignore = "installs a tool of npm's, and asks for a minute"]
async fn long_another_simulator_answers_the_same_and_knows_no_other_action() {
    let (mut simulations, mut ours, mut cases) = (Vec::new(), Vec::new(), Vec::new());
    for mode in Mode::all() {
        let world = World::of(mode).await;
        for case in Case::all().filter(|case| case.mode == mode) {
            let asked = world.ask(&case);
            ours.push(allows(asked.0, &asked.1, asked.2));
            simulations.push(simulation(asked));
            cases.push(case);
        }
    }
    let answers = answers(&json!(simulations)).await;
    let theirs = answers["allowed"].as_array().unwrap().iter().map(|allowed| allowed.as_bool().unwrap());
    let theirs: Vec<bool> = theirs.collect();
    assert_eq!(theirs.len(), cases.len());
    let differ = cases.iter().zip(ours.iter().zip(&theirs)).filter(|(_, (ours, theirs))| ours != theirs);
    let differ: Vec<_> = differ.take(20).collect();
    assert!(differ.is_empty(), "{differ:#?}");
    let known =
        |name: &str| serde_json::from_value::<BTreeSet<String>>(answers["actions"][name].clone()).unwrap();
    let listed =
        |actions: &[&str]| actions.iter().map(|action| (*action).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(known("table"), listed(actions::TABLE));
    assert_eq!(known("stream"), listed(actions::STREAM));
    assert_eq!(known("key"), listed(actions::KEY));
}
