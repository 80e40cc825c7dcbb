//! Why a command was not done: one line that says what to do, and the exit code.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use backup_shares::error::{AwsFailure, Error};
use serde_json::json;

use crate::{
    exit::Exit,
    terminal::{BAD, complain, say},
};

/// A command that was not done. Nothing was changed but what it has said before.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Failed {
    exit: Exit,
    why: String,
}

impl Failed {
    /// The command line, or what it names, can't be used.
    pub fn usage(why: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, why: why.into() }
    }

    /// What was given doesn't fit what is there, or AWS does not do it.
    pub fn not_done(why: impl Into<String>) -> Self {
        Self { exit: Exit::NotDone, why: why.into() }
    }

    /// An answer of AWS's that is none, in words for who can mend it.
    pub fn aws<E>(what: &str, error: &SdkError<E>) -> Self
    where
        SdkError<E>: ProvideErrorMetadata + RequestId,
    {
        let failure = AwsFailure::new("", error);
        Self::not_done(format!("{what}: {}", meaning(failure.code(), failure.code())))
    }

    /// What the shared crate could not do.
    pub fn shared(what: &str, error: &Error) -> Self {
        let text = error.to_string();
        let why = match error {
            Error::Unavailable(failure) => meaning(failure.code(), &text),
            _ => text,
        };
        Self::not_done(format!("{what}: {why}"))
    }

    /// Says it, and gives the exit code.
    pub fn say(self, json: bool) -> Exit {
        if json {
            say(json!({ "error": self.why, "exit": self.exit as u8 }));
        } else {
            complain(BAD, "error:", self.why);
        }
        self.exit
    }
}

/// What a code means for an operator; what is not known here in the words that there are.
fn meaning(code: &str, words: &str) -> String {
    let hint = match code {
        "no connection" => return NO_WAY.into(),
        "request not built" => return NO_REGION.into(),
        "AccessDeniedException" => {
            "these credentials may not: take the operators' role (docs/operating.md, \"Operators\")"
        }
        "ResourceNotFoundException" => "there is no such table in this account and Region",
        "ExpiredTokenException" | "UnrecognizedClientException" => {
            "the credentials are good no more: take the role again"
        }
        _ => return words.into(),
    };
    format!("{hint} ({code})")
}

const NO_WAY: &str = "no credentials were found, or AWS can't be reached: `aws sts get-caller-identity` says which \
                      (docs/operating.md, \"Operators\")";
const NO_REGION: &str = "no Region is set: export AWS_REGION";
