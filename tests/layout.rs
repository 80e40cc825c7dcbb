//! A function's folder, stanza in the template, event and tests come together.

use std::{collections::BTreeSet, fs, path::Path};

use local::template::{Stack, Template};
use serde_json::Value;

use crate::system::parameters;

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let names = entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    names.filter(|name| !name.starts_with('.')).collect()
}

/// The binaries and routes of the template.
pub fn routed() -> BTreeSet<(String, String)> {
    stack().routes().map(|route| (route.function.clone(), route.key())).collect()
}

/// The functions, by their binaries and by what they are called in the template.
pub fn functions() -> Vec<(String, String)> {
    stack().functions.into_iter().map(|function| (function.binary, function.logical_id)).collect()
}

fn stack() -> Stack {
    let template = Template::read(&root().join("template.yaml")).unwrap();
    let arns =
        template.keys().into_iter().map(|key| (key.logical_id, "arn:aws:kms:a:0:key/b".into())).collect();
    template.stack(&parameters(), &arns).unwrap()
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

#[test]
fn every_function_is_served_by_the_system_and_driven_by_tests() {
    let source = |name: &str| fs::read_to_string(root().join(format!("tests/{name}.rs"))).unwrap_or_default();
    let tests = names("tests").into_iter().filter(|name| name != "system" && name != "layout");
    let tests: String = tests.map(|name| source(&name)).collect();
    for function in names("functions") {
        let served = format!("\"{function}\" => Box::pin(answer(");
        assert!(source("system").contains(&served), "tests/system.rs can't call {function}");
        assert!(tests.contains(&format!("\"{function}\"")), "no test names {function}");
    }
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
    assert_eq!(ids.len(), 18);
    let sources = names("tests").into_iter().map(|name| root().join(format!("tests/{name}.rs")));
    let tests: String = sources.filter_map(|path| fs::read_to_string(path).ok()).collect();
    let named: BTreeSet<&str> = tests.lines().filter_map(|line| line.trim().split("fn ").nth(1)).collect();
    for id in ids {
        let part = id.to_lowercase();
        assert!(named.iter().any(|name| name.split('_').any(|word| word == part)), "no test names {id}");
    }
}
