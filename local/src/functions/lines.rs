//! What functions write: everything to a log file, warnings and worse on the terminal too.

use std::{
    fs::File,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use anstyle::Style;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
    task::JoinSet,
};

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
        if let Some(style) = noteworthy(&line) {
            terminal::complain(style, &function, &line);
        }
    }
}

/// Whether a person should see a line at once: a warning, an error, and whatever isn't a log line, such as a panic.
fn noteworthy(line: &str) -> Option<Style> {
    match serde_json::from_str::<Value>(line) {
        Ok(fields) if fields.is_object() => match fields["level"].as_str() {
            Some("ERROR") => Some(BAD),
            Some("WARN") => Some(WARN),
            _ => None,
        },
        _ => (!line.trim().is_empty()).then_some(BAD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_errors_and_panics_are_shown_and_requests_stay_in_the_log() {
        for (line, style) in [
            (r#"{"level":"WARN","message":"slow"}"#, Some(WARN)),
            (r#"{"level":"ERROR","message":"request"}"#, Some(BAD)),
            ("thread 'main' panicked", Some(BAD)),
            (r#"{"level":"INFO","message":"request"}"#, None),
            ("{}", None),
            ("", None),
        ] {
            assert_eq!(noteworthy(line), style, "{line}");
        }
    }
}
