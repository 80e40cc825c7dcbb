//! What apps and Portal are promised (docs/contract.md), route by route.

pub mod apps;
pub mod authentication;
pub mod browser;
pub mod client_api;
pub mod configuration;
pub mod hostile;
pub mod hostile_http;
pub mod listing;
pub mod openapi;
pub mod stops;
pub mod webhook;
