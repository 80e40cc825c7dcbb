//! A function's folder, stanza in the template, event and tests come together.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::support::{
    event::Event,
    project::{FUNCTIONS, root, routed, texts},
    system::System,
};

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let names = entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    names.filter(|name| !name.starts_with('.')).collect()
}

#[test]
fn a_folder_a_stanza_and_an_event_belong_to_every_function() {
    let folders = names("functions");
    assert_eq!(routed().into_iter().map(|(function, _)| function).collect::<BTreeSet<_>>(), folders);
    assert_eq!(names("events"), folders);
}

#[test]
fn every_event_is_one_of_its_functions_route() {
    for (function, route) in routed() {
        let event = fs::read_to_string(root().join(format!("events/{function}.json"))).unwrap();
        let event: Value = serde_json::from_str(&event).unwrap();
        assert_eq!(event["routeKey"], route.as_str(), "{function}");
        assert_eq!(event["requestContext"]["routeKey"], route.as_str(), "{function}");
    }
}

#[tokio::test]
async fn every_function_answers_its_event_in_the_tests_system() {
    assert_eq!(names("functions"), FUNCTIONS.map(str::to_owned).into());
    let system = System::start().await;
    for function in FUNCTIONS {
        let answer = system.call(Event::of(function)).await;
        assert!(matches!(answer.status, 200 | 404), "{function}: {answer:?}");
    }
}

/// The one compiler is also the oldest that the project says it works with: no other is ever tried.
#[test]
fn the_compiler_is_the_one_that_cargo_toml_names() {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let value = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))).unwrap();
        line.trim_matches('"').to_owned()
    };
    let channel = value(&read("rust-toolchain.toml"), "channel");
    assert_eq!(channel.rsplit_once('.').unwrap().0, value(&read("Cargo.toml"), "rust-version"));
}

/// A tag can be moved to other code, and these run with the right to deploy.
#[test]
fn every_action_of_a_workflow_is_pinned_by_its_commit() {
    for entry in fs::read_dir(root().join(".github/workflows")).unwrap() {
        let path = entry.unwrap().path();
        let workflow = fs::read_to_string(&path).unwrap();
        let used =
            workflow.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("uses: "));
        for action in used.filter(|action| !action.starts_with("./")) {
            let (_, commit) = action.split_once('@').unwrap();
            let (commit, version) = commit.split_once(" # v").unwrap_or_else(|| panic!("{path:?}: {action}"));
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{path:?}: {action}");
        }
    }
}

#[test]
fn every_rule_of_the_envelope_is_named_by_a_test() {
    let rules = fs::read_to_string(root().join("shared/ENVELOPE.md")).unwrap();
    let ids: Vec<&str> =
        rules.lines().filter_map(|line| line.strip_prefix("- **")?.split("**").next()).collect();
    assert_eq!(ids.len(), 20);
    let tests: String = texts("rs").into_iter().map(|(_, text)| text).collect();
    let named: BTreeSet<&str> = tests.lines().filter_map(|line| line.trim().split("fn ").nth(1)).collect();
    for id in ids {
        let part = id.to_lowercase();
        assert!(named.iter().any(|name| name.split('_').any(|word| word == part)), "no test names {id}");
    }
}
