//! `custodian withdraw` and `reinstate`: single shares of a client that are not to be given, and that are given again.

use backup_shares::{
    ids::{ClientId, Method},
    slot::RowDigest,
    stop::{Held, Span, Stop, StopId},
};
use clap::Args;

use crate::{
    exit::Exit,
    failed::Failed,
    freeze::done,
    half::{Half, Tables},
    stops::{Change, hold_back, in_words, lift},
    table::Rows,
    terminal::{BAD, say},
    times,
    wallet::{Stored, Wallet},
};

/// Withdraws shares of a client: no read gives them any more, and the list marks them.
///
/// For garbage, or for shares that a thief has stored. The shares stay where they are, and `custodian reinstate` gives
/// them again. A withdrawn share that is sent again is acknowledged and stays withdrawn.
#[derive(Args, Debug)]
pub struct Options {
    /// Which half the shares are of.
    #[arg(long)]
    half: Half,
    /// A share by its id, as `custodian show` has it. May be given several times.
    #[arg(long, value_name = "ID", value_parser = share, required_unless_present = "from")]
    share: Vec<RowDigest>,
    /// Or all shares that were stored from this time on …
    #[arg(long, value_name = "TIME", value_parser = times::read, requires = "to", conflicts_with = "share")]
    from: Option<u64>,
    /// … to this time, both included.
    #[arg(long, value_name = "TIME", value_parser = times::read, requires = "from")]
    to: Option<u64>,
    /// Of that span, the shares of this method alone.
    #[arg(long, value_name = "METHOD", value_parser = method, requires = "from")]
    method: Option<Method>,
    #[command(flatten)]
    change: Change,
}

/// Gives withdrawn shares of a client again: lifts stops.
#[derive(Args, Debug)]
pub struct Lifting {
    /// Which half the shares are of.
    #[arg(long)]
    half: Half,
    /// A stop by its id, as `custodian show` has it. May be given several times.
    #[arg(long, value_name = "ID", value_parser = stop, required_unless_present = "share")]
    stop: Vec<StopId>,
    /// Or a share by its id: every stop that withdraws just this share.
    #[arg(long, value_name = "ID", value_parser = share)]
    share: Vec<RowDigest>,
    #[command(flatten)]
    change: Change,
}

fn share(text: &str) -> Result<RowDigest, String> {
    RowDigest::parse(text).ok_or_else(|| "a share's id is 64 lowercase hex digits".into())
}

fn stop(text: &str) -> Result<StopId, String> {
    StopId::parse(text).ok_or_else(|| "a stop's id is 32 lowercase hex digits".into())
}

fn method(text: &str) -> Result<Method, String> {
    Method::parse(text).map_err(|error| error.to_string())
}

/// Withdraws shares. Run again after it was ended half-way, it does the rest.
///
/// # Errors
/// When a share is not there, or all are withdrawn already, and what AWS refuses.
pub async fn withdraw(options: &Options, json: bool) -> Result<Exit, Failed> {
    let (rows, wallet) = read(&options.change.client, options.half, &options.change.tables).await?;
    let stops = stops(options, &wallet)?;
    if stops.is_empty() {
        return Err(Failed::not_done("what you name is withdrawn already: `custodian show` says by whom"));
    }
    let before = wallet.stored.iter().filter(|stored| stored.withdrawn).count();
    let after = wallet.with(stops.iter().cloned());
    let withdrawn = after.stored.iter().filter(|stored| stored.withdrawn).count() - before;
    if withdrawn == 0 {
        return Err(Failed::not_done("no share of this client stands there: nothing to withdraw"));
    }
    if !json {
        foretell(&after);
    }
    let what = format!("Withdraw {withdrawn} of {} shares of {}", after.stored.len(), options.change.client);
    let did = options.change.confirm.go_on(&what, json)?;
    for stop in stops.iter().filter(|_| did) {
        hold_back(&rows, &options.change.client, stop).await?;
    }
    done(
        json,
        did,
        &format!("without {withdrawn} shares of the {} half", options.half),
        &options.change.client,
        &stops,
    );
    Ok(Exit::Good)
}

