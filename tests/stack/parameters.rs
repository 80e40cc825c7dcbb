//! What a parameter may be, alone and beside the others.

use std::collections::{BTreeMap, BTreeSet};

use backup_shares::config::{KeyRing, WebhookPolicy};
use local::template::Template;

use super::{AUTHORIZER, DIGEST, TOKENS, template};
use crate::layout::root;

const CERTIFICATE: &str = "arn:aws:acm:eu-west-1:111122223333:certificate/0b1c-2d3e";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";

/// Why CloudFormation would refuse these parameters before it makes anything. What `cargo local` can't serve is not that.
fn refused(parameters: &[(&str, &str)]) -> Option<String> {
    let template = Template::read(&root().join("template.yaml")).unwrap();
    let arns = template.keys().into_iter().map(|key| (key.logical_id, KEY.to_owned())).collect();
    let given: BTreeMap<_, _> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let error = template.stack(&given, &arns).err()?.to_string();
    (error.starts_with("Parameters.") || error.starts_with("Rules.")).then_some(error)
}

/// Beside what a stack with tokens needs.
fn refused_beside_tokens(more: &[(&str, &str)]) -> Option<String> {
    refused(&[&TOKENS, more].concat())
}

/// Values that parameters take, and values that they refuse.
struct Values {
    names: &'static [&'static str],
    taken: &'static [&'static str],
    refused: &'static [&'static str],
}

fn by_name(values: &'static [Values]) -> impl Iterator<Item = (&'static str, &'static Values)> {
    values.iter().flat_map(|values| values.names.iter().map(move |name| (*name, values)))
}

