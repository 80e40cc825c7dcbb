//! What holds for any slot, and any share in it.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::{
    ids::properties::{client, method, pair},
    secret::Secret,
    test_support::cases,
};

pub fn slot() -> impl Strategy<Value = Slot> {
    let kind = prop_oneof![Just(Kind::Client), Just(Kind::Custodian)];
    (kind, client(), method(), option::of(pair())).prop_map(|(kind, client, method, pair)| Slot {
        kind,
        client,
        method,
        pair,
    })
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

fn prefixed(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    length_prefixed(parts.iter().map(Vec::as_slice), |part| bytes.extend_from_slice(part));
    bytes
}

proptest! {
    #![proptest_config(cases(256))]

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
}
