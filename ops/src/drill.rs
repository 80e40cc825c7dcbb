//! `custodian drill`: the story of this product, played at a deployed stack.

mod alarm;
mod door;
mod freeze;
mod inputs;
mod meaning;
mod portal_itself;
mod report;
mod verdict;

use std::path::PathBuf;

use clap::Args;
use pairs::{Random, Wallet};
use story::{Address, Cast, Failure, Http, Story};

use self::{
    door::Webhook,
    freeze::Freeze,
    report::Report,
    verdict::{Stopped, Verdict},
};
use crate::{
    exit::Exit,
    half::Tables,
    terminal::{BAD, complain},
};

/// Plays a backup, three recoveries and refusals at a stack, and rebuilds a made-up wallet from what came back.
///
/// It sends what Portal and a user's app would send, by HTTPS, and checks every answer. The wallet is made up; its shares
/// are stored under a client of the drill's own and stay there, as every share does. Nothing is stored under any other
/// client. It can be stopped at any moment and run again.
///
/// The drill needs a user who logs in as your users do, and whose Portal client id is the drill's client (docs/operating.md, "Drill").
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct Options {
    /// Base URL of the client API: the stack's output `ApiUrl`.
    #[arg(long, value_name = "URL")]
    client_api: Address,
    /// Base URL of the webhook: the stack's output `WebhookUrl`.
    #[arg(long, value_name = "URL")]
    webhook: Address,
    /// The client that the drill stores under: `drill`, or more behind it. No wallet of Portal's has such an id.
    #[arg(long, value_name = "ID", default_value = "drill", value_parser = inputs::drill_client)]
    client: String,
    /// File that holds the token, `-` for standard input [default: the variable `DRILL_TOKEN`].
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// File that holds the webhook secret, `-` for standard input [default: the variable `WEBHOOK_SECRET`].
    #[arg(long, value_name = "FILE")]
    webhook_secret_file: Option<PathBuf>,
    /// Where Portal's own API is, for `PORTAL_CLIENT_TOKEN`.
    #[arg(long, value_name = "URL", default_value = "https://api.portalhq.io")]
    portal_api: Address,
    /// Instead of the story: let the webhook refuse so often that the alarm about it rings. For a development stack.
    #[arg(long)]
    alarm: bool,
    /// After the story: freeze the drill's client as an operator would, look that nobody gets a share, and thaw it. Takes the
    /// operators' role and the tables' names; whoever is told of freezes is told of this one.
    #[arg(long, conflicts_with = "alarm")]
    freeze: bool,
    #[command(flatten)]
    tables: Tables,
}

const MORE: &str = "\
Tokens and secrets come from variables or files, never from the command line, where `ps` shows them:
  DRILL_TOKEN          the token with which the drill user's app calls
  WEBHOOK_SECRET       the secret that Portal's dashboard has
  PORTAL_CLIENT_TOKEN  optional, a Portal client's token: Portal is asked whether it calls a webhook at all

Exit codes:
  0  drilled whole: all of it held
  1  FAILED: something did not hold, and the text says what it means
  2  an option, a variable or a file can't be used: nothing was sent
  3  half drilled: the webhook refuses this address, the rest held
  4  not drilled: the address, the token, the secret or the login is another than the stack's";

/// Drills a stack, says how it went, and gives the exit code.
pub async fn run(options: &Options, json: bool) -> Exit {
    let inputs = match inputs::read(options) {
        Ok(inputs) => inputs,
        Err(why) => {
            complain(BAD, "error:", why);
            return Exit::Usage;
        }
    };
    let report = Report::new(json);
    let verdict = drill(options, &inputs, &report).await.unwrap_or_else(Verdict::from);
    report.end(&verdict);
    verdict.exit()
}

async fn drill(options: &Options, inputs: &inputs::Inputs, report: &Report) -> Result<Verdict, Stopped> {
    let tell = |told: &story::Told<'_>| report.tell(told);
    let (http, cast) = (Http::new()?, &inputs.cast);
    let freeze = Freeze::of(options).await?;
    if let Some(token) = &inputs.portal {
        report.act("What Portal says of itself");
        portal_itself::keeps_no_backups(&http, &options.portal_api, token, &tell).await?;
    }
    report.act("What is there, and what it takes");
    let webhook = door::look(&http, cast, &tell).await?;
    let wallet = Wallet::random(&mut Random::system().map_err(|why| Failure::Here(why.to_string()))?);
    let story = Story::new(cast, &http, &wallet, &tell)?;
    if options.alarm {
        return alarm::ring(&story, &webhook, report).await;
    }
    let verdict = match webhook {
        Webhook::Open { held } => whole(&story, cast, held, report).await?,
        Webhook::RefusesThisAddress => half(&story, report).await?,
    };
    if let Some(freeze) = freeze {
        freeze.play(&story, report).await?;
    }
    Ok(verdict)
}

async fn whole(story: &Story<'_>, cast: &Cast, held: usize, report: &Report) -> Result<Verdict, Stopped> {
    story.play().await?;
    report.act("5. Those who must be refused, and what must not be taken for a share");
    story.refuses_strangers_at_the_client_api().await?;
    story.refuses_a_wrong_secret().await?;
    story.takes_no_garbage_from_the_app().await?;
    story.takes_no_garbage_from_portal().await?;
    story.keeps_everything().await?;
    Ok(Verdict::Whole { crowded: door::is_crowded(held).then(|| cast.client.clone()) })
}

async fn half(story: &Story<'_>, report: &Report) -> Result<Verdict, Stopped> {
    story.play_client_half().await?;
    report.act("3. Those who must be refused, and what must not be taken for a share");
    story.refuses_strangers_at_the_client_api().await?;
    story.refuses_this_address().await?;
    story.takes_no_garbage_from_the_app().await?;
    story.keeps_everything().await?;
    Ok(Verdict::Half)
}
