//! What holds for any ring of keys.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::test_support::cases;

const ARN: &str = "arn:aws(-cn|-us-gov)?:kms:[a-z]{2}-[a-z]{4,9}-[0-9]:[0-9]{12}:key/(mrk-)?[0-9a-f]{1,32}";

/// What people write by mistake, among it.
const NO_ARN: &str =
    "(arn|ARN)?:?aws:(kms|KMS|s3)?:[a-z0-9-]{0,8}:[0-9]{0,12}:(key|alias)[/:]?[a-z0-9/ -]{0,8}|.{0,20}";

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn up_to_eight_arns_of_different_keys_are_a_ring(arns in vec(ARN, 1..11), blank in " ?") {
        let ring = KeyRing::parse(&arns.join(&format!(",{blank}")));
        let ids: Vec<&str> = arns.iter().map(|arn| arn.rsplit('/').next().unwrap()).collect();
        let different = ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
        let is_ring = different && ids.len() <= MAX_KEYS;
        prop_assert_eq!(ring.is_ok(), is_ring);
        if let Ok(ring) = ring {
            prop_assert_eq!((ring.sealing().arn(), ring.sealing().id()), (&*arns[0], ids[0]));
            for (arn, id) in arns.iter().zip(ids) {
                prop_assert_eq!(ring.find(id).map(KeyArn::arn), Some(&**arn));
            }
        }
    }

    #[test]
    fn what_is_no_arn_is_refused_by_the_variables_name(text in NO_ARN) {
        if let Err(error) = KeyRing::parse(&text) {
            prop_assert!(error.to_string().starts_with("SHARES_KEYS "));
        } else {
            prop_assert_eq!((&text[..4], text.matches(':').count()), ("arn:", 5), "{}", text);
        }
    }

}
