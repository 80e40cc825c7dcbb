//! `--alarm`: the webhook refuses so often that the alarm about it rings.

use story::Story;

use super::{
    door::Webhook,
    report::Report,
    verdict::{Stopped, Verdict},
};

/// More than that alarm's threshold, which is three.
const TIMES: usize = 5;

/// What the others take is nothing that anybody should do to a stack: docs/operating.md lets them ring by hand.
const BY_HAND: &str = "docs/operating.md, \"Being told\", lets each of these ring once, by hand";

/// Alarms that stay quiet, and what each takes.
const QUIET: [&str; 6] = [
    "a stored share that doesn't open: somebody has to damage a row or a key",
    "shares left out of a fetch: a client with more than 128",
    "more shares opened or stored in an hour than usual: as many of them",
    "errors, slow answers, throttling, functions that fail: KMS, DynamoDB or Lambda in trouble",
    "more requests than the APIs' rates: users would be refused as well",
    "changes of keys, tables, roles, functions, routes and trails: a deployment",
];

/// Lets the webhook refuse, and says which alarms that can't ring.
///
/// # Errors
/// When it lets somebody in.
pub async fn ring(story: &Story<'_>, webhook: &Webhook, report: &Report) -> Result<Verdict, Stopped> {
    report.act("1. So many refusals that an alarm rings");
    for _ in 0..TIMES {
        match webhook {
            Webhook::Open { .. } => {
                story.refuses_a_wrong_secret().await?;
                story.refuses_a_short_secret().await?;
            }
            Webhook::RefusesThisAddress => story.refuses_this_address().await?,
        }
    }
    report.act("2. Alarms that stay quiet, and what each takes");
    for alarm in QUIET {
        report.aside(alarm);
    }
    report.aside(BY_HAND);
    Ok(Verdict::Rung { secrets: matches!(webhook, Webhook::Open { .. }) })
}
