//! docs/architecture.md: what it says that a change is made in is there.

use std::fs;

use crate::support::project::root;

/// The rows of its last table: what to change, where, and what to look for there.
fn rows() -> Vec<[String; 3]> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, table) = page.split_once("## Where a change goes").unwrap();
    let rows = table.lines().filter(|line| line.contains("| `"));
    let cells =
        |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    rows.map(|row| Vec::try_into(cells(row)).unwrap()).collect()
}

#[test]
fn each_change_is_made_where_the_architecture_says() {
    let rows = rows();
    assert!(rows.len() >= 10, "{rows:?}");
    for [change, path, name] in rows {
        let text = fs::read_to_string(root().join(&path)).unwrap_or_default();
        assert!(text.contains(&name), "{change}: {path} has no {name}");
    }
}
