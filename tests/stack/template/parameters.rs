//! What a parameter may be, alone and beside the others.

use std::collections::{BTreeMap, BTreeSet};

use backup_shares::{key_ring::KeyRing, webhook_policy::WebhookPolicy};

use super::{AUTHORIZER, DIGEST, TOKENS, refusals, template};

const CERTIFICATE: &str = "arn:aws:acm:eu-west-1:111122223333:certificate/0b1c-2d3e";
const CLIENT_DOMAIN: [(&str, &str); 2] =
    [("ClientDomainName", "client.example.com"), ("ClientCertificateArn", CERTIFICATE)];
const WEBHOOK_DOMAIN: [(&str, &str); 2] =
    [("WebhookDomainName", "hook.example.net"), ("WebhookCertificateArn", CERTIFICATE)];
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";
macro_rules! seven_keys {
    () => {
        "arn:aws:kms:eu-west-1:111122223333:key/mrk-1,arn:aws:kms:eu-west-1:111122223333:key/mrk-2,\
         arn:aws:kms:eu-west-1:111122223333:key/mrk-3,arn:aws:kms:eu-west-1:111122223333:key/mrk-4,\
         arn:aws:kms:eu-west-1:111122223333:key/mrk-5,arn:aws:kms:eu-west-1:111122223333:key/mrk-6,\
         arn:aws:kms:eu-west-1:111122223333:key/mrk-7"
    };
}
const SEVEN_KEYS: &str = seven_keys!();

/// A set of parameters to try, and what it is a try of.
struct Try {
    parameters: Vec<(&'static str, &'static str)>,
    name: &'static str,
    value: &'static str,
    taken: bool,
}

