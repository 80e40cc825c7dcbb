//! Nothing is lost: what was acknowledged is in every later read, whatever dies, comes late or is told a wrong time.

pub mod burying;
pub mod clocks;
pub mod costs;
pub mod crash;
pub mod frozen;
pub mod history;
pub mod measured;
pub mod opener;
pub mod protocol;
pub mod size;
pub mod storing;
