//! Everything that can go wrong with a request, and the one mapping to what its caller is told.

use lambda_http::http::StatusCode;

/// The result of anything that a request does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request was not fulfilled. The text is for the log and holds nothing secret; the caller sees only
/// [`Error::public`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is malformed, or its share is known to be broken.
    #[error("{0}")]
    BadRequest(&'static str),
    /// The body is not the JSON that the route takes. The parser's own text is left out: it quotes the value.
    #[error("the body is not the JSON that this route takes ({0:?} error at line {1}, column {2})")]
    BadJson(serde_json::error::Category, usize, usize),
    /// A parameter that was meant to choose a share, and is none of ours: this says which is. Another share than the wanted
    /// one would be given otherwise.
    #[error("a query parameter is not known. {0}")]
    UnknownParameter(&'static str),
    /// Nothing proves who calls.
    #[error("{1}")]
    Unauthorized(Challenge, &'static str),
    /// The caller is known, and this is not theirs.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Nothing is stored under what was asked for.
    #[error("nothing is stored under that")]
    NotFound,
    /// An operator holds all of the client's shares back.
    #[error("an operator has frozen this client: `custodian show` says who, when and why")]
    Frozen,
    /// A row among a client's stops can't be read, and may hold the very share back.
    #[error("a stop of this client can't be read: {0}. If a later build wrote it, deploy that build again")]
    UnreadableStop(&'static str),
    /// The share or the body is over its limit.
    #[error("{0}")]
    TooLarge(&'static str),
    /// A stored share is not what was sealed: its row, its envelope or its wrapped key was changed.
    #[error("a stored share fails authentication: {0}")]
    Tampered(&'static str),
    /// A stored share is sealed in a version that this build does not know: it was written by a later one.
    #[error(
        "a share is sealed in envelope version {0}, which this build can't open: deploy the later build again"
    )]
    UnknownVersion(u8),
    /// A row was sealed under a key that this function was not given.
    #[error("a share is sealed under KMS key {0}, which SHARES_KEYS does not list: add that key's ARN")]
    UnlistedKey(String),
    /// Something that can't happen did.
    #[error("{0}")]
    Internal(&'static str),
    /// AWS throttles, fails or is too slow. A store may have happened all the same: repeating it is safe.
    #[error("{0}")]
    Unavailable(AwsFailure),
    /// An answer of AWS's says not when it was given.
    #[error("{0} was answered without a Date, which shares are dated by")]
    Undated(&'static str),
    /// DynamoDB gives none of the rows that it was asked for, and says that they are to be asked for again.
    #[error("BatchGetItem was answered without any of its rows")]
    NothingRead,
    /// The host's clock is off by more than a share's time may be. Nothing was stored.
    #[error("the host's clock says {host} and AWS's {aws}, in milliseconds since 1970: nothing was stored")]
    Clock {
        /// What the share would have been dated.
        host: u64,
        /// The `Date` of its data key.
        aws: u64,
    },
    /// A row was there when the same share was stored, and then was not: an operator is removing rows.
    #[error("a row was removed while it was looked at")]
    Removed,
    /// So many rows stand before the one that is asked for that a read does not get to it. Another is never given in its
    /// place.
    #[error("{0}: an operator reaches every row (docs/operating.md)")]
    TooManyRows(&'static str),
    /// The whole request took longer than [`crate::time_limits::DEADLINE`].
    #[error("the request was given up at its deadline, while it waited for AWS")]
    Deadline,
}

impl Error {
    /// Status, stable code and message for the caller (README: "The API").
    pub const fn public(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest(_) | Self::BadJson(..) => {
                (StatusCode::BAD_REQUEST, "bad_request", "The request is malformed.")
            }
            Self::UnknownParameter(hint) => (StatusCode::BAD_REQUEST, "bad_request", hint),
            Self::Unauthorized(..) => (StatusCode::UNAUTHORIZED, "unauthorized", "Authentication required."),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden", "Not allowed."),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "Nothing is stored under that."),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large."),
            Self::Frozen => (StatusCode::LOCKED, "frozen", "These shares are held back for now."),
            Self::Tampered(_)
            | Self::UnknownVersion(_)
            | Self::UnlistedKey(_)
            | Self::UnreadableStop(_)
            | Self::Internal(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something is wrong on our side.")
            }
            Self::Unavailable(_)
            | Self::Undated(_)
            | Self::NothingRead
            | Self::Clock { .. }
            | Self::Removed
            | Self::TooManyRows(_)
            | Self::Deadline => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again: repeating the request is safe.")
            }
        }
    }

    /// Whether a stored share is at fault, which will not open however often it is tried.
    pub const fn is_of_the_row(&self) -> bool {
        matches!(self, Self::Tampered(_) | Self::UnknownVersion(_) | Self::UnlistedKey(_))
    }
}

/// How a caller can prove who they are: the `WWW-Authenticate` of a 401 (RFC 9110, section 11.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A user, by a token.
    Bearer,
    /// Portal, by its secret in `X-Webhook-Secret`.
    WebhookSecret,
}

impl Challenge {
    /// The header's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::WebhookSecret => "X-Webhook-Secret",
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::BadJson(error.classify(), error.line(), error.column())
    }
}

/// A call to AWS that failed: what may be logged of it. The SDK's error itself is dropped, since its `Debug` prints
/// raw response bodies, a plaintext data key among them.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed: {code} (AWS request id {request_id})")]
pub struct AwsFailure {
    operation: &'static str,
    code: String,
    request_id: String,
}

impl AwsFailure {
    /// The service's code, such as `AccessDeniedException`; in words where there is none: `no connection`, `timeout`,
    /// `request not built` or `unreadable answer`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Keeps operation, code and request id of an SDK error, each cut to what such names look like.
    pub fn new<E, R>(operation: &'static str, error: &aws_sdk_kms::error::SdkError<E, R>) -> Self
    where
        aws_sdk_kms::error::SdkError<E, R>: aws_sdk_kms::error::ProvideErrorMetadata,
        aws_sdk_kms::error::SdkError<E, R>: aws_sdk_kms::operation::RequestId,
    {
        use aws_sdk_kms::{
            error::{ProvideErrorMetadata, SdkError},
            operation::RequestId,
        };
        let code = error.code().unwrap_or(match error {
            SdkError::TimeoutError(_) => "timeout",
            SdkError::DispatchFailure(_) => "no connection",
            SdkError::ConstructionFailure(_) => "request not built",
            _ => "unreadable answer",
        });
        let request_id = error.request_id().unwrap_or("none");
        Self { operation, code: name_like(code), request_id: name_like(request_id) }
    }
}

fn name_like(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || " -_.".contains(*c)).take(64).collect()
}
