//! The time by AWS's clocks: the `Date` of an answer. A host's own clock may be wrong, and nobody would notice.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
    primitives::{DateTime, DateTimeFormat},
};

use crate::error::{Error, Result};

/// Reads the `Date` of one call's answer, that of the last attempt.
#[derive(Clone, Debug, Default)]
pub struct Date(Arc<AtomicU64>);

impl Date {
    /// When AWS answered, in milliseconds since 1970, to the second.
    ///
    /// # Errors
    /// [`Error::Undated`] when the answer did not say.
    pub fn read(&self, operation: &'static str) -> Result<u64> {
        let date = self.0.load(Ordering::Relaxed);
        if date == 0 { Err(Error::Undated(operation)) } else { Ok(date) }
    }
}

impl Intercept for Date {
    fn name(&self) -> &'static str {
        "Date"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(milliseconds);
        self.0.store(date.unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }
}

/// A time in milliseconds since 1970, as RFC 3339 writes it in UTC, with three digits of milliseconds.
///
/// # Errors
/// [`Error::Internal`] when it is beyond the year 9999.
pub fn rfc3339(milliseconds: u64) -> Result<String> {
    let seconds = i64::try_from(milliseconds / 1000).ok().map(DateTime::from_secs);
    let text = seconds.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok());
    let text = text.ok_or(Error::Internal("a stored time is beyond the year 9999"))?;
    Ok(format!("{}.{:03}Z", text.trim_end_matches('Z'), milliseconds % 1000))
}

fn milliseconds(date: &str) -> Option<u64> {
    let date = DateTime::from_str(date, DateTimeFormat::HttpDate).ok()?;
    date.to_millis().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_to_the_millisecond() {
        assert_eq!(rfc3339(784_111_777_000).unwrap(), "1994-11-06T08:49:37.000Z");
        assert_eq!(rfc3339(1_795_339_800_007).unwrap(), "2026-11-22T09:30:00.007Z");
        assert!(rfc3339(9_999_999_999_999_999).is_err());
    }

    #[test]
    fn a_date_is_read_and_nothing_else() {
        assert_eq!(milliseconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
        for text in ["", "yesterday", "1994-11-06T08:49:37Z", "Thu, 01 Jan 1900 00:00:00 GMT"] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }
}
