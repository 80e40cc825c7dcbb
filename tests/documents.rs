//! The documents hold to what is here: every shell block is typed by a test or says why it can't be, and what prose
//! names exists.

pub mod blocks;
mod changes;
mod commands;
mod desk;
pub mod made;
mod names;
pub mod prose;

use std::fs;

use blocks::{BLOCKS, How};

use crate::support::project::{root, texts};

/// A shell block of a page.
pub struct Block {
    /// The page, seen from the project's folder.
    pub page: String,
    pub text: String,
}

/// Every page of the project: its text by its path, seen from the project's folder.
pub fn pages() -> Vec<(String, String)> {
    texts("md")
}

/// The shell blocks of all pages.
pub fn all_blocks() -> Vec<Block> {
    pages().iter().flat_map(|(page, text)| blocks_of(page, text)).collect()
}

fn blocks_of(page: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "```sh" {
            let indent = line.len() - line.trim_start().len();
            let inner = lines.by_ref().take_while(|line| line.trim() != "```");
            let inner: Vec<_> = inner.map(|line| line.get(indent..).unwrap_or_default()).collect();
            let text = inner.join("\n") + "\n";
            blocks.push(Block { page: page.into(), text });
        }
    }
    blocks
}

/// The one block of a page with that part in it.
pub fn block(page: &str, part: &str) -> String {
    let blocks = blocks_of(page, &fs::read_to_string(root().join(page)).unwrap());
    let mut found = blocks.into_iter().filter(|block| block.text.contains(part));
    let block = found.next().unwrap_or_else(|| panic!("{page} has no shell block with {part:?}"));
    assert!(found.next().is_none(), "{page} has several shell blocks with {part:?}");
    block.text
}

#[test]
fn every_shell_block_is_typed_by_a_test_or_says_why_it_cant_be() {
    for block in all_blocks() {
        let rows = BLOCKS.iter().filter(|row| row.page == block.page && block.text.contains(row.part));
        let count = rows.count();
        assert_eq!(
            count, 1,
            "{}: {count} rows of tests/documents/blocks.rs are about\n{}",
            block.page, block.text
        );
    }
    for row in BLOCKS {
        block(row.page, row.part);
    }
}

#[test]
fn every_test_that_is_said_to_type_a_block_exists() {
    let sources: String = texts("rs").into_iter().map(|(_, text)| text).collect();
    for row in BLOCKS {
        if let How::Tested(test) = row.how {
            assert!(sources.contains(&format!("fn {test}(")), "{}: there is no test {test}", row.page);
        }
    }
}
