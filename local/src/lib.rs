//! AWS on a desk, for the tests and the local run. Nothing here is ever deployed.

mod account;
pub mod cargo_lambda;
pub mod compile;
pub mod data;
mod durable;
pub mod dynamodb;
pub mod emulators;
pub mod functions;
mod gateway;
pub mod kms;
pub mod options;
pub mod process;
pub mod python;
pub mod reach;
pub mod run;
mod server;
pub mod services;
pub mod telling;
pub mod template;
pub mod terminal;
mod tokens;
pub mod watch;
pub mod workspace;
