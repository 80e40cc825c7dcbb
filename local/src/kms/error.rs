//! Why something was refused: as KMS says it, and as the key file says it.

use std::{fmt::Display, path::PathBuf};

use aws_lc_rs::error::Unspecified;
use axum::http::StatusCode;

/// An answer of KMS other than a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct KmsException {
    /// The exception's name in the KMS API, such as `NotFoundException`.
    pub code: &'static str,
    /// What is wrong, for a person. Clients decide by the code.
    pub message: String,
}

impl KmsException {
    /// A refusal with this code and message.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The request itself is wrong, whatever keys there are.
    pub(super) fn validation(problem: impl Display) -> Self {
        Self::new("ValidationException", problem.to_string())
    }

    fn internal(problem: impl Display) -> Self {
        Self::new("KMSInternalException", problem.to_string())
    }

    /// 400 for whatever the caller can change, 500 for what it cannot.
    pub(super) fn status(&self) -> StatusCode {
        match self.code {
            "KMSInternalException" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<serde_json::Error> for KmsException {
    fn from(error: serde_json::Error) -> Self {
        Self::validation(error)
    }
}

impl From<Unspecified> for KmsException {
    fn from(_: Unspecified) -> Self {
        Self::internal("the cryptography library failed")
    }
}

impl From<FileError> for KmsException {
    fn from(error: FileError) -> Self {
        Self::internal(error)
    }
}

/// The key file cannot be used: one sentence that names it, and shows nothing of what is in it.
#[derive(Debug, thiserror::Error)]
#[error("{} {problem}", file.display())]
pub struct FileError {
    pub(super) file: PathBuf,
    pub(super) problem: String,
}
