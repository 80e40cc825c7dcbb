//! `custodian freeze` and `thaw`: hold all shares of a client back, and give them again.

use backup_shares::{
    ids::ClientId,
    stop::{Held, Stop},
};
use clap::Args;
use serde_json::json;

use crate::{
    ask::Confirm,
    exit::Exit,
    failed::Failed,
    half::{Half, Tables},
    stops::{Reason, client, hold_back, in_words, lift},
    table::Rows,
    terminal::{GOOD, WARN, say},
    times::{now, written},
    wallet::Wallet,
};

/// A store that came so short a time ago may be a backup under way, in milliseconds.
const RECENT: u64 = 15 * 60 * 1000;

/// Holds all shares of a client back: every read of either half answers 423 until `custodian thaw`. Stores go on.
///
/// For a wallet that somebody seems to be taking over. A backup that is under way will fail for its user, since Portal can't
/// fetch what it has just stored.
#[derive(Args, Debug)]
pub struct Options {
    /// Portal's client id.
    #[arg(value_name = "CLIENT", value_parser = client)]
    client: ClientId,
    #[command(flatten)]
    reason: Reason,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    tables: Tables,
}

/// Gives a frozen client's shares again: lifts every freeze that holds.
#[derive(Args, Debug)]
pub struct Lifting {
    /// Portal's client id.
    #[arg(value_name = "CLIENT", value_parser = client)]
    client: ClientId,
    #[command(flatten)]
    reason: Reason,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    tables: Tables,
}

/// Freezes a client in both halves. Run again after it was ended half-way, it does the other half.
///
/// # Errors
/// When the client is unknown or frozen already, and what AWS refuses.
pub async fn freeze(options: &Options, json: bool) -> Result<Exit, Failed> {
    let (rows, wallets) = read(&options.client, &options.tables).await?;
    if wallets.iter().all(|wallet| wallet.stored.is_empty() && wallet.unacknowledged.is_empty()) {
        let client = &options.client;
        return Err(Failed::not_done(format!(
            "nothing is stored for {client} in either half: is that its id?"
        )));
    }
    let there: Vec<&Stop> = wallets.iter().filter_map(|wallet| wallet.freezes().next()).collect();
    if let [stop, _] = there[..] {
        return Err(Failed::not_done(format!("it is frozen already: {}", in_words(stop))));
    }
    // One stop for both halves, also where an earlier run has done one of them.
    let stop = match there.first() {
        Some(stop) => Stop { made: Some(options.reason.made()), ..(*stop).clone() },
        None => options.reason.stop(Held::Everything)?,
    };
    if !json {
        wallets.iter().for_each(under_way);
    }
    let frozen = options.confirm.go_on(&format!("Freeze {}", options.client), json)?;
    for (rows, wallet) in rows.iter().zip(&wallets) {
        if frozen && wallet.freezes().next().is_none() {
            hold_back(rows, &options.client, &stop).await?;
        }
    }
    done(json, frozen, "frozen", &options.client, &[stop]);
    Ok(Exit::Good)
}

/// Lifts all freezes of a client.
///
/// # Errors
/// When it is not frozen, and what AWS refuses.
pub async fn thaw(options: &Lifting, json: bool) -> Result<Exit, Failed> {
    let (rows, wallets) = read(&options.client, &options.tables).await?;
    let freezes: Vec<Stop> = wallets.iter().flat_map(Wallet::freezes).cloned().collect();
    if freezes.is_empty() {
        return Err(Failed::not_done(format!("{} is not frozen", options.client)));
    }
    if !json {
        for stop in &freezes {
            say(format_args!("   {}", in_words(stop)));
        }
    }
    let thawed = options.confirm.go_on(&format!("Give the shares of {} again", options.client), json)?;
    for (rows, wallet) in rows.iter().zip(&wallets) {
        for stop in wallet.freezes().filter(|_| thawed) {
            lift(rows, &options.client, stop, &options.reason).await?;
        }
    }
    done(json, thawed, "thawed", &options.client, &freezes);
    Ok(Exit::Good)
}

async fn read(client: &ClientId, tables: &Tables) -> Result<([Rows; 2], [Wallet; 2]), Failed> {
    let rows = Rows::of(Half::BOTH, tables).await?;
    let [one, other] = &rows;
    let wallets = [Wallet::read(one, client, None).await?, Wallet::read(other, client, None).await?];
    Ok((rows, wallets))
}

fn under_way(wallet: &Wallet) {
    let Some(newest) = wallet.stored.first() else {
        return say(format_args!("   {} half: nothing is stored", wallet.half));
    };
    let recent = now().saturating_sub(newest.at()) < RECENT;
    let mark = if recent { format!("{WARN}  a backup may be under way{WARN:#}") } else { String::new() };
    let count = wallet.stored.len();
    say(format_args!("   {} half: {count} stored, the last {}{mark}", wallet.half, written(newest.at())));
}

/// Says what was done, or would be.
pub fn done(json: bool, did: bool, what: &str, client: &ClientId, stops: &[Stop]) {
    if json {
        let ids: Vec<&str> = stops.iter().map(|stop| stop.id.as_str()).collect();
        return say(json!({ "client": client.as_str(), "done": what, "dryRun": !did, "stops": ids }));
    }
    if did {
        say(format_args!("{GOOD}{client} is {what}.{GOOD:#}"));
    } else {
        say(format_args!("{client} would be {what}. Nothing was changed."));
    }
}
