//! Made-up wallets whose backups are true: each key lies on one line with its two halves, which rebuild it.
//!
//! For tests and for `cargo local`, never for a wallet that holds money: nothing here is wiped. A client's half has the
//! fields of the custodian's; Portal's apps name and nest them otherwise.

mod app_key;
mod curve;
mod half;
mod key;
mod random;
mod wallet;

pub use app_key::AppKey;
pub use random::Random;
pub use wallet::{Backup, Halves, Wallet};