/// Tries every value of every parameter, beside what it needs.
async fn try_all(values: &'static [Values], beside: fn(&str) -> Vec<(&'static str, &'static str)>) {
    let mut tries = Vec::new();
    for (name, values) in by_name(values) {
        for (values, taken) in [(values.taken, true), (values.refused, false)] {
            let attempt = |value| {
                let parameters = beside(name).into_iter().chain([(name, value)]).collect();
                Try { parameters, name, value, taken }
            };
            tries.extend(values.iter().copied().map(attempt));
        }
    }
    let sets: Vec<BTreeMap<_, _>> =
        tries.iter().map(|attempt| attempt.parameters.iter().copied().collect()).collect();
    let template = template().await;
    for (Try { name, value, taken, .. }, refusal) in tries.iter().zip(refusals(&sets).await) {
        let sentence = template["Parameters"][name]["ConstraintDescription"].as_str().unwrap();
        let expected = (!taken).then(|| format!("Parameters.{name}: {sentence}"));
        assert_eq!(refusal, expected, "{name}={value:?}");
    }
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
        taken: &[
            "portal_client_id",
            "https://example.com/portal",
            "custom:portal",
            "subject",
            "my_sub",
            "https://a/sub",
        ],
        refused: &[
            "portal client",
            " portal",
            "portal\n",
            // The identity provider's, or the user's own.
            "sub",
            "Sub",
            "SUB",
            "email",
            "Email_Verified",
            "username",
            "cognito:username",
            "preferred_username",
            "name",
            "nickname",
            "client_id",
            "aud",
            "azp",
            "iss",
            "nonce",
            "user_id",
            "uid",
            "oid",
            "upn",
            "jti",
            "sid",
            "iat",
            "auth_time",
        ],
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
        names: &["AllowedOrigins"],
        taken: &[
            "",
            "https://app.example",
            "http://localhost:3000",
            "https://a.example,https://b.example:8443",
            "https://a.example:80,http://a.example:443,https://a.example:4430",
        ],
        refused: &[
            "*",
            "https://App.example",
            "HTTPS://app.example",
            "https://app.example:443",
            "http://app.example:80",
            "https://app.example:443,https://b.example",
            "https://a.example,http://b.example:80",
            "https://app.example,",
            ",https://app.example",
            "https://app.examplehttps://b.example",
            "https://app.example:",
            "https://app.example:0",
            "https://user@app.example",
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
        refused: &["0", "-1", "1.5", "many", "", "100000"],
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
    Values { names: &["LogRetentionDays"], taken: &["1", "90", "3653"], refused: &["0", "2", "forever", ""] },
    Values {
        names: &["CreateTrail", "RoleEventsForwarded"],
        taken: &["yes", "no"],
        refused: &["", "true", "Yes"],
    },
    Values {
        names: &["AlarmEmail"],
        taken: &["", "operators@example.com"],
        refused: &["operators", "@example.com", "a@b@c", "a@b.c,d@e.f", "a b@c.d"],
    },
    Values {
        names: &["AlarmTopicArn"],
        taken: &["", "arn:aws:sns:eu-west-1:111122223333:operators"],
        refused: &[
            "operators",
            "arn:aws:sns:eu-west-1:111122223333:operators.fifo",
            "arn:aws:sqs:eu-west-1:111122223333:operators",
        ],
    },
    Values {
        names: &["SharesOpenedAnHour", "SharesStoredAnHour"],
        taken: &["1", "1000000"],
        refused: &["0", "-1", "1000001", "many", ""],
    },
    Values {
        names: &["OperatorArns"],
        taken: &[
            "",
            "arn:aws:iam::111122223333:user/ada",
            "arn:aws:iam::111122223333:user/people/ada@example.com,arn:aws-us-gov:iam::111122223333:role/on-call",
        ],
        refused: &[
            "ada",
            "*",
            "arn:aws:iam::111122223333:root",
            "arn:aws:sts::111122223333:assumed-role/on-call/ada",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:user/ada,",
        ],
    },
    Values {
        names: &["ClientTableName", "CustodianTableName"],
        taken: &["", "restored", "backups-ClientSharesTable-1A2B", "a.b_c"],
        refused: &["ab", "a b", "arn:aws:dynamodb:eu-west-1:111122223333:table/restored"],
    },
    Values {
        names: &["ClientOlderKeyArns", "CustodianOlderKeyArns"],
        taken: &["", KEY, "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/0b1c-2d3e", SEVEN_KEYS],
        refused: &[
            "mrk-1",
            "alias/shares",
            "arn:aws:kms:eu-west-1:111122223333:alias/shares",
            "arn:aws:kms:::key/",
            concat!("arn:aws:kms:eu-west-1:111122223333:key/mrk-8,", seven_keys!()),
            "arn:aws:kms:eu-west-1:111122223333:key/mrk-1,",
            "arn:aws:kms:eu-west-1:111122223333:key/mrk-1, arn:aws:kms:eu-west-1:111122223333:key/mrk-2",
        ],
    },
];

#[tokio::test]
async fn a_parameter_takes_what_is_right_and_refuses_what_is_not_in_its_own_words() {
    try_all(VALUES, |_| TOKENS.to_vec()).await;
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
    for older in taken("ClientOlderKeyArns").iter().filter(|arn| !arn.is_empty()) {
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
        names: &["ClientDomainName", "WebhookDomainName"],
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
        names: &["ClientCertificateArn", "WebhookCertificateArn"],
        taken: &[CERTIFICATE],
        refused: &["0b1c-2d3e", "arn:aws:iam::111122223333:server-certificate/a"],
    },
    Values {
        names: &["ClientHostedZoneId", "WebhookHostedZoneId"],
        taken: &["", "Z0123456789"],
        refused: &["/hostedzone/Z01", "z01", "example.com"],
    },
];

fn beside(name: &str) -> Vec<(&'static str, &'static str)> {
    let login: &[_] = if name == "ClientAuthorizerArn" { &AUTHORIZER } else { &TOKENS };
    [login, &CLIENT_DOMAIN, &WEBHOOK_DOMAIN].concat()
}

#[tokio::test]
async fn a_parameter_that_needs_others_takes_what_is_right_and_refuses_what_is_not_in_its_own_words() {
    try_all(TOGETHER, beside).await;
}

/// So that a new parameter can't be without.
#[tokio::test]
async fn every_parameter_has_values_that_are_tried() {
    let tried: BTreeSet<_> = by_name(VALUES).chain(by_name(TOGETHER)).map(|(name, _)| name).collect();
    let parameters = template().await["Parameters"].as_object().unwrap();
    assert_eq!(tried, parameters.keys().map(String::as_str).collect());
}

/// A rule, and a set of parameters that it refuses; without a rule, a set that nothing refuses.
type Ruled<'a> = (Option<&'a str>, Vec<(&'a str, &'a str)>);

