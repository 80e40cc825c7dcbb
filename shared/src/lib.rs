//! Keeps the two backup shares of Portal wallets: seals each one under KMS, stores it in DynamoDB for good,
//! and gives it back on the day of the recovery.
//!
//! A request is authenticated into a proof ([`auth::User`] or [`auth::Portal`]), parsed into types that can't be
//! wrong ([`ids`], [`share`]), and handed to the half that it belongs to: [`client_shares`] or [`custodian_shares`]. Without
//! the proof nothing can be stored or read. The sealed format is specified in `ENVELOPE.md`, beside this crate's
//! manifest, and implemented in [`envelope`].

pub mod auth;
pub mod aws;
mod chosen;
pub mod client_id_source;
pub mod client_list;
pub mod client_shares;
mod clock;
pub mod config;
pub mod custodian_shares;
pub mod date;
mod ends;
pub mod envelope;
pub mod environment;
pub mod error;
mod event;
mod fetch;
pub mod http;
pub mod ids;
pub mod key_ring;
mod kms;
pub mod log;
mod newest;
pub mod query;
pub mod row_key;
pub mod secret;
pub mod serve;
pub mod share;
pub mod slot;
pub mod stop;
pub mod table;
#[cfg(test)]
mod test_support;
pub mod time_limits;
mod vault;
pub mod wanted;
pub mod webhook_policy;
pub mod withdrawn;

pub use clock::HORIZON;
pub use error::{Error, Result};
