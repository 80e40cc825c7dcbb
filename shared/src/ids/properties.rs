//! What holds for any id.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use proptest::prelude::*;

use super::*;
use crate::test_support::cases;

pub fn client() -> impl Strategy<Value = ClientId> {
    "[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}".prop_map(|id| ClientId::parse(id).unwrap())
}

pub fn pair() -> impl Strategy<Value = PairId> {
    "[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}".prop_map(|id| PairId::parse(id).unwrap())
}

pub fn method() -> impl Strategy<Value = Method> {
    "[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}".prop_map(|method| Method::parse(method).unwrap())
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
}
