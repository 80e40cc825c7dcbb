//! What each fuzz target does with its bytes. A target holds rules, by panicking where one is broken; it does not only wait
//! for a crash.
//!
//! The functions are the real ones, handler and SDK clients and all, in front of an AWS in memory (`aws.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a rule that is broken has to stop the run")]
#![allow(clippy::missing_panics_doc, reason = "panicking is what a target is for")]

mod aws;
mod bodies;
mod configuration;
mod envelope;
mod event;
mod functions;
mod headers_and_ids;

pub use bodies::{store_body, webhook_bodies};
pub use configuration::configuration;
pub use envelope::envelope;
pub use event::event;
pub use functions::Function;
pub use headers_and_ids::headers_and_ids;

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, under the name of its folder in `fuzz/corpus`.
pub const TARGETS: [Target; 6] = [
    ("configuration", configuration),
    ("envelope", envelope),
    ("event", event),
    ("headers_and_ids", headers_and_ids),
    ("store_body", store_body),
    ("webhook_bodies", webhook_bodies),
];
