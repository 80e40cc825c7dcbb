//! How long anything may take. Portal waits 10 s for the webhook (docs/contract.md, "Webhook"): our own deadline is below
//! the functions' `Timeout` in the template, and that is not above Portal's.

use std::time::Duration;

/// A whole request.
pub const DEADLINE: Duration = Duration::from_secs(8);

/// A connection to AWS.
pub const CONNECT: Duration = Duration::from_secs(1);

/// One attempt of a call to AWS.
pub const ATTEMPT: Duration = Duration::from_millis(1500);

/// Most attempts of one call.
pub const ATTEMPTS: u32 = 3;

/// The pause before the second attempt, and the longest pause.
pub const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(500)];
