//! What the commands that hold back have in common: who, why, and which rows.

use backup_shares::{
    ids::ClientId,
    stop::{Held, Lifted, Made, Stop, StopId},
};
use clap::Args;

use crate::{
    ask::Confirm,
    failed::Failed,
    half::Tables,
    table::Rows,
    times::{now, written},
};

/// Longest reason, in characters.
const MAX_REASON: usize = 1000;

/// Who holds back, and why.
#[derive(Args, Clone, Debug)]
pub struct Reason {
    /// Why, for those who come after you: a ticket, a name, what was seen. It is kept for good.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    why: String,
    /// Who you are.
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown")]
    by: String,
}

/// A change of what is held back of a client: whose it is, who makes it and why, and whether they are asked before.
#[derive(Args, Debug)]
pub struct Change {
    /// Portal's client id.
    #[arg(value_name = "CLIENT", value_parser = client)]
    pub client: ClientId,
    #[command(flatten)]
    pub reason: Reason,
    #[command(flatten)]
    pub confirm: Confirm,
    #[command(flatten)]
    pub tables: Tables,
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_REASON {
        return Err(format!("write a reason of 1 to {MAX_REASON} characters"));
    }
    Ok(text.into())
}

impl Reason {
    /// That of a command which gives its own.
    pub fn new(by: &str, why: &str) -> Self {
        Self { why: why.into(), by: by.into() }
    }

    /// Who, now, and why.
    pub fn made(&self) -> Made {
        Made { by: self.by.clone(), at: now(), why: self.why.clone() }
    }

    /// A new stop.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub fn stop(&self, held: Held) -> Result<Stop, Failed> {
        let id = StopId::random().map_err(|error| Failed::not_done(error.to_string()))?;
        Ok(Stop { id, held, made: Some(self.made()), lifted: Lifted::No })
    }
}

/// Reads a client's id.
///
/// # Errors
/// What such an id looks like.
pub fn client(text: &str) -> Result<ClientId, String> {
    ClientId::parse(text).map_err(|error| error.to_string())
}

/// Writes a stop's row, and waits until it is there for good.
///
/// # Errors
/// What AWS refuses.
pub async fn hold_back(rows: &Rows, client: &ClientId, stop: &Stop) -> Result<(), Failed> {
    let held = rows.stops().hold_back(client, stop).await;
    held.map_err(|error| Failed::shared(&format!("writing the stop to {}", rows.name), &error))
}

/// Writes the row that lifts a stop, and waits until it is there for good.
///
/// # Errors
/// What AWS refuses.
pub async fn lift(rows: &Rows, client: &ClientId, stop: &Stop, reason: &Reason) -> Result<(), Failed> {
    let lifted = rows.stops().lift(client, stop, &reason.made()).await;
    lifted.map_err(|error| Failed::shared(&format!("lifting the stop in {}", rows.name), &error))
}

/// The freezes that hold.
pub fn freezes(stops: &[Stop]) -> impl Iterator<Item = &Stop> {
    stops.iter().filter(|stop| stop.holds() && stop.held == Held::Everything)
}

/// A stop in a line.
pub fn in_words(stop: &Stop) -> String {
    let what = match &stop.held {
        Held::Everything => "frozen".into(),
        Held::Share(digest) => format!("share {} withdrawn", digest.as_str()),
        Held::Span(span) => {
            let method = span.method.as_ref().map_or(String::new(), |method| format!(" of method {method}"));
            format!("shares{method} from {} to {} withdrawn", written(span.from), written(span.to))
        }
    };
    let lifted = match &stop.lifted {
        Lifted::No => String::new(),
        Lifted::By(made) => format!("; lifted {}", by(made.as_ref())),
    };
    format!("{what} {}{lifted} (stop {})", by(stop.made.as_ref()), stop.id)
}

fn by(made: Option<&Made>) -> String {
    made.map_or_else(
        || "by somebody whose row doesn't say who".into(),
        |made| format!("by {} at {}: {}", clean(&made.by), written(made.at), clean(&made.why)),
    )
}

/// Text of a row for a terminal: what could steer one is written out.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() })
        .collect()
}
