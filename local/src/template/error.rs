//! Why a template can't be read.

use std::fmt::Display;

/// Why a template can't be read or resolved: one sentence that names the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl TemplateError {
    pub(super) fn at(place: &str, problem: impl Display) -> Self {
        Self(format!("{place}: {problem}"))
    }
}

pub(super) type Result<T> = std::result::Result<T, TemplateError>;
