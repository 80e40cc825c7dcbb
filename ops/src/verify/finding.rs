//! What is wrong with a row.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    scan::Key,
    terminal::{BAD, say},
};

/// One thing that is wrong with one row.
#[derive(Debug, Deserialize, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// The half of its table.
    pub half: String,
    /// Which row.
    pub row: Key,
    /// What that means.
    pub says: String,
}

/// What a finding is. Once it is given away, a name keeps its meaning.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A row can't be read, or its envelope can't.
    Malformed,
    /// A share is sealed under a key that the functions don't have.
    UnlistedKey,
    /// A row says a time that has not come.
    Ahead,
    /// A time row and its share don't say the same.
    Disagrees,
    /// A time row has no share.
    WithoutShare,
    /// A row is none of ours.
    Foreign,
    /// What a row of a stop holds back can't be read.
    UnreadableStop,
    /// A row of the export is not there.
    Removed,
    /// A row is not what was exported.
    Changed,
    /// A row of an old time is not in the export.
    PutBack,
}

impl Finding {
    /// Says it, in a line.
    pub fn say(&self, json: bool) {
        let Self { kind, half, row, says } = self;
        if json {
            return say(json!({ "finding": kind, "half": half, "pk": row.pk, "sk": row.sk, "says": says }));
        }
        let kind = json!(kind);
        say(format_args!("{BAD}{}{BAD:#}  {half} half  {row}: {says}", kind.as_str().unwrap_or_default()));
    }
}
