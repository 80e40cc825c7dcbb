//! docs/commands.md, made of the rows.

use super::{
    blocks::{BLOCKS, How, Untyped},
    made::assert_made,
};

#[test]
fn docs_commands_md_shows_how_each_block_is_known_to_work() {
    assert_made("docs/commands.md", &[("blocks", blocks()), ("untyped", untyped())]);
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
