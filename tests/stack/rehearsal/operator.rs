//! An operator, who types what the documents have.

use std::{cell::RefCell, collections::BTreeSet};

use super::checkout::Checkout;
use crate::documents::{
    block,
    blocks::{BLOCKS, How},
};

/// What operators read.
pub const OPERATING: &str = "docs/operating.md";
/// The functions that the other blocks of the page use.
const FUNCTIONS: &str = "output() {";

/// An operator at a stage, and which blocks have been typed.
pub struct Operator<'a> {
    checkout: &'a Checkout,
    typed: RefCell<BTreeSet<(&'static str, &'static str)>>,
}

impl<'a> Operator<'a> {
    /// One who has typed nothing yet.
    pub fn at(checkout: &'a Checkout) -> Self {
        Self { checkout, typed: RefCell::default() }
    }

    /// Types the block of a page with that part in it, after the words that the page leaves to the reader.
    pub async fn types(&self, page: &str, part: &str, words: &str) -> String {
        self.types_with(page, part, words, &[]).await
    }

    /// Types it with parts of it filled in.
    pub async fn types_with(&self, page: &str, part: &str, words: &str, filled: &[(&str, &str)]) -> String {
        let script = self.script(page, part, words, filled);
        self.checkout.types(&script).await
    }

    /// Types it, and it has to be refused; gives what is said then.
    pub async fn is_refused(&self, page: &str, part: &str, words: &str) -> String {
        let script = self.script(page, part, words, &[]);
        self.checkout.is_refused(&script).await
    }

    /// Types what no page has, with the functions that docs/operating.md has.
    pub async fn improvises(&self, words: &str, script: &str) -> String {
        let functions = self.block(OPERATING, FUNCTIONS);
        self.checkout.types(&format!("# what no page has\n{functions}{words}\n{script}")).await
    }

    fn script(&self, page: &str, part: &str, words: &str, filled: &[(&str, &str)]) -> String {
        let mut text = self.block(page, part);
        for (from, to) in filled {
            assert!(text.contains(from), "{page}: the block with {part:?} has no {from:?}");
            text = text.replace(from, to);
        }
        let functions = if page == OPERATING { self.block(OPERATING, FUNCTIONS) } else { String::new() };
        let label = part.lines().last().unwrap_or_default().trim();
        format!("# {label}\n{functions}{words}\n{text}")
    }

    /// The block, whose lines that nobody can type here are left out.
    fn block(&self, page: &str, part: &str) -> String {
        let row = BLOCKS.iter().find(|row| (row.page, row.part) == (page, part));
        let row = row.unwrap_or_else(|| panic!("tests/documents/blocks.rs has no row for {page}, {part:?}"));
        let How::Rehearsed { except } = row.how else {
            panic!("{page}, {part:?} is not said to be rehearsed")
        };
        self.typed.borrow_mut().insert((row.page, row.part));
        let text = block(page, part);
        let kept = text.lines().filter(|line| !except.iter().any(|left_out| line.contains(left_out.part)));
        kept.collect::<Vec<_>>().join("\n") + "\n"
    }

    /// Every block that is said to be rehearsed was typed.
    pub fn has_typed_everything(&self) {
        let said = BLOCKS.iter().filter(|row| matches!(row.how, How::Rehearsed { .. }));
        let said: BTreeSet<_> = said.map(|row| (row.page, row.part)).collect();
        assert_eq!(*self.typed.borrow(), said);
    }
}
