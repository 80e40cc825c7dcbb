//! The sort keys of a client's rows (ENVELOPE.md, E16): a share is found by its digest, a time row by the time.

use std::fmt;

use crate::slot::RowDigest;

const SHARE: &str = "share#";
const TIME: &str = "time#";
const TIME_DIGITS: usize = 16;

/// The latest time that a key has room for, in milliseconds since 1970.
pub const LATEST: u64 = 9_999_999_999_999_999;

/// What the sort keys of all time rows begin with.
pub(crate) const TIMES: &str = TIME;

/// The sort key of a share's row.
pub fn share_key(digest: &RowDigest) -> String {
    format!("{SHARE}{}", digest.as_str())
}

/// The digest in the sort key of a share's row; `None` when it is no such key.
pub fn share_digest(row_key: &str) -> Option<RowDigest> {
    RowDigest::parse(row_key.strip_prefix(SHARE)?)
}

/// What a time row's sort key says: when a share was sealed, and which. Keys stand in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeKey {
    /// When it was sealed, in milliseconds since 1970, up to [`LATEST`].
    pub at: u64,
    /// Which share.
    pub digest: RowDigest,
}

impl TimeKey {
    /// Reads a sort key; `None` when it is not of a time row's form.
    pub fn parse(row_key: &str) -> Option<Self> {
        let (at, digest) = row_key.strip_prefix(TIME)?.split_once('#')?;
        let digits = at.len() == TIME_DIGITS && at.bytes().all(|byte| byte.is_ascii_digit());
        let at = digits.then(|| at.parse().ok()).flatten()?;
        Some(Self { at, digest: RowDigest::parse(digest)? })
    }

    /// The key below all time rows from a time on, and above all earlier ones.
    pub(crate) fn start_of(at: u64) -> String {
        // A row of no right form may stand below time 0.
        if at == 0 { TIME.into() } else { format!("{TIME}{:0TIME_DIGITS$}", at.min(LATEST)) }
    }

    /// The key above all time rows up to a time, and below all later ones.
    pub(crate) fn end_of(at: u64) -> String {
        // '$' is the character after '#'.
        format!("{TIME}{:0TIME_DIGITS$}$", at.min(LATEST))
    }
}

impl fmt::Display for TimeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TIME}{:0TIME_DIGITS$}#{}", self.at, self.digest.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(at: u64) -> TimeKey {
        TimeKey { at, digest: RowDigest::parse(&"f".repeat(64)).unwrap() }
    }

    #[test]
    fn keys_read_back_as_they_were_written() {
        for at in [0, 1, 1_795_339_800_000, LATEST] {
            assert_eq!(TimeKey::parse(&key(at).to_string()), Some(key(at)));
        }
        let digest = key(0).digest;
        assert_eq!(share_digest(&share_key(&digest)), Some(digest));
    }

    #[test]
    fn keys_of_another_form_are_no_keys() {
        let digest = "0".repeat(64);
        for text in [
            format!("share#{digest}"),
            format!("time#{digest}"),
            format!("time#123#{digest}"),
            format!("time#00000000000000001#{digest}"),
            format!("time#+000000000000001#{digest}"),
            format!("time#0000000000000001#{}", "0".repeat(63)),
            format!("time#0000000000000001#{}", "A".repeat(64)),
            format!("time#0000000000000001#{digest}#"),
            String::from("time#"),
        ] {
            assert_eq!(TimeKey::parse(&text), None, "{text}");
        }
        for text in [format!("share#M#-#{digest}"), digest, String::from("share#")] {
            assert_eq!(share_digest(&text), None, "{text}");
        }
    }

    #[test]
    fn keys_stand_in_the_order_of_time_and_an_end_between_two_times() {
        let times = [0, 9, 10, 1_795_339_800_000, LATEST];
        let keys: Vec<String> = times.iter().map(|at| key(*at).to_string()).collect();
        assert!(keys.is_sorted());
        for pair in times.windows(2) {
            let end = TimeKey::end_of(pair[0]);
            assert!(key(pair[0]).to_string() < end && end < key(pair[1]).to_string());
            let start = TimeKey::start_of(pair[1]);
            assert!(key(pair[0]).to_string() < start && start < key(pair[1]).to_string());
        }
    }
}
