//! What Portal is answered, and what one answer has room for (docs/contract.md, "Webhook").

use std::ops::RangeInclusive;

use backup_shares::{
    custodian_shares::Room,
    share::{MAX_SHARE_BYTES, Share},
};
use serde::Serialize;

/// Most shares of one answer.
pub const MAX_SHARES: usize = 128;

/// Most bytes that the shares take in one answer. Lambda allows 6 MiB; there is room left for the first share once more,
/// under its legacy name, whatever is in it.
pub const MAX_BYTES: usize = 5_000_000;

/// What one answer has room for.
pub const ROOM: Room = Room { shares: MAX_SHARES, bytes: MAX_BYTES, size, sizes };

const LAMBDA_BYTES: usize = 6 * 1024 * 1024;
const _: () = assert!(MAX_BYTES + ESCAPED * MAX_SHARE_BYTES + SURROUNDINGS < LAMBDA_BYTES);

/// Most bytes that a byte of a share takes in an answer.
const ESCAPED: usize = 7;

/// What a share takes besides its own bytes.
const SURROUNDINGS: usize = br#"\"\","#.len();

/// The client's shares, newest first, and the first of them under the name that older versions read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer<'a> {
    backup_shares: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_share: Option<&'a str>,
}

impl<'a> Answer<'a> {
    /// The answer that holds these shares, the newest first.
    pub fn new(shares: &'a [Share]) -> Self {
        let backup_shares: Vec<&str> = shares.iter().map(|share| share.expose().as_str()).collect();
        Self { backup_share: backup_shares.first().copied(), backup_shares }
    }
}

/// Bytes that a share takes in a Lambda answer, where it is escaped twice: as JSON in the body, and the body as JSON in
/// the answer.
fn size(share: &Share) -> usize {
    let escaped = share.expose().bytes().map(|byte| match byte {
        b'"' | b'\\' => 4,
        0x08 | 0x09 | 0x0a | 0x0c | 0x0d => 3,
        0x00..0x20 => ESCAPED,
        _ => 1,
    });
    escaped.sum::<usize>() + SURROUNDINGS
}

const fn sizes(length: usize) -> RangeInclusive<usize> {
    length + SURROUNDINGS..=ESCAPED * length + SURROUNDINGS
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

    use backup_shares::secret::Secret;

    use super::*;

    #[test]
    fn a_shares_size_is_what_two_escapes_make_and_within_what_its_length_allows() {
        let all: String = (0..=0x7f_u8).map(char::from).chain("é漢😀".chars()).collect();
        for text in [all, "a".into(), "\u{1}".repeat(9) + "a", "plain".into()] {
            let share = Share::parse(Secret::new(text.clone())).unwrap();
            let twice = serde_json::to_string(&serde_json::to_string(&text).unwrap()).unwrap();
            assert_eq!(size(&share), twice.len() - r#""""#.len() + ",".len());
            assert!(sizes(text.len()).contains(&size(&share)));
        }
    }
}