const VALUES: &[Values] = &[
    Values {
        names: &["Stage"],
        taken: &["production", "development"],
        refused: &["", "Production", "staging", "prod"],
    },
    Values {
        names: &["TokenIssuer"],
        taken: &["https://identity.example", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a1B2"],
        refused: &[
            "http://issuer",
            "issuer.example",
            "https://",
            "https://a b",
            "https://a,https://b",
            " https://a",
        ],
    },
    Values {
        names: &["TokenAudience"],
        taken: &["backups", "a,b", "https://api.example/,0oa1b2"],
        refused: &[",", "a,", ",a", "a, b", "a,,b", " a"],
    },
    Values {
        names: &["TokenScopes"],
        taken: &["", "backup", "a:read,b/c"],
        refused: &[",", "a,", "a b", "a,,b"],
    },
    Values {
        names: &["ClientIdClaim"],
        taken: &["portal_client_id", "https://example.com/portal", "custom:portal"],
        refused: &["portal client", " portal", "portal\n"],
    },
    Values {
        names: &["WebhookSecretDigests"],
        taken: &[
            DIGEST,
            "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF",
            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,\
             ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100",
        ],
        refused: &[
            "",
            "secret",
            "0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,",
            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,secret",
        ],
    },
    Values {
        names: &["WebhookAllowedIps"],
        taken: &["", "192.0.2.1/32", "0.0.0.0/0", "255.255.255.255/32,192.0.2.0/24"],
        refused: &[
            "1.2.3.4",
            "1.2.3.4/33",
            "300.1.1.1/32",
            "010.0.0.0/8",
            "192.0.2.00/24",
            "1.2.3/24",
            "1.2.3.4.5/32",
            "1.2.3.4/",
            "1.2.3.4/-1",
            "2001:db8::/32",
            "::::/64",
            "portal",
            ",",
            "192.0.2.1/32,",
            "192.0.2.1/32, 192.0.2.2/32",
        ],
    },
    Values {
        names: &["WebhookPath"],
        taken: &["webhook", "portal/unguessable", "a1B2-c3_d4"],
        refused: &["", "/", "/webhook", "webhook/", "a//b", "a b", "{proxy+}", "a.b", "a?b", "../a"],
    },
    Values {
        names: &["AllowedOrigins"],
        taken: &[
            "",
            "https://app.example",
            "http://localhost:3000",
            "https://a.example,https://b.example:8443",
        ],
        refused: &[
            "*",
            "app.example",
            "https://app.example/",
            "https://*.example",
            "https://a, https://b",
            "ftp://a",
        ],
    },
    Values {
        names: &["ClientRate", "WebhookRate"],
        taken: &["1", "10000"],
        refused: &["0", "-1", "many", ""],
    },
    Values {
        names: &["ClientConcurrency", "WebhookConcurrency"],
        taken: &["", "1", "10000"],
        refused: &["0", "-1", "ten", "01", "1.5", "100000"],
    },
    Values {
        names: &["MemorySize"],
        taken: &["256", "10240"],
        refused: &["255", "10241", "128", "much", ""],
    },
    Values { names: &["Architecture"], taken: &["arm64", "x86_64"], refused: &["", "x86", "amd64"] },
    Values {
        names: &["LogLevel"],
        taken: &["error", "warn", "info", "debug"],
        refused: &["", "trace", "off", "INFO", "verbose"],
    },
    Values { names: &["LogRetentionDays"], taken: &["1", "90", "3653"], refused: &["0", "2", "forever", ""] },
    Values { names: &["CreateTrail"], taken: &["yes", "no"], refused: &["", "true", "Yes"] },
    Values {
        names: &["ClientTableName", "CustodianTableName"],
        taken: &["", "restored", "backups-ClientSharesTable-1A2B", "a.b_c"],
        refused: &["ab", "a b", "arn:aws:dynamodb:eu-west-1:111122223333:table/restored"],
    },
    Values {
        names: &["ClientOlderKeyArn", "CustodianOlderKeyArn"],
        taken: &["", KEY, "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/0b1c-2d3e"],
        refused: &[
            "mrk-1",
            "alias/shares",
            "arn:aws:kms:eu-west-1:111122223333:alias/shares",
            "arn:aws:kms:::key/",
        ],
    },
];

#[test]
fn a_parameter_takes_what_is_right_and_refuses_what_is_not() {
    for (name, values) in by_name(VALUES) {
        for value in values.taken {
            assert_eq!(refused_beside_tokens(&[(name, value)]), None, "{name}={value:?}");
        }
        for value in values.refused {
            let error = refused_beside_tokens(&[(name, value)]);
            let error = error.unwrap_or_else(|| panic!("{name}={value:?} is taken"));
            assert!(error.starts_with(&format!("Parameters.{name}: ")), "{name}={value:?}: {error}");
        }
    }
}

/// Otherwise a stack would deploy, and its functions stop at their start.
#[test]
fn what_the_template_takes_the_functions_take_too() {
    let taken = |name| VALUES.iter().find(|values| values.names.contains(&name)).unwrap().taken;
    for digests in taken("WebhookSecretDigests") {
        for cidrs in taken("WebhookAllowedIps") {
            assert!(WebhookPolicy::parse(digests, cidrs).is_ok(), "{digests} {cidrs}");
        }
    }
    for older in taken("ClientOlderKeyArn").iter().filter(|arn| !arn.is_empty()) {
        let sealing = "arn:aws:kms:eu-west-1:111122223333:key/mrk-9";
        assert!(KeyRing::parse(&format!("{sealing},{older}")).is_ok(), "{older}");
    }
}

/// These are right only beside others.
const TOGETHER: &[Values] = &[
    Values {
        names: &["ClientAuthorizerArn"],
        taken: &[
            "arn:aws:lambda:eu-west-1:111122223333:function:authorizer",
            "arn:aws:lambda:eu-west-1:111122223333:function:authorizer:live",
        ],
        refused: &[
            "authorizer",
            "arn:aws:lambda:eu-west-1:111122223333:layer:a",
            "arn:aws:iam::111122223333:role/a",
        ],
    },
    Values {
        names: &["DomainName"],
        taken: &["backups.example.com", "a-1.example"],
        refused: &[
            "example",
            "https://backups.example.com",
            "Backups.example.com",
            "*.example.com",
            "a..b",
            ".a.b",
        ],
    },
    Values {
        names: &["CertificateArn"],
        taken: &[CERTIFICATE],
        refused: &["0b1c-2d3e", "arn:aws:iam::111122223333:server-certificate/a"],
    },
    Values {
        names: &["HostedZoneId"],
        taken: &["", "Z0123456789"],
        refused: &["/hostedzone/Z01", "z01", "example.com"],
    },
];

#[test]
fn a_parameter_that_needs_others_takes_what_is_right_and_refuses_what_is_not() {
    let domain = [("DomainName", "backups.example.com"), ("CertificateArn", CERTIFICATE)];
    for (name, values) in by_name(TOGETHER) {
        let login: &[_] = if name == "ClientAuthorizerArn" { &AUTHORIZER } else { &TOKENS };
        for value in values.taken {
            assert_eq!(refused(&[login, &domain, &[(name, value)]].concat()), None, "{name}={value:?}");
        }
        for value in values.refused {
            let error = refused(&[login, &domain, &[(name, value)]].concat()).expect(value);
            assert!(error.starts_with(&format!("Parameters.{name}: ")), "{name}={value:?}: {error}");
        }
    }
}

/// So that a new parameter can't be without.
#[tokio::test]
async fn every_parameter_has_values_that_are_tried() {
    let tried: BTreeSet<_> = by_name(VALUES).chain(by_name(TOGETHER)).map(|(name, _)| name).collect();
    let parameters = template().await["Parameters"].as_object().unwrap();
    assert_eq!(tried, parameters.keys().map(String::as_str).collect());
}

#[track_caller]
fn assert_rule(rule: &str, parameters: &[(&str, &str)]) {
    let error = refused(parameters).unwrap_or_else(|| panic!("{parameters:?} are taken"));
    assert!(error.starts_with(&format!("Rules.{rule}: ")), "{parameters:?}: {error}");
}

#[test]
fn users_log_in_in_exactly_one_way() {
    assert_eq!(refused(&TOKENS), None);
    assert_eq!(refused(&AUTHORIZER), None);
    let digest = ("WebhookSecretDigests", DIGEST);
    let way = |parameters: &[(&'static str, &'static str)]| assert_rule("OneWayToLogIn", parameters);
    way(&[digest]);
    way(&[&TOKENS[..], &AUTHORIZER].concat());
    for left_out in ["TokenIssuer", "TokenAudience", "ClientIdClaim"] {
        way(&TOKENS.into_iter().filter(|(name, _)| *name != left_out).collect::<Vec<_>>());
    }
    for token in
        [("TokenIssuer", "https://a"), ("TokenAudience", "a"), ("TokenScopes", "a"), ("ClientIdClaim", "a")]
    {
        way(&[&AUTHORIZER[..], &[token]].concat());
    }
}

#[test]
fn a_claim_that_users_or_the_provider_write_is_refused() {
    for claim in ["sub", "email", "username", "cognito:username", "preferred_username", "name", "nickname"] {
        assert_rule("ClaimThatUsersCantWrite", &[&TOKENS[..], &[("ClientIdClaim", claim)]].concat());
    }
}

#[test]
fn a_domain_comes_with_its_certificate() {
    let domain = ("DomainName", "backups.example.com");
    let certificate = ("CertificateArn", CERTIFICATE);
    let zone = ("HostedZoneId", "Z0123456789");
    for whole in [&[][..], &[domain, certificate], &[domain, certificate, zone]] {
        assert_eq!(refused_beside_tokens(whole), None, "{whole:?}");
    }
    for partial in [&[domain][..], &[certificate], &[zone], &[domain, zone], &[certificate, zone]] {
        assert_rule("DomainWithCertificate", &[&TOKENS, partial].concat());
    }
}

#[test]
fn no_table_and_no_key_is_both_halves() {
    let another = "arn:aws:kms:eu-west-1:111122223333:key/mrk-2";
    for [client, custodian, one, other] in [
        ["ClientTableName", "CustodianTableName", "one", "other"],
        ["ClientOlderKeyArn", "CustodianOlderKeyArn", KEY, another],
    ] {
        assert_rule("HalvesApart", &[&TOKENS[..], &[(client, one), (custodian, one)]].concat());
        assert_eq!(refused_beside_tokens(&[(client, one), (custodian, other)]), None);
        assert_eq!(refused_beside_tokens(&[(client, one)]), None);
    }
}
