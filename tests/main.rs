//! Whole-system tests: the five functions through the real SDK clients against the embedded AWS, and their real
//! binaries behind cargo-lambda. Each test names the rule that it holds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod contract;
mod custody;
mod documents;
mod faults;
mod local;
mod secrecy;
mod stack;
mod support;
mod watched;
