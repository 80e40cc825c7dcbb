//! What holds for any share.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use proptest::prelude::*;

use super::*;
use crate::test_support::cases;

pub fn share() -> impl Strategy<Value = Share> {
    // Nothing that is no share starts so.
    ".{0,200}".prop_map(|text| Share::parse(Secret::new(format!("s-{text}"))).unwrap())
}

const ZERO_WIDTH: &str = "\u{ad}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{2065}\u{2066}\u{2067}\u{2068}\u{2069}\u{206a}\u{206b}\u{206c}\u{206d}\u{206e}\u{206f}\u{feff}";

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_share_is_kept_byte_for_byte_or_refused(
        text in ".{0,60}|0x[0-9a-fA-F]{38,42}|[1-9A-Za-z]{41,46}|[ \t]{0,3}(null|undefined|NaN|\\{\\})[ \n]{0,3}",
    ) {
        let bare = text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || ZERO_WIDTH.contains(c));
        let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
        let digits = bare.get(..2).filter(|start| start.eq_ignore_ascii_case("0x")).map(|_| &bare[2..]);
        let is_ethereum = digits.is_some_and(|digits| digits.len() == 40 && hex(digits));
        let base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        let is_solana = (43..=44).contains(&bare.len()) && bare.chars().all(|c| base58.contains(c));
        let lower = bare.to_ascii_lowercase();
        let words = ["", "null", "undefined", "nan", "none", "nil", "true", "false", "{}", "[]"];
        let is_object = lower.starts_with("[object") && lower.ends_with(']');
        let is_broken = is_ethereum || is_solana || words.contains(&&*lower) || is_object;
        match Share::parse(Secret::new(text.clone())) {
            Ok(share) => prop_assert!(!is_broken && *share.expose() == text),
            Err(error) => prop_assert!(is_broken, "{}", error),
        }
    }
}
