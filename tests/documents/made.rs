//! Tables that tests make, between the markers of a page.

use std::{env, fs};

use crate::support::project::root;

/// Holds a page to these tables, each by the name in its marker. With `REWRITE` set it writes them into the page. The test is
/// named after the page.
pub fn assert_made(page: &str, tables: &[(&str, String)]) {
    let path = root().join(page);
    let text = fs::read_to_string(&path).unwrap();
    let filled = tables.iter().fold(text.clone(), |text, (name, table)| fill(&text, name, table));
    if env::var_os("REWRITE").is_some() {
        fs::write(path, filled).unwrap();
    } else {
        let filter = page.replace(['/', '.'], "_");
        assert!(text == filled, "{page} is old: REWRITE=1 cargo test -p tests {filter}");
    }
}

fn fill(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: made by the test -->\n"), "<!-- end -->");
    let (before, after) = page.split_once(&begin).expect(&begin);
    let (_, after) = after.split_once(end).expect(end);
    format!("{before}{begin}{table}{end}{after}")
}
