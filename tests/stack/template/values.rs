//! samconfig.toml: each stage's one list of values.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use super::{TOKENS, refusals, template};
use crate::support::project::root;

const STAGES: [&str; 2] = ["development", "production"];

/// A stage's list, in which every value is a line `'Name=value',` of its own.
fn values(stage: &str) -> BTreeMap<String, String> {
    let file = fs::read_to_string(root().join("samconfig.toml")).unwrap();
    let (_, section) = file.split_once(&format!("[{stage}.global.parameters]")).unwrap();
    let (list, _) = section.split_once("\n]").unwrap();
    let lines = list.lines().filter_map(|line| line.strip_prefix("    '")?.split_once("',"));
    let pairs: Vec<_> = lines.map(|(pair, _)| pair.split_once('=').unwrap()).collect();
    let values: BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.replace(r#""""#, ""))).collect();
    assert_eq!(values.len(), pairs.len(), "{stage} has a value twice");
    values
}

/// A stack keeps the value of a parameter that no line names.
#[tokio::test]
async fn each_stages_list_names_every_parameter() {
    let parameters: Vec<_> = template().await["Parameters"].as_object().unwrap().keys().collect();
    for stage in STAGES {
        let mut named: Vec<_> = values(stage).into_keys().collect();
        named.sort_unstable();
        assert_eq!(named.iter().collect::<Vec<_>>(), parameters, "{stage}");
    }
}

#[tokio::test]
async fn each_stages_list_starts_with_the_templates_defaults() {
    for stage in STAGES {
        for (name, value) in values(stage) {
            let expected = match &template().await["Parameters"][&name]["Default"] {
                _ if name == "Stage" => stage.to_owned(),
                Value::Null => String::new(),
                Value::String(default) => default.clone(),
                default => default.to_string(),
            };
            assert_eq!(value, expected, "{stage}: {name}");
        }
    }
}

/// The list as it is handed out deploys nothing, and a login and a digest are all that it lacks.
#[tokio::test]
async fn a_list_that_is_not_filled_in_is_refused_and_one_with_a_login_and_a_digest_is_not() {
    let lists = STAGES.map(values);
    let empty = lists.each_ref().map(borrowed);
    let filled = empty.clone().map(|list| list.into_iter().chain(TOKENS).collect());
    let [one, other, filled @ ..] = &refusals(&[empty, filled].concat()).await[..] else { panic!("four") };
    for refusal in [one, other] {
        assert!(refusal.as_ref().unwrap().starts_with("Parameters.WebhookSecretDigests: "), "{refusal:?}");
    }
    assert_eq!(filled, [None, None]);
}

fn borrowed(list: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    list.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
