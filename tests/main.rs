//! Whole-system tests: the five functions through the real SDK clients against the embedded AWS, and their real
//! binaries behind cargo-lambda. Each test names the rule that it holds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod access;
mod apps;
mod authentication;
mod binaries;
mod browser;
mod built;
mod burying;
mod client;
mod client_api;
mod clocks;
mod configuration;
mod connections;
mod constant_time;
mod costs;
mod crash;
mod deadline;
mod deploying;
mod documents;
mod envelope;
mod event;
mod fixtures;
mod frozen;
mod half;
mod history;
mod hostile;
mod hostile_http;
mod kms_emulator;
mod layout;
mod leaks;
mod listing;
mod logs;
mod many;
mod measured;
mod memory;
mod openapi;
mod operator;
mod protocol;
mod python;
mod rehearsal;
mod restarting;
mod rolling_back;
mod runtime;
mod session;
mod size;
mod stack;
mod storing;
mod swapping;
mod system;
mod tampering;
mod unavailable;
mod vectors;
mod watched;
mod webhook;
