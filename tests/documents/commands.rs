//! docs/commands.md, made of the rows.

use std::{env, fs};

use super::blocks::{BLOCKS, How, Untyped};
use crate::layout::root;

#[test]
fn docs_commands_md_shows_how_each_block_is_known_to_work() {
    let path = root().join("docs/commands.md");
    let page = fs::read_to_string(&path).unwrap();
    let filled = fill(&fill(&page, "blocks", &blocks()), "untyped", &untyped());
    if env::var_os("UPDATE").is_some() {
        fs::write(path, filled).unwrap();
    } else {
        assert!(page == filled, "docs/commands.md is old: UPDATE=1 cargo test -p tests docs_commands_md");
    }
}

/// The page, with what stands between its markers made anew.
fn fill(page: &str, name: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: made by the test -->\n"), "<!-- end -->");
    let (before, after) = page.split_once(&begin).expect(&begin);
    let (_, after) = after.split_once(end).expect(end);
    format!("{before}{begin}{content}{end}{after}")
}

fn blocks() -> String {
    let row =
        |page: &str, part: &str, how: &str| format!("| {} | {} | {how} |\n", page_link(page), code(part));
    let rows = BLOCKS.iter().map(|known| match known.how {
        How::Rehearsed { except: [] } => row(known.page, known.part, "the rehearsal"),
        How::Rehearsed { .. } => row(known.page, known.part, "the rehearsal, but for lines below"),
        How::Tested(test) => row(known.page, known.part, &format!("`cargo test -p tests {test}`")),
        How::Untyped(_) => row(known.page, known.part, "nobody: see below"),
    });
    format!("| page | the block with | is typed by |\n|---|---|---|\n{}", rows.collect::<String>())
}

fn untyped() -> String {
    let rows = BLOCKS.iter().flat_map(|known| match &known.how {
        How::Rehearsed { except } => except.iter().map(|line| (known.page, line)).collect(),
        How::Tested(_) => vec![],
        How::Untyped(block) => vec![(known.page, block)],
    });
    let row = |(page, what): (&str, &Untyped)| {
        format!("| {} | {} | {} | {} |\n", page_link(page), code(what.part), what.why, what.settled_by)
    };
    format!(
        "| page | command | why not | what settles it |\n|---|---|---|---|\n{}",
        rows.map(row).collect::<String>()
    )
}

/// A link from a page in docs/.
fn page_link(page: &str) -> String {
    let target = page.strip_prefix("docs/").map_or_else(|| format!("../{page}"), str::to_owned);
    format!("[{page}]({target})")
}

/// A part of a command, in a cell of a table.
fn code(part: &str) -> String {
    let last = part.lines().last().unwrap_or_default();
    format!("`{}`", last.trim().trim_end_matches(" &&").replace('|', "\\|"))
}
