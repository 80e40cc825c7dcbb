//! What a function is told by its environment, checked once at start.

use std::{env, fmt};

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
