//! What holds for any id, slot and share.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::test_support::cases;

pub fn client() -> impl Strategy<Value = ClientId> {
    "[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}".prop_map(|id| ClientId::parse(id).unwrap())
}

fn pair() -> impl Strategy<Value = PairId> {
    "[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}".prop_map(|id| PairId::parse(id).unwrap())
}

fn method() -> impl Strategy<Value = Method> {
    "[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}".prop_map(|method| Method::parse(method).unwrap())
}

pub fn slot() -> impl Strategy<Value = Slot> {
    let kind = prop_oneof![Just(Kind::Client), Just(Kind::Custodian)];
    (kind, client(), method(), option::of(pair())).prop_map(|(kind, client, method, pair)| Slot {
        kind,
        client,
        method,
        pair,
    })
}

pub fn share() -> impl Strategy<Value = Share> {
    // Nothing that is no share starts so.
    ".{0,200}".prop_map(|text| Share::parse(Secret::new(format!("s-{text}"))).unwrap())
}

/// One text, cut into slot and share at any four places: all that differs is where one part ends and the next begins.
fn cut() -> impl Strategy<Value = (Slot, Share)> {
    vec(1..20_usize, 4).prop_map(|lengths| {
        // No address has a 0 there.
        let mut rest = format!("0{}", "a".repeat(80));
        let mut part = |length: usize| rest.split_off(rest.len() - length);
        let (client, method, pair) = (part(lengths[0]), part(lengths[1]), part(lengths[2]));
        let slot = Slot {
            kind: Kind::Client,
            client: ClientId::parse(client).unwrap(),
            method: Method::parse(method).unwrap(),
            pair: Some(PairId::parse(pair).unwrap()),
        };
        (slot, Share::parse(Secret::new(rest)).unwrap())
    })
}

const ZERO_WIDTH: &str = "\u{ad}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{2065}\u{2066}\u{2067}\u{2068}\u{2069}\u{206a}\u{206b}\u{206c}\u{206d}\u{206e}\u{206f}\u{feff}";

fn prefixed(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    length_prefixed(parts.iter().map(Vec::as_slice), |part| bytes.extend_from_slice(part));
    bytes
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn an_id_is_taken_by_its_alphabet_and_length_alone(text in "[A-Za-z0-9_.:+#/é -]{0,70}|.{0,4}") {
        let bytes = text.as_bytes();
        let of = |more: &[u8]| bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || more.contains(byte));
        let starts = bytes.first().is_some_and(u8::is_ascii_alphanumeric)
            && !["undefined", "null", "nan", "none"].contains(&&*text.to_lowercase());
        prop_assert_eq!(ClientId::parse(&*text).is_ok(), starts && of(b"_.:-"));
        prop_assert_eq!(PairId::parse(&*text).is_ok(), starts && of(b"_.:-"));
        prop_assert_eq!(Method::parse(&*text).is_ok(), starts && of(b"_.:-+") && bytes.len() <= 64);
    }

    #[test]
    fn a_row_reads_back_as_its_slot(slot in slot()) {
        let [_, _, method, pair] = slot.parts();
        prop_assert_eq!(Slot::from_row(slot.kind, &slot.client, method, pair), Some(slot.clone()));
    }

    #[test]
    fn a_digest_is_64_lowercase_hex_digits_and_nothing_else(text in "[0-9a-f]{63,65}|[0-9a-fA-F]{64}|.{0,4}") {
        let is_digest = text.len() == 64 && !text.contains(char::is_uppercase);
        prop_assert_eq!(RowDigest::parse(&text).is_some(), is_digest);
    }

    #[test]
    fn two_digests_are_the_same_only_of_the_same_slot_and_share(one in cut(), other in cut()) {
        let is_same = one.0 == other.0 && one.1.expose() == other.1.expose();
        prop_assert_eq!(one.0.digest(&one.1) == other.0.digest(&other.1), is_same);
    }

    #[test]
    fn two_lists_are_the_same_bytes_only_if_they_are_the_same_list(
        bytes in vec(0..3_u8, 0..40),
        cuts in vec(0..40_usize, 0..4),
        others in vec(0..40_usize, 0..4),
    ) {
        let list = |cuts: &[usize]| {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| *cut.min(&bytes.len())).collect();
            cuts.sort_unstable();
            let ends = cuts.iter().copied().chain([bytes.len()]);
            let starts = [0].into_iter().chain(cuts.iter().copied());
            starts.zip(ends).map(|(start, end)| bytes[start..end].to_vec()).collect::<Vec<_>>()
        };
        let (one, other) = (list(&cuts), list(&others));
        prop_assert_eq!(prefixed(&one) == prefixed(&other), one == other);
    }

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
