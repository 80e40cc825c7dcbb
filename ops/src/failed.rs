//! Why a command was not done: one line that says what to do, and the exit code.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use serde_json::json;

use crate::{
    exit::Exit,
    terminal::{BAD, complain, say},
};

/// A command that was not done. Nothing was changed but what it has said before.
#[derive(Debug)]
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

    /// An answer of DynamoDB's that is none, in words for who can mend it.
    pub fn aws<E, R>(what: &str, error: &SdkError<E, R>) -> Self
    where
        SdkError<E, R>: ProvideErrorMetadata,
    {
        let code = error.code().unwrap_or(match error {
            SdkError::TimeoutError(_) => "no answer in time",
            SdkError::DispatchFailure(_) => NO_WAY,
            SdkError::ConstructionFailure(_) => NO_REGION,
            _ => "an answer that can't be read",
        });
        Self::not_done(format!("{what}: {}", meaning(code)))
    }

    /// What the shared crate could not do.
    pub fn shared(what: &str, error: &backup_shares::Error) -> Self {
        let text = error.to_string();
        let code =
            ["AccessDeniedException", "ResourceNotFoundException", "no connection", "request not built"];
        let known = code.iter().find(|code| text.contains(**code));
        let meaning = match known {
            Some(&"no connection") => NO_WAY.to_owned(),
            Some(&"request not built") => NO_REGION.to_owned(),
            Some(code) => meaning(code),
            None => text,
        };
        Self::not_done(format!("{what}: {meaning}"))
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

const NO_WAY: &str = "no credentials were found, or AWS can't be reached: `aws sts get-caller-identity` says which \
                      (docs/operating.md, \"Operators\")";
const NO_REGION: &str = "no Region is set: export AWS_REGION";

fn meaning(code: &str) -> String {
    let hint = match code {
        "AccessDeniedException" => {
            "these credentials may not: take the operators' role (docs/operating.md, \"Operators\")"
        }
        "ResourceNotFoundException" => "there is no such table in this account and Region",
        "ExpiredTokenException" | "UnrecognizedClientException" => {
            "the credentials are good no more: take the role again"
        }
        _ => return code.into(),
    };
    format!("{hint} ({code})")
}