/// Lifts stops that withdraw.
///
/// # Errors
/// When there is no such stop, or it is lifted already, and what AWS refuses.
pub async fn reinstate(options: &Lifting, json: bool) -> Result<Exit, Failed> {
    let (rows, wallet) = read(&options.change.client, options.half, &options.change.tables).await?;
    let of_share = |stop: &Stop| matches!(&stop.held, Held::Share(digest) if options.share.contains(digest));
    let named =
        |stop: &&Stop| stop.held != Held::Everything && (options.stop.contains(&stop.id) || of_share(stop));
    let named: Vec<Stop> = wallet.stops.iter().filter(named).cloned().collect();
    let stops: Vec<Stop> = named.iter().filter(|stop| stop.holds()).cloned().collect();
    if stops.is_empty() {
        return Err(Failed::not_done(why_none(&named, &wallet)));
    }
    if !json {
        for stop in &stops {
            say(format_args!("   {}", in_words(stop)));
        }
    }
    let did = options.change.confirm.go_on(
        &format!("Give again what {} of {} holds back", of(stops.len()), options.change.client),
        json,
    )?;
    for stop in stops.iter().filter(|_| did) {
        lift(&rows, &options.change.client, stop, &options.change.reason).await?;
    }
    done(json, did, "given again what was withdrawn", &options.change.client, &stops);
    Ok(Exit::Good)
}

fn of(stops: usize) -> String {
    if stops == 1 { "1 stop".into() } else { format!("{stops} stops") }
}

fn why_none(named: &[Stop], wallet: &Wallet) -> String {
    match (named.first(), wallet.stops.iter().find(|stop| stop.holds() && matches!(stop.held, Held::Span(_))))
    {
        (Some(stop), _) => format!("it is lifted already: {}", in_words(stop)),
        (None, Some(span)) => {
            format!("there is no such stop. A span is lifted whole, by --stop: {}", in_words(span))
        }
        (None, None) => "there is no such stop: `custodian show` has them all".into(),
    }
}

async fn read(client: &ClientId, half: Half, tables: &Tables) -> Result<(Rows, Wallet), Failed> {
    let [rows] = Rows::of([half], tables).await?;
    let wallet = Wallet::read(&rows, client, None).await?;
    if wallet.stored.is_empty() {
        return Err(Failed::not_done(format!(
            "nothing is stored for {client} in the {half} half: is that its id?"
        )));
    }
    Ok((rows, wallet))
}

/// The stops that are asked for and are not there yet.
fn stops(options: &Options, wallet: &Wallet) -> Result<Vec<Stop>, Failed> {
    if let (Some(from), Some(to)) = (options.from, options.to) {
        if from > to {
            return Err(Failed::usage("--from is after --to"));
        }
        let method = options.method.as_ref().map(Method::meaning);
        let held = Held::Span(Span { from, to, method });
        let is_there = wallet.stops.iter().any(|stop| stop.holds() && stop.held == held);
        return Ok(if is_there { Vec::new() } else { vec![options.change.reason.stop(held)?] });
    }
    let mut stops = Vec::new();
    for digest in &options.share {
        let stored = wallet.stored.iter().find(|stored| stored.id() == digest.as_str());
        let stored: &Stored = stored.ok_or_else(|| {
            Failed::not_done(format!(
                "there is no share {} of this client in the {} half",
                digest.as_str(),
                options.half
            ))
        })?;
        if !stored.withdrawn {
            stops.push(options.change.reason.stop(Held::Share(digest.clone()))?);
        }
    }
    Ok(stops)
}

/// Says what a recovery gets of this half once that is done.
fn foretell(after: &Wallet) {
    say("   Afterwards a recovery gets:");
    let given = after.given();
    if given.is_empty() {
        say(format_args!("      {BAD}nothing of the {} half{BAD:#}", after.half));
    }
    for line in &given {
        say(format_args!("      {line}"));
    }
}
