//! What the project's own names are.

use std::{collections::BTreeSet, fs};

use crate::support::project::{root, texts};

/// Every test with its module, as `cargo test` chooses among them.
pub fn tests() -> Vec<String> {
    let all = texts("rs").into_iter().flat_map(|(path, text)| {
        let file = path.trim_end_matches(".rs").replace('/', "::");
        let functions = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
        functions.map(|name| format!("{file}::{name}")).collect::<Vec<_>>()
    });
    all.collect()
}

/// The names that the templates give: parameters, resources, outputs, the statements of policies, and metrics.
pub fn of_the_templates() -> BTreeSet<String> {
    let files = ["template.yaml", "watched.yaml", "events-us-east-1.yaml"];
    let template: String = files.map(|file| fs::read_to_string(root().join(file)).unwrap()).concat();
    let lines = template.lines().map(|line| (line.len() - line.trim_start().len(), line.trim()));
    let name = |(indent, line): (usize, &str)| match line.split_once(':') {
        Some((name, _)) if indent == 2 => Some(name.to_owned()),
        _ => {
            let metric = line.split_once("MetricName: ").and_then(|(_, rest)| rest.split([',', '}']).next());
            Some(line.strip_prefix("- Sid: ").or(metric)?.to_owned())
        }
    };
    lines.filter_map(name).collect()
}
