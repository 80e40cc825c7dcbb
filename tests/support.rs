//! What tests are made of. Nothing here is a test of the product.

pub mod client;
pub mod doctored;
pub mod event;
pub mod fixtures;
pub mod half;
pub mod many;
pub mod npm;
pub mod operator;
pub mod project;
pub mod python;
pub mod refusals;
pub mod runtime;
pub mod session;
pub mod stops;
pub mod system;
pub mod watched;
