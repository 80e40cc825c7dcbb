//! What is wrong with an API, as far as a story sees it.

use std::{fmt::Display, time::Duration};

use hyper::StatusCode;

/// The result of what a party does.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// The first thing in a story that is not as that party needs it. Nothing secret is in its text.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection, no whole answer, or none in time.
    #[error("{request} gets no answer: {why}")]
    NoAnswer {
        /// The method and the path.
        request: String,
        /// What the connection says.
        why: String,
    },
    /// A good answer that Portal would not have waited for.
    #[error("{request} took {:.1} s, and Portal waits 10 s", took.as_secs_f64())]
    Late {
        /// The method and the path.
        request: String,
        /// From the request's first byte to the answer's last.
        took: Duration,
    },
    /// Whoever may is refused.
    #[error("{request} is answered {status}{said}")]
    Refused {
        /// The method and the path.
        request: String,
        /// The answer's status.
        status: StatusCode,
        /// What else the answer says.
        said: String,
    },
    /// An answer that Portal's SDKs could not read.
    #[error("{request}: {what}")]
    Strange {
        /// The method and the path.
        request: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A share was acknowledged and doesn't come back.
    #[error("{0}")]
    Lost(String),
    /// Another share comes than the one that was asked for.
    #[error("{0}")]
    WrongShare(String),
    /// What came back doesn't open, or is no wallet, or another one.
    #[error("what came back is not the wallet: {0}")]
    NotTheWallet(String),
    /// Whoever may not is let in, or garbage is taken.
    #[error("{who}: {request} is answered {status}{said}, and {expected} is right")]
    LetIn {
        /// Who asked, and what was wrong.
        who: &'static str,
        /// The method and the path.
        request: String,
        /// The answer's status.
        status: StatusCode,
        /// What else the answer says.
        said: String,
        /// What the answer must be.
        expected: &'static str,
    },
    /// The story can't be played on this computer.
    #[error("{0}")]
    Here(String),
}

impl Failure {
    pub(crate) fn here(why: &impl Display) -> Self {
        Self::Here(format!("{why:#}"))
    }

    pub(crate) fn not_the_wallet(why: &impl Display) -> Self {
        Self::NotTheWallet(format!("{why:#}"))
    }
}
