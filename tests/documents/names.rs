//! What the project's files are and say.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::layout::root;

/// Folders whose files are made, or kept for a machine to read.
const SKIPPED: [&str; 6] = [".git", ".aws-sam", "target", "corpus", "node_modules", "__pycache__"];

/// The files that end so, in order: their texts by their paths, seen from the project's folder.
pub fn texts(extension: &str) -> Vec<(String, String)> {
    let paths = files().into_iter().filter(|path| path.extension().is_some_and(|found| found == extension));
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    let mut texts: Vec<_> = paths.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect();
    texts.sort();
    texts
}

/// Every file of the project.
pub fn files() -> Vec<PathBuf> {
    files_in(root())
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kept = entries.filter(|path| !SKIPPED.iter().any(|name| path.ends_with(name)));
    kept.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

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
