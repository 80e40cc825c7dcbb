//! What functions write: everything to a log file, warnings and worse on the terminal too.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::Style;
use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::task::JoinSet;

use crate::terminal::{self, BAD, WARN};

/// Follows both outputs of an instance until they end.
pub fn follow(function: &str, child: &mut Child, log: &Arc<Mutex<File>>) -> JoinSet<()> {
    let mut outputs = JoinSet::new();
    if let Some(stdout) = child.stdout.take() {
        outputs.spawn(copy(function.to_owned(), stdout, log.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        outputs.spawn(copy(function.to_owned(), stderr, log.clone()));
    }
    outputs
}

async fn copy(function: String, output: impl AsyncRead + Unpin, log: Arc<Mutex<File>>) {
    let mut lines = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        let written = writeln!(log.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
        if let Err(error) = written {
            terminal::complain(BAD, &function, format_args!("its log can't be written: {error}"));
        }
        if let Some((style, text)) = noteworthy(&line) {
            terminal::complain(style, &function, text);
        }
    }
}

/// What a person should see at once: warnings, errors, and whatever isn't a log line, such as a panic.
fn noteworthy(line: &str) -> Option<(Style, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_str(line) else {
        return (!line.trim().is_empty()).then(|| (BAD, line.to_owned()));
    };
    match fields.get("level").and_then(Value::as_str) {
        Some("ERROR") => Some((BAD, readable(&fields))),
        Some("WARN") => Some((WARN, readable(&fields))),
        _ => None,
    }
}

/// The message, then the other fields as `name=value`.
fn readable(fields: &Map<String, Value>) -> String {
    let message = fields.get("message").and_then(Value::as_str).unwrap_or_default();
    let others =
        fields.iter().filter(|(name, _)| !["level", "message", "timestamp"].contains(&name.as_str()));
    others.fold(message.to_owned(), |mut text, (name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // Writing to a string can't fail.
        let _ = write!(text, " {name}={value}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_shown_in_words() {
        let line = r#"{"timestamp":"t","level":"WARN","message":"slow","ms":9,"route":"GET /"}"#;
        assert_eq!(noteworthy(line).unwrap(), (WARN, "slow ms=9 route=GET /".into()));
    }

    #[test]
    fn a_panic_is_shown_as_it_is() {
        assert_eq!(noteworthy("thread 'main' panicked").unwrap().1, "thread 'main' panicked");
    }

    #[test]
    fn requests_and_metrics_stay_in_the_log() {
        assert!(noteworthy(r#"{"level":"INFO","message":"request"}"#).is_none());
        assert!(noteworthy(r#"{"_aws":{}}"#).is_none());
        assert!(noteworthy("").is_none());
    }
}
