//! `custodian show`: what is stored of one client, and what a recovery would get.

use backup_shares::ids::{ClientId, PairId};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    exit::Exit,
    failed::Failed,
    half::{Half, Keys, Tables},
    stops::{client, in_words},
    table::Rows,
    terminal::{BAD, BOLD, DIM, GOOD, WARN, say},
    times::written,
    wallet::{Stored, Wallet},
};

/// Shows what is stored of one client in both halves, what is held back, and what a recovery would get. It opens nothing.
#[derive(Args, Debug)]
pub struct Options {
    /// Portal's client id.
    #[arg(value_name = "CLIENT", value_parser = client)]
    client: ClientId,
    #[command(flatten)]
    tables: Tables,
    #[command(flatten)]
    keys: Keys,
}

/// Shows a client, and whether a recovery would get both halves.
///
/// # Errors
/// Why it can't be read, or that nothing is stored.
pub async fn run(options: &Options, json: bool) -> Result<Exit, Failed> {
    let mut wallets = Vec::new();
    for rows in Rows::of(Half::BOTH, &options.tables).await? {
        let keys = options.keys.of(rows.half)?;
        wallets.push(Wallet::read(&rows, &options.client, keys.as_ref()).await?);
    }
    if wallets.iter().all(|wallet| wallet.stored.is_empty() && wallet.unacknowledged.is_empty()) {
        return Err(Failed::not_done(format!("nothing is stored for {} in either half", options.client)));
    }
    let missing = missing(&wallets);
    if json {
        say(as_json(&options.client, &wallets, &missing));
    } else {
        wallets.iter().for_each(tell);
        verdict(&missing);
    }
    Ok(if missing.is_empty() { Exit::Good } else { Exit::Found })
}

/// What keeps a recovery from both halves. Pairs are shown and not compared: Portal names one for each curve, and an app one
/// for both or none.
fn missing(wallets: &[Wallet]) -> Vec<String> {
    let mut missing = Vec::new();
    for wallet in wallets {
        if wallet.freezes().next().is_some() {
            missing.push(format!("the {} half is frozen: every read gets 423", wallet.half));
        }
        if !wallet.stored.iter().any(Stored::is_given) {
            missing.push(format!("the {} half has no share to give", wallet.half));
        }
    }
    missing
}

fn tell(wallet: &Wallet) {
    say(format_args!("\n{BOLD}The {} half{BOLD:#}", wallet.half));
    for stored in &wallet.stored {
        let pair = stored.says.as_ref().and_then(|says| says.pair.as_ref());
        let pair = pair.map_or_else(String::new, |pair| format!(", pair {pair}"));
        let size = stored
            .says
            .as_ref()
            .map_or_else(String::new, |says| format!(", {} bytes under key {}", says.bytes, says.key_id));
        let method = stored.says.as_ref().map_or("?", |says| says.method.as_str());
        let mark = match (&stored.problem, stored.withdrawn) {
            (Some(problem), _) => format!("{BAD}  will not open: {problem}{BAD:#}"),
            (None, true) => format!("{WARN}  withdrawn{WARN:#}"),
            (None, false) => String::new(),
        };
        say(format_args!("   {}  {method}{pair}{mark}", written(stored.at())));
        say(format_args!("{DIM}      {}{size}{DIM:#}", stored.id()));
    }
    if !wallet.unacknowledged.is_empty() {
        let count = wallet.unacknowledged.len();
        say(format_args!("   {DIM}and {count} that no store has acknowledged, which no read gives{DIM:#}"));
    }
    if wallet.foreign > 0 {
        say(format_args!("   {WARN}and {} rows that are none of ours{WARN:#}", wallet.foreign));
    }
    for stop in &wallet.stops {
        let style = if stop.holds() { WARN } else { DIM };
        say(format_args!("   {style}{}{style:#}", in_words(stop)));
    }
    say("   A recovery gets:");
    let given = if wallet.freezes().next().is_some() { Vec::new() } else { wallet.given() };
    if given.is_empty() {
        say(format_args!("      {BAD}nothing{BAD:#}"));
    }
    for line in &given {
        say(format_args!("      {line}"));
    }
}

fn verdict(missing: &[String]) {
    say("");
    if missing.is_empty() {
        return say(format_args!(
            "{GOOD}Both halves are there.{GOOD:#} Whether they open, only opening them says."
        ));
    }
    for what in missing {
        say(format_args!("{BAD}Missing for a recovery:{BAD:#} {what}"));
    }
}

fn as_json(client: &ClientId, wallets: &[Wallet], missing: &[String]) -> Value {
    let stored = |stored: &Stored| {
        let says = stored.says.as_ref();
        json!({
            "id": stored.id(),
            "storedAt": written(stored.at()),
            "method": says.map(|says| says.method.as_str()),
            "pair": says.and_then(|says| says.pair.as_ref()).map(PairId::as_str),
            "bytes": says.map(|says| says.bytes),
            "key": says.map(|says| &says.key_id),
            "withdrawn": stored.withdrawn,
            "problem": stored.problem,
        })
    };
    let half = |wallet: &Wallet| {
        json!({
            "half": wallet.half.to_string(),
            "frozen": wallet.freezes().next().is_some(),
            "shares": wallet.stored.iter().map(stored).collect::<Vec<_>>(),
            "unacknowledged": wallet.unacknowledged.len(),
            "foreign": wallet.foreign,
            "stops": wallet.stops.iter().map(|stop| json!({
                "id": stop.id.as_str(), "holds": stop.holds(), "says": in_words(stop),
            })).collect::<Vec<_>>(),
        })
    };
    json!({
        "client": client.as_str(),
        "halves": wallets.iter().map(half).collect::<Vec<_>>(),
        "missing": missing,
    })
}
