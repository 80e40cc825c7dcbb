//! Nothing is stored or read without a proof of who calls.

use backup_shares::{client_id_source::ClientIdSource, webhook_policy::WebhookPolicy};
use serde_json::{Value, json};

use crate::support::{
    event::{CLIENT, CLIENT_ID_CLAIM, Event, WEBHOOK_SECRET, digest},
    project::{USERS, WEBHOOKS},
    system::{System, aws_at},
};

#[tokio::test]
async fn a_wrong_or_missing_secret_is_one_and_the_same_401_and_reaches_no_aws() {
    let mut system = System::start().await;
    let nowhere = aws_at("http://127.0.0.1:1", "http://127.0.0.1:1");
    system.reach_by(&nowhere);
    for function in WEBHOOKS {
        let wrong = |secret: &str| Event::of(function).header("x-webhook-secret", secret);
        let almost = format!("{WEBHOOK_SECRET}x");
        let events = [
            Event::of(function).without_header("x-webhook-secret"),
            wrong(""),
            wrong("short"),
            wrong(&WEBHOOK_SECRET[1..]),
            wrong(&almost),
            wrong(&WEBHOOK_SECRET.to_uppercase()),
            wrong(&digest(WEBHOOK_SECRET)),
        ];
        let mut answers = Vec::new();
        for event in events {
            answers.push(system.call(event).await);
        }
        assert_eq!((answers[0].status, answers[0].code()), (401, "unauthorized"), "{function}");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{function}: {answers:?}");
        // With the right secret the function would have found out that AWS is out of reach.
        assert_eq!(system.call(Event::of(function)).await.status, 503, "{function}");
    }
}

