//! What holds for any policy.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::net::Ipv4Addr;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::test_support::cases;

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_network_lets_in_the_addresses_of_its_prefix_and_no_others(
        network in any::<u32>(),
        prefix in 0..=32_u32,
        flipped in 0..32_u32,
    ) {
        let cidr = format!("{}/{prefix}", Ipv4Addr::from(network));
        let policy = WebhookPolicy::parse(&"0a".repeat(32), &cidr).unwrap();
        let other = Ipv4Addr::from(network ^ (0x8000_0000 >> flipped));
        prop_assert!(policy.allows(Some(IpAddr::V4(network.into()))));
        prop_assert_eq!(policy.allows(Some(IpAddr::V4(other))), flipped >= prefix);
        prop_assert!(!policy.allows(None));
    }

    #[test]
    fn digests_are_taken_as_they_are_or_refused(digests in vec("[0-9a-fA-F]{64}", 1..4), cut in 0..2_usize) {
        let text = digests.join(",");
        let text = &text[cut..];
        let policy = WebhookPolicy::parse(text, "");
        prop_assert_eq!(policy.is_ok(), digests.len() <= 2 && cut == 0);
        if let Ok(policy) = policy {
            let read: Vec<String> = policy.secret_digests().iter().map(hex::encode).collect();
            prop_assert_eq!(read.join(","), text.to_lowercase());
        }
    }
}
