//! cargo-lambda, the Lambda service of the local run: makes sure of it, and runs it.

mod install;
mod run;

pub use self::install::{folder, installed};
pub(crate) use self::run::CargoLambda;
