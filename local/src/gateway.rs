//! API Gateway's HTTP APIs on a desk: the template's routes, all on one port, in front of cargo-lambda's Invoke API.

mod access_log;
mod answer;
mod authorize;
mod bucket;
mod cors;
mod event;
mod invoke;
mod place;
mod refusal;
mod serve;
#[cfg(test)]
mod tests;

pub use self::serve::{Gateway, Settings};
