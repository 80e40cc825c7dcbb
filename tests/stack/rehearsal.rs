//! The stack rehearsed on an AWS that other people wrote: what `sam build` made is deployed by the documents' commands,
//! and lives through a day. Every share that was stored is fetched after every step. tests/stack/rehearsal/README.md says what
//! stands in for AWS, and what its word is worth.

mod account;
mod api;
mod checkout;
mod claims;
mod day;
mod drill;
mod ledger;
mod listening;
mod mistakes;
mod on_aws;
mod operator;
mod options;
pub mod programs;
mod rights;
mod stage;
mod stand_in;
mod story;
mod strangers;
mod trial;
mod users;
mod values;

use anyhow::Result;
use local::terminal::{BOLD, say_in};

use self::{
    checkout::Checkout,
    day::Day,
    mistakes::{MISTAKES, Mistake},
    stage::Stage,
    stand_in::StandIn,
    users::Users,
};
use crate::support::event::{WEBHOOK_SECRET, digest};

#[tokio::test]
#[ignore = "needs `sam build`, and `sam` on the PATH"]
async fn long_both_stages_live_through_a_day() {
    let stand_in = StandIn::start("day").await;
    let users = Users::of(&stand_in.account).await;
    let checkout = Checkout::of(&stand_in.account).await;
    Day::play(&checkout, &users).await;
    options::are_known(&checkout).await;
    stand_in.listens_on_loopback_alone();
}

#[tokio::test]
#[ignore = "needs `sam build`, and `sam` on the PATH"]
async fn long_planted_mistakes_are_found() {
    let stand_in = StandIn::start("mistakes").await;
    let users = Users::of(&stand_in.account).await;
    for (number, mistake) in MISTAKES.iter().enumerate() {
        say_in(BOLD, format_args!("mistakes: {}", mistake.name));
        let found = stumble(&stand_in, &users, number, mistake).await.expect_err(mistake.name);
        say_in(BOLD, format_args!("mistakes: found: {found:#}"));
        assert!(format!("{found:#}").contains(mistake.found), "{}: {found:#}", mistake.name);
    }
}

/// Deploys a checkout with a mistake in it, and plays the story there.
async fn stumble(stand_in: &StandIn, users: &Users, number: usize, mistake: &Mistake) -> Result<()> {
    let checkout = Checkout::of(&stand_in.account).await;
    let stack = format!("mistake-{number}");
    users.configure(&checkout, "production");
    checkout.set("production", "WebhookSecretDigests", &digest(WEBHOOK_SECRET));
    checkout.set("production", "WebhookAllowedIps", "127.0.0.1/32");
    checkout.renames("portal-backups", &stack);
    mistake.plant(&checkout);
    checkout.types("sam build --config-env production && sam deploy --config-env production").await;
    let mut stage = Stage::of(&checkout, users, &stack, WEBHOOK_SECRET).await;
    stage.story().await?;
    stage.roles_do_one_thing(&checkout).await
}
