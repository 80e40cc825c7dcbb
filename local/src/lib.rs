//! AWS on a desk, for the tests and the local run. Nothing here is ever deployed.

pub mod kms;
