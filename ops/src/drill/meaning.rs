//! What a verdict says, what it means, and where to look.

use story::{Failure, StatusCode};

use super::verdict::Verdict;

/// What a verdict says; and, if something is to be done, what it means and where to look.
pub struct Meaning {
    pub says: String,
    pub means: Option<&'static str>,
    pub look: Option<&'static str>,
}

impl Verdict {
    /// The verdict in words.
    pub fn meaning(&self) -> Meaning {
        match self {
            Self::Whole { crowded: None } => Meaning::good(WHOLE.into()),
            Self::Whole { crowded: Some(client) } => Meaning::good(format!("{WHOLE} {}", crowded(client))),
            Self::Half => Meaning::of(HALF.into(), HALF_MEANS, HALF_LOOK),
            Self::Rung { secrets } => {
                let what = if *secrets { "secrets" } else { "addresses" };
                Meaning::good(format!(
                    "All were refused. Within a quarter of an hour the alarm about refused {what} rings."
                ))
            }
            Self::Failed(failure) => {
                let (means, look) = explained(failure);
                Meaning::of(failure.to_string(), means, look)
            }
            Self::PortalKeepsThem => Meaning::of(PORTAL.into(), PORTAL_MEANS, PORTAL_LOOK),
            Self::NotDrilled(why) => Meaning::good(why.clone()),
        }
    }
}

impl Meaning {
    fn good(says: String) -> Self {
        Self { says, means: None, look: None }
    }

    fn of(says: String, means: &'static str, look: &'static str) -> Self {
        Self { says, means: Some(means), look: Some(look) }
    }
}

const WHOLE: &str =
    "Every share came back, the wallet's keys were rebuilt on both curves, and strangers were refused.";
const HALF: &str =
    "The app's half held. The webhook refuses this address, as it should refuse all but Portal's.";
const HALF_MEANS: &str =
    "Portal's half was not tried, nor whether the secret is right: from here nobody can see it.";
const HALF_LOOK: &str = "To drill all of it, take a development stack whose WebhookAllowedIps lets this address in (docs/operating.md, \"Drill\").";
const PORTAL: &str = "Portal keeps this environment's backups itself (backupWithPortalEnabled is true).";
const PORTAL_MEANS: &str =
    "Portal calls no webhook, so no custodian share ever comes here. Nothing was tried.";
const PORTAL_LOOK: &str = "Choose self-managed backups for the environment in Portal's dashboard.";

fn crowded(client: &str) -> String {
    format!(
        "{client} now holds nearly as many shares as one fetch gives (128). From the next drill on, take another client, such \
         as {client}-2: else the log's lines say left_out."
    )
}

/// What a failure means, and where to look.
fn explained(failure: &Failure) -> (&'static str, &'static str) {
    match failure {
        Failure::NoAnswer { .. } => (
            "The stack answered before and doesn't now: the network, or the API, has failed. What was acknowledged is stored.",
            "Run it again. If it stays: docs/runbook.md, \"Portal gets errors\", and the API's access log \
             (docs/operating.md, \"Reading the logs\").",
        ),
        Failure::Late { .. } => (
            "Portal gives up after 10 s and repeats nothing: a user's backup or recovery would have failed here.",
            "docs/runbook.md, \"Portal waits too long\": the function's log line has `ms`, `aws_calls` and `cold`.",
        ),
        Failure::Refused { status, .. } => refused(*status),
        Failure::Strange { .. } => (
            "Portal's SDKs can't read this answer (docs/contract.md): another build than this one's runs there.",
            "Compare what runs with what was built (docs/operating.md, \"What runs is what was built\"). After a deployment: \
             docs/runbook.md, \"An upgrade must go back\".",
        ),
        Failure::Lost(_) => (
            "A share was acknowledged and doesn't come back. A wallet is lost that way. Deploy and delete nothing.",
            "docs/runbook.md, \"A table is damaged\", and the rows of the drill's client, one by one \
             (docs/operating.md, \"Every share of a client, one by one\").",
        ),
        Failure::WrongShare(_) => (
            "An app would recover with another share than its newest. A second drill of the same client does this too.",
            "Run it again, with no other beside it. If it stays: the rows of the drill's client, in the order of their times \
             (docs/operating.md, \"Every share of a client, one by one\"). One is gone: docs/runbook.md, \"A table is damaged\".",
        ),
        Failure::NotTheWallet(_) => (
            "Shares came back, and they don't rebuild the key: they were changed on the way, or mixed up.",
            "docs/runbook.md, \"A row that will not open\": its first command shows what a function found changed. Nothing is \
             listed: what runs (docs/operating.md, \"What runs is what was built\").",
        ),
        Failure::LetIn { .. } => (
            "Somebody who must be refused is not, or garbage is taken for a share. The answer held no share of another client's: \
             the drill asks for none.",
            "docs/runbook.md, \"Somebody changed what guards shares\": the routes and authorizers that are deployed, against \
             template.yaml; for garbage, the build that runs (docs/operating.md, \"What runs is what was built\").",
        ),
        Failure::Here(_) => ("This computer can't play the story.", "The line above says what it lacks."),
    }
}

fn refused(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        423 => (
            "An operator holds the shares of the drill's client back.",
            "`custodian show` says who and why (docs/runbook.md, \"A frozen client asks\"): a drill that was stopped is thawed by one \
             with --freeze. Or take another client with --client.",
        ),
        429 => (
            "The API's own rate is reached: apps and Portal get this too.",
            "docs/runbook.md, \"More requests than an API takes\": ClientRate and WebhookRate, and what else calls.",
        ),
        503 => (
            "AWS throttles, fails or is too slow, or the API can't reach a function. Repeating any request is safe.",
            "Run it again. If it stays: docs/runbook.md, \"Portal gets errors\", and the log line's `reason` in docs/faults.md.",
        ),
        500..=599 => (
            "A function failed, or a stored share doesn't open.",
            "docs/runbook.md, \"Portal gets errors\": the log line's `reason` says which part goes on.",
        ),
        _ => (
            "What the stack took at the start it refuses now: the token has expired, or a route of it is another build's.",
            "The log line of the request (docs/operating.md, \"Reading the logs\"; docs/login.md, \"What the client sees\"). After \
             a deployment: docs/runbook.md, \"An upgrade must go back\".",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn refused(status: StatusCode) -> Failure {
        Failure::Refused { request: String::new(), status, said: String::new() }
    }

    /// Whoever reads it at night opens one page. That its heading is there is held by the tests of the pages.
    #[test]
    fn whatever_a_stack_fails_in_names_a_heading_of_the_runbook() {
        let request = String::new;
        let took = Duration::from_secs(11);
        let let_in = Failure::LetIn {
            who: "",
            request: request(),
            status: StatusCode::OK,
            said: String::new(),
            expected: "",
        };
        let failures = [
            Failure::NoAnswer { request: request(), why: String::new() },
            Failure::Late { request: request(), took },
            Failure::Strange { request: request(), what: "" },
            Failure::Lost(String::new()),
            Failure::WrongShare(String::new()),
            Failure::NotTheWallet(String::new()),
            let_in,
        ];
        let statuses =
            [401, 403, 404, 429, 500, 503, 504].map(|status| StatusCode::from_u16(status).unwrap());
        for failure in failures.into_iter().chain(statuses.map(refused)) {
            let (_, look) = explained(&failure);
            assert!(look.contains("docs/runbook.md"), "{failure}: {look}");
        }
    }
}
