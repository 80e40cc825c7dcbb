//! An API's access log: a line a request, in the template's format (API Gateway Developer Guide, "Customize HTTP API access
//! logs").

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

const VARIABLE: &str = "$context.";

/// The values of `$context` variables, by what follows the dot.
pub(super) type Context = BTreeMap<&'static str, String>;

/// The file of an API's lines, and their format.
pub(super) struct AccessLog {
    format: String,
    file: Mutex<File>,
}

impl AccessLog {
    /// Appends to that file.
    pub fn open(format: String, path: &Path) -> io::Result<Self> {
        Ok(Self { format, file: Mutex::new(File::options().create(true).append(true).open(path)?) })
    }

    pub fn write(&self, context: &Context) {
        let line = line(&self.format, context);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(file, "{line}") {
            tracing::error!(%error, "the access log can't be written");
        }
    }
}

/// The format with its variables replaced; one without a value is `-`.
fn line(format: &str, context: &Context) -> String {
    let (start, parts) =
        format.split_once(VARIABLE).map_or((format, None), |(start, rest)| (start, Some(rest)));
    let mut line = start.to_owned();
    for part in parts.into_iter().flat_map(|parts| parts.split(VARIABLE)) {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        line += context.get(name).map_or("-", String::as_str);
        line += rest;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_unknown_ones_are_a_dash() {
        let context = Context::from([("status", "200".to_owned()), ("error.responseType", "X".to_owned())]);
        for (format, expected) in [
            (r#"{"s":"$context.status","e":"$context.error.responseType"}"#, r#"{"s":"200","e":"X"}"#),
            ("$context.status$context.status-$context.nothing", "200200--"),
            ("no variable", "no variable"),
        ] {
            assert_eq!(line(format, &context), expected);
        }
    }
}