#[tokio::test]
async fn the_secrets_header_may_be_written_in_any_case() {
    let system = System::start().await;
    for name in ["x-webhook-secret", "X-WEBHOOK-SECRET", "X-Webhook-Secret"] {
        let event =
            Event::of("webhook-backup").without_header("x-webhook-secret").header(name, WEBHOOK_SECRET);
        assert_eq!(system.call(event).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn while_a_secret_is_rotated_the_old_and_the_new_one_are_taken() {
    let mut system = System::start().await;
    let both = format!("{}, {}", digest("the new secret, of 32 characters"), digest(WEBHOOK_SECRET));
    system.backup.policy = WebhookPolicy::parse(&both, "").unwrap();
    for secret in ["the new secret, of 32 characters", WEBHOOK_SECRET] {
        let event = Event::of("webhook-backup").header("x-webhook-secret", secret);
        assert_eq!(system.call(event).await.status, 200, "{secret}");
    }
}

#[tokio::test]
async fn a_secret_under_16_characters_is_refused_even_if_its_digest_matches() {
    let mut system = System::start().await;
    for (secret, status) in [("fifteen letters", 401), ("sixteen letters!", 200)] {
        system.backup.policy = WebhookPolicy::parse(&digest(secret), "").unwrap();
        let event = Event::of("webhook-backup").header("x-webhook-secret", secret);
        assert_eq!(system.call(event).await.status, status, "{secret}");
    }
}

#[tokio::test]
async fn only_allowed_addresses_may_call_and_headers_name_none() {
    let mut system = System::start().await;
    for (allowed, address, status) in [
        ("127.0.0.1/32", "127.0.0.1", 200),
        ("127.0.0.1/32", "192.0.2.1", 403),
        ("192.0.2.0/24, 2001:db8::/32", "192.0.2.7", 200),
        ("192.0.2.0/24, 2001:db8::/32", "2001:db8::7", 200),
        ("192.0.2.0/24, 2001:db8::/32", "2001:db9::7", 403),
        ("192.0.2.0/24", "not an address", 403),
        ("", "203.0.113.9", 200),
    ] {
        system.backup.policy = WebhookPolicy::parse(&digest(WEBHOOK_SECRET), allowed).unwrap();
        let event = Event::of("webhook-backup").source_ip(address).header("x-forwarded-for", "127.0.0.1");
        let answer = system.call(event).await;
        assert_eq!(answer.status, status, "{address} under {allowed}: {answer:?}");
    }
}

#[tokio::test]
async fn an_address_is_refused_before_its_secret_is_looked_at() {
    let system = System::start().await;
    for function in WEBHOOKS {
        let refused =
            system.call(Event::of(function).source_ip("192.0.2.1").header("x-webhook-secret", "wrong")).await;
        assert_eq!((refused.status, refused.code()), (403, "forbidden"), "{function}");
    }
}

#[tokio::test]
async fn without_a_client_id_from_the_authorizer_a_user_is_nobody() {
    let mut system = System::start().await;
    let jwt = |claims: Value| json!({"jwt": {"claims": claims, "scopes": null}});
    let nobodies = [
        Value::Null,
        json!({}),
        jwt(json!({})),
        jwt(json!(null)),
        jwt(json!({"sub": CLIENT})),
        jwt(json!({CLIENT_ID_CLAIM: ""})),
        jwt(json!({CLIENT_ID_CLAIM: "a b"})),
        json!({"lambda": null}),
        json!({"lambda": {}}),
        json!({"lambda": {"clientId": null}}),
        json!({"lambda": {"clientId": [[CLIENT], null]}}),
        jwt(json!({CLIENT_ID_CLAIM: "[]"})),
        jwt(json!({CLIENT_ID_CLAIM: format!("[{CLIENT}")})),
        jwt(json!({CLIENT_ID_CLAIM: "undefined"})),
        json!({"lambda": {"clientid": CLIENT}}),
        json!({"clientId": CLIENT, "jwt": {"claims": {}}}),
    ];
    for source in [ClientIdSource::Claim(CLIENT_ID_CLAIM.into()), ClientIdSource::Authorizer] {
        system.takes_client_id_from(&source);
        for (function, nobody) in
            USERS.iter().flat_map(|function| nobodies.iter().map(move |who| (function, who)))
        {
            let refused = system.call(Event::of(function).authorizer(nobody.clone())).await;
            assert_eq!((refused.status, refused.code()), (401, "unauthorized"), "{function}: {nobody}");
        }
    }
    assert!(system.kms.calls().is_empty());
}

/// Portal's client is a wallet, and a user may have several.
#[tokio::test]
async fn one_login_reaches_the_shares_of_each_client_that_it_names_and_of_no_other() {
    let mut system = System::start().await;
    let claim = ClientIdSource::Claim(CLIENT_ID_CLAIM.into());
    let claimed = |text: &str| json!({"jwt": {"claims": {CLIENT_ID_CLAIM: text}}});
    let answered = |ids: Value| json!({"lambda": {"clientId": ids}});
    for (source, login) in [
        (&claim, claimed("[one two]")),
        (&claim, claimed("[undefined two one]")),
        (&ClientIdSource::Authorizer, answered(json!(["one", "two"]))),
        (&ClientIdSource::Authorizer, answered(json!("[one two]"))),
        (&ClientIdSource::Authorizer, answered(json!([7, "two", "one"]))),
    ] {
        system.takes_client_id_from(source);
        let event = |function, client| Event::of(function).path_of(client).authorizer(login.clone());
        for (client, status) in [("one", 200), ("two", 200), ("three", 403), ("undefined", 403)] {
            let body = json!({ "cipherText": client });
            let stored = system.call(event("store-backup", client).body(body)).await;
            let got = system.call(event("get-backup", client).query("")).await;
            assert_eq!((stored.status, got.status), (status, status), "{login} {client}");
            assert!(status != 200 || got.body["cipherText"] == client, "{login} {client}: {got:?}");
        }
    }
}

/// RFC 9110, section 11.6.1.
#[tokio::test]
async fn every_401_says_how_to_prove_who_calls() {
    let system = System::start().await;
    for (functions, challenge) in [(&USERS[..], "Bearer"), (&WEBHOOKS, "X-Webhook-Secret")] {
        for function in functions {
            let nobody = Event::of(function).authorizer(json!({})).without_header("x-webhook-secret");
            let refused = system.call(nobody).await;
            assert_eq!(
                (refused.status, &*refused.headers["www-authenticate"]),
                (401, challenge),
                "{function}"
            );
        }
    }
}

#[tokio::test]
async fn a_client_id_comes_from_the_login_that_the_stack_has_and_from_no_other() {
    let mut system = System::start().await;
    let token = json!({"jwt": {"claims": {CLIENT_ID_CLAIM: CLIENT}, "scopes": null}});
    let own = json!({"lambda": {"clientId": CLIENT}});
    let claim = ClientIdSource::Claim(CLIENT_ID_CLAIM.into());
    for (source, authorizer, status) in [
        (&claim, &token, 404),
        (&claim, &own, 401),
        (&ClientIdSource::Authorizer, &own, 404),
        (&ClientIdSource::Authorizer, &token, 401),
    ] {
        system.takes_client_id_from(source);
        let answer = system.call(Event::of("get-backup").authorizer(authorizer.clone())).await;
        assert_eq!(answer.status, status, "{source:?}: {authorizer}");
    }
}

#[tokio::test]
async fn a_teams_own_authorizer_names_the_client() {
    let mut system = System::start().await;
    system.takes_client_id_from(&ClientIdSource::Authorizer);
    let authorizer = |client: &str| json!({"lambda": {"clientId": client}});
    let stored = system.call(Event::of("store-backup").authorizer(authorizer(CLIENT))).await;
    assert_eq!(stored.status, 200);
    assert_eq!(system.call(Event::of("get-backup").authorizer(authorizer(CLIENT))).await.status, 200);
    assert_eq!(system.call(Event::of("get-backup").authorizer(authorizer("another"))).await.status, 403);
}

#[tokio::test]
async fn the_path_must_name_exactly_the_tokens_client() {
    let system = System::start().await;
    for path in ["another", "", &CLIENT.to_uppercase(), &format!("{CLIENT} "), "%63"] {
        let refused = system.call(Event::of("get-backup").path_of(path)).await;
        assert_eq!(refused.status, 403, "{path:?}");
    }
}
