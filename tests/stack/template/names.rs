//! Every name that the template gives is read somewhere, and every name that is read is given.

use std::{collections::BTreeSet, fs};

use serde_json::{Map, Value};

use super::{Variant, parts, template};
use crate::support::project::root;

/// The names of a section of the template.
fn names<'a>(template: &'a Value, section: &str) -> BTreeSet<&'a str> {
    template[section].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// The template, and those of the stacks within it.
async fn all() -> impl Iterator<Item = &'static Value> {
    [template().await].into_iter().chain(parts().await.values())
}

/// Sections that have an effect: a parameter that only a rule reads has none.
fn effective(template: &Value) -> impl Iterator<Item = &Value> {
    ["Conditions", "Globals", "Resources", "Outputs"].into_iter().map(|section| &template[section])
}

/// What a value refers to: by `Ref`, by `Fn::GetAtt` and in the text of `Fn::Sub`, an attribute without its name.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(map) => map.iter().flat_map(|(key, value)| reference(key, value)).collect(),
        _ => vec![],
    }
}

fn reference<'a>(key: &str, value: &'a Value) -> Vec<&'a str> {
    match (key, value) {
        ("Ref", Value::String(name)) => vec![name],
        ("Fn::GetAtt", Value::Array(path)) => path.first().and_then(Value::as_str).into_iter().collect(),
        ("Fn::Sub", Value::String(text)) => {
            let placeholders = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
            placeholders.map(|(name, _)| name.split('.').next().unwrap()).collect()
        }
        (_, value) => references(value),
    }
}

/// The conditions that a value asks for.
fn conditions(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().flat_map(conditions).collect(),
        Value::Object(map) => {
            let own = [map.get("Condition"), map.get("Fn::If").and_then(|choice| choice.get(0))];
            let own = own.into_iter().flatten().filter_map(Value::as_str);
            own.chain(map.values().flat_map(conditions)).collect()
        }
        _ => vec![],
    }
}

#[tokio::test]
async fn every_parameter_is_read_and_every_name_that_is_read_is_given() {
    for template in all().await {
        let parameters = names(template, "Parameters");
        let read: BTreeSet<&str> = effective(template).flat_map(references).collect();
        let unread: Vec<_> = parameters.difference(&read).collect();
        assert!(unread.is_empty(), "{unread:?} have no effect");
        let given = &parameters | &names(template, "Resources");
        let everywhere = effective(template).chain([&template["Rules"]]).flat_map(references);
        let unknown: Vec<_> =
            everywhere.filter(|name| !given.contains(name) && !name.starts_with("AWS::")).collect();
        assert!(unknown.is_empty(), "{unknown:?} are neither parameters nor resources");
    }
}

#[tokio::test]
async fn every_condition_is_asked_for() {
    let template = template().await;
    let asked: BTreeSet<&str> = effective(template).flat_map(conditions).collect();
    assert_eq!(asked, names(template, "Conditions"));
}

#[tokio::test]
async fn every_parameter_and_output_is_described_and_every_parameter_stands_in_one_group() {
    let template = template().await;
    for section in ["Parameters", "Outputs"] {
        for (name, body) in template[section].as_object().unwrap() {
            let description = body["Description"].as_str().unwrap_or_default();
            assert!(
                description.ends_with('.') && description.len() > 10,
                "{section}.{name}: {description:?}"
            );
        }
    }
    let groups =
        template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].as_array().unwrap();
    let grouped = groups.iter().flat_map(|group| group["Parameters"].as_array().unwrap());
    let mut grouped: Vec<_> = grouped.map(|name| name.as_str().unwrap()).collect();
    grouped.sort_unstable();
    assert_eq!(grouped, names(template, "Parameters").into_iter().collect::<Vec<_>>());
}

/// Names in a source file that are written as the environment's are.
fn variables(source: &str) -> BTreeSet<&str> {
    let is_name = |text: &&str| {
        text.contains('_') && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    source.split('"').filter(is_name).collect()
}

#[tokio::test]
async fn a_function_is_given_the_variables_that_the_code_reads_and_no_other() {
    let files = ["client_id_source", "config", "environment", "key_ring", "webhook_policy"];
    let read = |file| fs::read_to_string(root().join(format!("shared/src/{file}.rs"))).unwrap();
    let code = files.map(read).concat();
    let read = variables(&code);
    for variant in Variant::ALL {
        let functions = variant.expanded().await.of_type("AWS::Lambda::Function");
        let given = functions.values().flat_map(|function| environment(function).keys().map(String::as_str));
        assert_eq!(given.collect::<BTreeSet<_>>(), read, "{variant:?}");
        for (id, function) in functions {
            let of_client = environment(function).contains_key("CLIENT_ID_CLAIM");
            let of_webhook = environment(function).contains_key("WEBHOOK_SECRET_SHA256");
            assert_eq!(
                (of_client, of_webhook),
                (!id.starts_with("Webhook"), id.starts_with("Webhook")),
                "{id}"
            );
        }
    }
}

fn environment(function: &Value) -> &Map<String, Value> {
    function["Properties"]["Environment"]["Variables"].as_object().unwrap()
}

/// In the README or in `docs/`.
#[tokio::test]
async fn every_output_is_named_where_somebody_is_told_to_use_it() {
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.is_file()).chain([root().join("README.md")]);
    let text: String = pages.map(|path| fs::read_to_string(path).unwrap()).collect();
    for output in names(template().await, "Outputs") {
        assert!(text.contains(&format!("`{output}`")), "no page tells what the output {output} is for");
    }
}
