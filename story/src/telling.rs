//! What a story tells while it is played.

use std::time::Duration;

/// Who listens to a story.
pub type Tell<'a> = &'a dyn Fn(&Told<'_>);

/// One thing that is told. No share, token or secret is in it.
pub enum Told<'a> {
    /// The heading of an act.
    Act(&'a str),
    /// A request and its answer.
    Exchange(&'a Exchange<'a>),
    /// What no request shows.
    Aside(&'a str),
}

/// A request and its answer.
pub struct Exchange<'a> {
    /// Who asked: `Portal`, `app` or `nobody`.
    pub who: &'a str,
    /// The method and the path.
    pub request: &'a str,
    /// What it carried and brought.
    pub what: String,
    /// From the request's first byte to the answer's last.
    pub took: Duration,
}
