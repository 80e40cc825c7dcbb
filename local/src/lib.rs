//! AWS on a desk: what the stack in `template.yaml` needs to run on one machine. Never deployed.

pub mod event;
pub mod gateway;
pub mod template;
pub mod tokens;
