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

/// The names that the template gives: parameters, resources, outputs, and the statements of its policies.
pub fn of_the_template() -> BTreeSet<String> {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let lines = template.lines().map(|line| (line.len() - line.trim_start().len(), line.trim()));
    let name = |(indent, line): (usize, &str)| match line.split_once(':') {
        Some((name, _)) if indent == 2 => Some(name.to_owned()),
        _ => Some(line.strip_prefix("- Sid: ")?.to_owned()),
    };
    lines.filter_map(name).collect()
}