/// Asks for each set of parameters, which the rule refuses or, if there is none, nothing does.
async fn assert_rules(sets: &[Ruled<'_>]) {
    let asked: Vec<BTreeMap<_, _>> =
        sets.iter().map(|(_, parameters)| parameters.iter().copied().collect()).collect();
    for ((rule, parameters), refusal) in sets.iter().zip(refusals(&asked).await) {
        let refused_by = refusal.as_deref().and_then(|refusal| refusal.split(": ").next());
        assert_eq!(refused_by, *rule, "{parameters:?}: {refusal:?}");
    }
}

#[tokio::test]
async fn users_log_in_in_exactly_one_way() {
    let rule = Some("Rules.OneWayToLogIn");
    let mut sets = vec![
        (None, TOKENS.to_vec()),
        (None, AUTHORIZER.to_vec()),
        (rule, vec![("WebhookSecretDigests", DIGEST)]),
        (rule, [&TOKENS[..], &AUTHORIZER].concat()),
    ];
    for left_out in ["TokenIssuer", "TokenAudience", "ClientIdClaim"] {
        sets.push((rule, TOKENS.into_iter().filter(|(name, _)| *name != left_out).collect()));
    }
    for token in
        [("TokenIssuer", "https://a"), ("TokenAudience", "a"), ("TokenScopes", "a"), ("ClientIdClaim", "a")]
    {
        sets.push((rule, [&AUTHORIZER[..], &[token]].concat()));
    }
    assert_rules(&sets).await;
}

#[tokio::test]
async fn a_domain_comes_with_its_certificate() {
    let mut sets = Vec::new();
    for [domain, certificate] in [CLIENT_DOMAIN, WEBHOOK_DOMAIN] {
        let half = if domain.0 == "ClientDomainName" { "ClientHostedZoneId" } else { "WebhookHostedZoneId" };
        let zone = (half, "Z0123456789");
        for whole in [&[][..], &[domain, certificate], &[domain, certificate, zone]] {
            sets.push((None, [&TOKENS, whole].concat()));
        }
        for part in [&[domain][..], &[certificate], &[zone], &[domain, zone], &[certificate, zone]] {
            sets.push((Some("Rules.DomainsWithCertificates"), [&TOKENS, part].concat()));
        }
    }
    assert_rules(&sets).await;
}

/// Who has the app knows the client API's.
#[tokio::test]
async fn the_webhook_never_has_the_client_apis_domain() {
    let same = [("WebhookDomainName", CLIENT_DOMAIN[0].1), WEBHOOK_DOMAIN[1]];
    assert_rules(&[
        (None, [&TOKENS[..], &CLIENT_DOMAIN, &WEBHOOK_DOMAIN].concat()),
        (Some("Rules.DomainsWithCertificates"), [&TOKENS[..], &CLIENT_DOMAIN, &same].concat()),
    ])
    .await;
}

#[tokio::test]
async fn a_mail_address_and_a_topic_of_ones_own_exclude_each_other() {
    let mail = ("AlarmEmail", "operators@example.com");
    let topic = ("AlarmTopicArn", "arn:aws:sns:eu-west-1:111122223333:operators");
    assert_rules(&[
        (None, [&TOKENS[..], &[mail]].concat()),
        (None, [&TOKENS[..], &[topic]].concat()),
        (Some("Rules.OneTopic"), [&TOKENS[..], &[mail, topic]].concat()),
    ])
    .await;
}

#[tokio::test]
async fn no_table_and_no_key_is_both_halves() {
    let another = "arn:aws:kms:eu-west-1:111122223333:key/mrk-2";
    let mut sets = Vec::new();
    for [client, custodian, one, other] in [
        ["ClientTableName", "CustodianTableName", "one", "other"],
        ["ClientOlderKeyArns", "CustodianOlderKeyArns", KEY, another],
    ] {
        let beside_tokens = |more: &[(&'static str, &'static str)]| [&TOKENS[..], more].concat();
        sets.push((Some("Rules.HalvesApart"), beside_tokens(&[(client, one), (custodian, one)])));
        sets.push((None, beside_tokens(&[(client, one), (custodian, other)])));
        sets.push((None, beside_tokens(&[(client, one)])));
    }
    assert_rules(&sets).await;
}
