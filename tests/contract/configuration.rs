//! A configuration that is missing or malformed is refused by one line that names the variable.

use backup_shares::{client_id_source::ClientIdSource, key_ring::KeyRing, webhook_policy::WebhookPolicy};

const ONE: &str = "arn:aws:kms:eu-west-1:000000000000:key/mrk-1";
const TWO: &str = "arn:aws-us-gov:kms:us-gov-west-1:000000000000:key/0b1c-2d3e";

#[test]
fn shares_keys_is_one_or_two_key_arns_and_the_first_seals() {
    let both = KeyRing::parse(&format!("{ONE}, {TWO}")).unwrap();
    assert_eq!((both.sealing().arn(), both.sealing().id()), (ONE, "mrk-1"));
    assert_eq!(both.find("0b1c-2d3e").unwrap().arn(), TWO);
    assert!(both.find("mrk-2").is_none() && both.find("").is_none());
    assert_eq!(KeyRing::parse(ONE).unwrap().sealing().arn(), ONE);
}

#[test]
fn shares_keys_that_are_aliases_ids_alike_or_too_many_are_refused() {
    let replica = ONE.replace("eu-west-1", "eu-central-1");
    let ring =
        |keys: u32| (1..=keys).map(|key| ONE.replace("mrk-1", &format!("mrk-{key}"))).collect::<Vec<_>>();
    let no_arn = "holds what is no ARN of a KMS key";
    let refused = [
        (String::new(), no_arn),
        ("mrk-1".into(), no_arn),
        ("alias/shares".into(), no_arn),
        (ONE.replace("key/", "alias/"), "names an alias"),
        (format!("{ONE},{}", TWO.replace("key/", "alias/")), "names an alias"),
        (ONE.replace("kms", "dynamodb"), no_arn),
        (ONE.replace("mrk-1", ""), no_arn),
        (ONE.replace("mrk-1", "a/b"), no_arn),
        (format!("{ONE},"), no_arn),
        (format!("{ONE},{ONE}"), "names a key twice"),
        (format!("{ONE},{replica}"), "names a key twice"),
        (ring(9).join(","), "names more than 8 keys"),
    ];
    for (text, problem) in refused {
        let error = KeyRing::parse(&text).expect_err(&text).to_string();
        assert!(error.starts_with(&format!("SHARES_KEYS {problem}")) && !error.contains('\n'), "{error}");
    }
    let eight = KeyRing::parse(&ring(8).join(",")).unwrap();
    assert_eq!(eight.sealing().id(), "mrk-1");
    assert!((1..=8).all(|key| eight.find(&format!("mrk-{key}")).is_some()));
}

#[test]
fn a_webhook_policy_is_one_or_two_digests_and_a_list_of_cidrs() {
    let digest = "0A".repeat(32);
    assert_eq!(WebhookPolicy::parse(&digest, "").unwrap().secret_digests(), [[10; 32]]);
    assert!(WebhookPolicy::parse(&format!("{digest}, {digest}"), "192.0.2.1/32, 2001:db8::/32").is_ok());
    for digests in
        ["", "0a", &digest[1..], &format!("{digest}0"), &format!("{digest},"), &[&*digest; 3].join(",")]
    {
        let error = WebhookPolicy::parse(digests, "").expect_err(digests).to_string();
        assert!(error.starts_with("WEBHOOK_SECRET_SHA256 is not"), "{error}");
    }
    // Leading zeros are decimal to some readers and octal to others.
    let zeros = ["010.0.0.0/8", "192.0.2.01/32", "0.0.00.0/0", "192.0.2.1/032"];
    for cidrs in ["192.0.2.1", "192.0.2.1/33", "192.0.2.0/24,", "portal", ","].into_iter().chain(zeros) {
        let error = WebhookPolicy::parse(&digest, cidrs).expect_err(cidrs).to_string();
        assert!(error.starts_with("WEBHOOK_ALLOWED_IPS is not"), "{error}");
    }
}

#[test]
fn a_client_id_comes_from_a_claim_or_from_an_authorizer_and_not_from_both() {
    let arn = "arn:aws:lambda:eu-west-1:000000000000:function:own";
    assert_eq!(ClientIdSource::parse("client", "").unwrap(), ClientIdSource::Claim("client".into()));
    assert_eq!(ClientIdSource::parse("", arn).unwrap(), ClientIdSource::Authorizer);
    for (claim, arn) in [("", ""), ("client", arn)] {
        let error = ClientIdSource::parse(claim, arn).unwrap_err().to_string();
        assert!(
            error.starts_with("CLIENT_ID_CLAIM is not set, or not alone") && !error.contains('\n'),
            "{error}"
        );
    }
}
