//! A KMS emulator for tests and the local run. **Unsafe for production**: its keys lie in memory, or
//! in plain text in a file, and whoever reaches its port may use them.
//!
//! It has the operations that somebody here calls. What it does, it does as KMS does: a ciphertext opens only under the
//! key and the encryption context that made it, a disabled key does nothing, and a key once answered is never lost.

mod account;
mod ciphertext;
mod context;
mod error;
mod file;
mod http;
mod keys;
mod request;
mod trail;

pub use self::{
    account::Kms,
    error::{FileError, KmsException},
    trail::Call,
};
