//! `custodian freeze` and `thaw`: hold all shares of a client back, and give them again.

use backup_shares::{
    ids::ClientId,
    row_key::TimeKey,
    stop::{Held, Stop},
};
use clap::Args;
use serde_json::json;

use crate::{
    exit::Exit,
    failed::Failed,
    half::Half,
    stops::{Change, freezes, hold_back, in_words, lift},
    table::Rows,
    terminal::{GOOD, WARN, say},
    times::{now, written},
};

/// A store that came so short a time ago may be a backup under way, in milliseconds.
const RECENT: u64 = 15 * 60 * 1000;

/// Holds all shares of a client back: every read of either half answers 423 until `custodian thaw`. Stores go on.
///
/// For a wallet that somebody seems to be taking over. A backup that is under way will fail for its user, since Portal can't
/// fetch what it has just stored.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    change: Change,
}

/// Gives a frozen client's shares again: lifts every freeze that holds.
#[derive(Args, Debug)]
pub struct Lifting {
    #[command(flatten)]
    change: Change,
}

/// What one half says of a client in two short calls, however many shares it has.
struct Brief {
    rows: Rows,
    stops: Vec<Stop>,
    /// The last of the client's sort keys: a time row's, if a store was ever acknowledged.
    last: Option<String>,
}

/// Freezes a client in both halves. Run again after it was ended half-way, it does the other half.
///
/// # Errors
/// When the client is unknown or frozen already, and what AWS refuses.
pub async fn freeze(Options { change }: &Options, json: bool) -> Result<Exit, Failed> {
    let (client, halves) = (&change.client, Brief::of_both(change).await?);
    if halves.iter().all(|half| half.last.is_none()) {
        return Err(Failed::not_done(format!(
            "nothing is stored for {client} in either half: is that its id?"
        )));
    }
    let there: Vec<&Stop> = halves.iter().filter_map(|half| half.freezes().next()).collect();
    if let [stop, _] = there[..] {
        return Err(Failed::not_done(format!("it is frozen already: {}", in_words(stop))));
    }
    // One stop for both halves, also where an earlier run has done one of them.
    let stop = match there.first() {
        Some(stop) => Stop { made: Some(change.reason.made()), ..(*stop).clone() },
        None => change.reason.stop(Held::Everything)?,
    };
    if !json {
        halves.iter().for_each(Brief::say_what_is_under_way);
    }
    let frozen = change.confirm.go_on(&format!("Freeze {client}"), json)?;
    for half in halves.iter().filter(|half| frozen && half.freezes().next().is_none()) {
        hold_back(&half.rows, client, &stop).await?;
    }
    done(json, frozen, "frozen", client, &[stop]);
    Ok(Exit::Good)
}

/// Lifts all freezes of a client.
///
/// # Errors
/// When it is not frozen, and what AWS refuses.
pub async fn thaw(Lifting { change }: &Lifting, json: bool) -> Result<Exit, Failed> {
    let halves = Brief::of_both(change).await?;
    let freezes: Vec<Stop> = halves.iter().flat_map(Brief::freezes).cloned().collect();
    if freezes.is_empty() {
        return Err(Failed::not_done(format!("{} is not frozen", change.client)));
    }
    for (half, stop) in halves.iter().flat_map(|half| half.freezes().map(move |stop| (half, stop))) {
        if !json {
            say(format_args!("   {} half: {}", half.rows.half, in_words(stop)));
        }
    }
    let thawed = change.confirm.go_on(&format!("Give the shares of {} again", change.client), json)?;
    for half in &halves {
        for stop in half.freezes().filter(|_| thawed) {
            lift(&half.rows, &change.client, stop, &change.reason).await?;
        }
    }
    done(json, thawed, "thawed", &change.client, &freezes);
    Ok(Exit::Good)
}

impl Brief {
    async fn of_both(change: &Change) -> Result<Vec<Self>, Failed> {
        let mut halves = Vec::new();
        for rows in Rows::of(Half::BOTH, &change.tables).await? {
            let stops = rows.all_stops(&change.client).await?;
            let last = rows.last_key(&change.client).await?;
            halves.push(Self { rows, stops, last });
        }
        Ok(halves)
    }

    fn freezes(&self) -> impl Iterator<Item = &Stop> {
        freezes(&self.stops)
    }

    fn say_what_is_under_way(&self) {
        let half = self.rows.half;
        let Some(newest) = self.last.as_deref().and_then(TimeKey::parse) else {
            return say(format_args!("   {half} half: nothing is stored"));
        };
        let recent = now().saturating_sub(newest.at) < RECENT;
        let mark = if recent { format!("{WARN}  a backup may be under way{WARN:#}") } else { String::new() };
        say(format_args!("   {half} half: the last share is of {}{mark}", written(newest.at)));
    }
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
