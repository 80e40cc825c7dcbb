//! Why something was refused: as KMS says it, and as the key file says it.

use std::{io, path::PathBuf};

use aws_lc_rs::error::Unspecified;
use axum::http::StatusCode;

/// An answer of KMS other than a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The exception's name in the KMS API, such as `NotFoundException`.
    pub code: String,
    /// What is wrong, for a person. Clients decide by the code.
    pub message: String,
}

impl Refusal {
    /// A refusal with this code and message.
    pub(super) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    /// The request itself is wrong, whatever keys there are.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// 400 for whatever the caller can change, 500 for what it cannot.
    pub(super) fn status(&self) -> StatusCode {
        match self.code.as_str() {
            "KMSInternalException" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<Unspecified> for Refusal {
    fn from(_: Unspecified) -> Self {
        Self::new("KMSInternalException", "the cryptography library failed")
    }
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        Self::new("KMSInternalException", error.to_string())
    }
}

/// The key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is there, but not as this emulator writes it.
    #[error(
        "{file} is damaged at line {line}, column {column}: put a copy of it back, or delete it \
         together with all data sealed under its keys, which nothing can open then"
    )]
    Damaged {
        /// The key file.
        file: PathBuf,
        /// Where reading stopped, counted from 1; the text there could be a key and is not shown.
        line: usize,
        /// See `line`.
        column: usize,
    },
    /// An alias in it names a key that it does not hold.
    #[error("{file} is damaged: {alias} names a key that is not in it: put a copy of it back")]
    Dangling {
        /// The key file.
        file: PathBuf,
        /// The alias without a key.
        alias: String,
    },
    /// The file system refused.
    #[error("cannot {action} {file}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder that it was done to.
        file: PathBuf,
        /// The file system's own error.
        source: io::Error,
    },
}
