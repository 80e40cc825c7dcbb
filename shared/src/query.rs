//! The query string, as real clients write it (docs/contract.md, "Client API", `GET`).

use lambda_http::Request;
use percent_encoding::percent_decode_str;

use crate::{
    error::{Error, Result},
    slot::RowDigest,
};

/// Names that are meant to choose a share, in lower case and without `_`, `-` and `[]`, and what to say of one that is not the
/// route's own.
const CHOOSING: [(&str, &str); 7] = [
    ("backupmethod", "Use backupMethod, written so."),
    ("method", "Use backupMethod."),
    ("backupsharepairid", "Use backupSharePairId, written so."),
    ("pairid", "Use backupSharePairId."),
    ("backupid", "Use backupId, written so, where this route takes it."),
    ("id", "Use backupId, where this route takes it."),
    ("before", "Use before, written so, where this route takes it."),
];

/// A request's query parameters.
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query string. A parameter with an empty value is none, and a bare `+` is a plus: no id or method has a blank.
    ///
    /// # Errors
    /// [`Error::UnknownParameter`] for a name that is meant to choose and is not among `known`. Any other name is ignored.
    pub fn parse(request: &Request, known: &[&str]) -> Result<Self> {
        let pairs = request.uri().query().unwrap_or_default().split('&').map(pair);
        let pairs: Vec<_> = pairs.filter(|(_, value)| !value.is_empty()).collect();
        for (name, _) in pairs.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            if let Some((_, hint)) = CHOOSING.iter().find(|(choosing, _)| *choosing == bare(name)) {
                return Err(Error::UnknownParameter(hint));
            }
        }
        Ok(Self(pairs))
    }

    /// A parameter's value; `None` when it is absent.
    ///
    /// # Errors
    /// [`Error::BadRequest`] when it is repeated: it can't mean two things.
    pub fn one(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.0.iter().filter(|(named, _)| named == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(Error::BadRequest("a query parameter is repeated")),
        }
    }

    /// An `id` of the list; `None` when it is absent.
    ///
    /// # Errors
    /// As [`Self::one`], and [`Error::NotFound`] for what can be no share's id.
    pub fn id(&self, name: &str) -> Result<Option<RowDigest>> {
        self.one(name)?.map(|id| RowDigest::parse(id).ok_or(Error::NotFound)).transpose()
    }
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (decode(name), decode(value))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn bare(name: &str) -> String {
    name.to_lowercase().replace(['_', '-', '[', ']'], "")
}
