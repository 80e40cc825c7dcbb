//! Times as people write them.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use backup_shares::date::rfc3339;

/// Now by this host's clock, in milliseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time for people.
pub fn written(milliseconds: u64) -> String {
    rfc3339(milliseconds).unwrap_or_else(|_| format!("{milliseconds} ms after 1970"))
}

/// Reads a time such as `2026-11-22T09:30:00.000Z`, in milliseconds since 1970.
///
/// # Errors
/// What such a time looks like.
pub fn read(text: &str) -> Result<u64, String> {
    let time = DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset).ok();
    let milliseconds = time.and_then(|time| time.to_millis().ok()).and_then(|time| u64::try_from(time).ok());
    milliseconds.ok_or_else(|| "write a time as the list has it, such as 2026-11-22T09:30:00.000Z".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_as_it_was_written() {
        for milliseconds in [0, 1_795_339_800_007] {
            assert_eq!(read(&written(milliseconds)), Ok(milliseconds));
        }
        assert_eq!(read("2026-11-22T10:30:00+01:00"), Ok(1_795_339_800_000));
        for text in ["", "yesterday", "1795339800007", "2026-11-22", "1969-12-31T23:59:59Z"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
