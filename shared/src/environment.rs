//! What a function is told by its environment, checked once at start.

use std::{env, fmt};

use tracing::level_filters::LevelFilter;

/// A variable that is missing or malformed. It prints as one line that names the variable, also through `Debug`,
/// which is how `main` prints it.
#[derive(thiserror::Error)]
#[error("{name} {problem}")]
pub struct ConfigError {
    pub(crate) name: &'static str,
    pub(crate) problem: &'static str,
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

pub(crate) type Checked<T> = Result<T, ConfigError>;

/// A variable's value, which is not empty.
pub(crate) fn variable(name: &'static str, what: &'static str) -> Checked<String> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or(ConfigError { name, problem: what })
}

/// The least severe level that is logged: `LOG_LEVEL`, or `info`.
///
/// # Errors
/// Names `LOG_LEVEL` when it is no level.
pub fn log_level() -> Checked<LevelFilter> {
    const NAMES: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let name = env::var("LOG_LEVEL").unwrap_or_else(|_| "info".into());
    let level = NAMES.contains(&name.as_str()).then(|| name.parse().ok()).flatten();
    let problem = "is not one of off, error, warn, info, debug, trace (LogLevel in the template)";
    level.ok_or(ConfigError { name: "LOG_LEVEL", problem })
}
