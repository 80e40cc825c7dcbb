//! The client API, row by row of the contract.

use serde_json::{Value, json};

use crate::support::{
    event::{CLIENT, Event},
    project::USERS,
    system::System,
};

const ADDRESS: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

/// The forms that real clients send one share in, and the method that it is kept under.
fn forms(share: &str) -> [(&'static str, Value, &'static str); 9] {
    [
        ("the seed", json!({"data": {"backupShare": share}}), "UNKNOWN"),
        ("Portal's server samples", json!({"backupShare": share}), "UNKNOWN"),
        ("web SDK object through axios", json!({"data": {"backupShare": {"cipherText": share}}}), "UNKNOWN"),
        ("current web guide", json!({"data": {"backupMethod": "GDRIVE", "cipherText": share}}), "GDRIVE"),
        (
            "current web guide, object",
            json!({"data": {"backupMethod": "GDRIVE", "cipherText": {"cipherText": share}}}),
            "GDRIVE",
        ),
        ("React Native example", json!({"cipherText": share}), "UNKNOWN"),
        ("iOS app", json!({"backupMethod": "GDRIVE", "cipherText": share}), "GDRIVE"),
        ("iOS guide", json!({"backupMethod": "ICLOUD", "encryptedClientBackupShare": share}), "ICLOUD"),
        (
            "PortalEx",
            json!({"backupMethod": "PASSKEY", "backupSharePairId": null, "cipherText": share}),
            "PASSKEY",
        ),
    ]
}

#[tokio::test]
async fn every_form_of_a_post_is_stored_and_given_back() {
    let system = System::start().await;
    for (index, (sender, _, method)) in forms("").into_iter().enumerate() {
        let share = format!("share {index} \u{1F511} \"quoted\" \\ back");
        let (_, body, _) = forms(&share)[index].clone();
        let stored = system.store(body).await;
        assert_eq!(stored.status, 200, "{sender}: {stored:?}");
        assert!(stored.body["message"].is_string(), "{sender}");
        let got = system.get(&format!("backupMethod={method}")).await;
        assert_eq!(got.body, json!({"cipherText": share, "backupShare": share}), "{sender}");
    }
}

#[tokio::test]
async fn enclave_form_keeps_a_share_for_each_curve() {
    let system = System::start().await;
    for (sent, kept) in [(json!(null), "CUSTOM"), (json!("GDRIVE"), "GDRIVE")] {
        let data = json!({"backupMethod": sent, "secp256k1Ciphertext": "s", "ed25519Ciphertext": "e"});
        assert_eq!(system.store(json!({ "data": data })).await.status, 200);
        for (curve, share) in [("SECP256K1", "s"), ("ED25519", "e")] {
            let got = system.get(&format!("backupMethod={kept}-{curve}")).await;
            assert_eq!(got.body["cipherText"], share, "{kept}-{curve}");
        }
    }
}

#[tokio::test]
async fn a_body_without_one_good_share_is_refused_and_what_is_stored_stays() {
    let system = System::start().await;
    system.store(json!({"backupMethod": "GDRIVE", "cipherText": "good"})).await;
    let broken = ["", "  ", "undefined", "null", "[object Object]", ADDRESS, &ADDRESS.to_lowercase()];
    let mut bodies: Vec<String> = Vec::new();
    for value in
        broken.map(Value::from).into_iter().chain([json!(null), json!(7), json!(["a"]), json!({"a": "b"})])
    {
        bodies.extend(
            forms("").iter().map(|(_, body, _)| body.to_string().replace("\"\"", &value.to_string())),
        );
        let both = json!({"data": {"secp256k1Ciphertext": "s", "ed25519Ciphertext": value}});
        bodies.push(both.to_string());
    }
    let more = [
        "",
        "null",
        "[]",
        r#"[null,"share",null,null,null,null,null,null]"#,
        r#"{"data":[null,"share",null,null,null,null,null,null]}"#,
        r#"{"cipherText":["share"]}"#,
        "\"x\"",
        "{",
        "{}",
        r#"{"data":{}}"#,
        r#"{"data":null}"#,
        "\u{1}",
        r#"{"cipherText":"a","cipherText":"b"}"#,
        r#"{"cipherText":"a","cipherText":"a"}"#,
        r#"{"data":{"cipherText":"a"},"data":{"cipherText":"a"}}"#,
        r#"{"cipherText":{"cipherText":"a","cipherText":"b"}}"#,
        r#"{"cipherText":"a","backupShare":"b"}"#,
        r#"{"cipherText":"a","data":{"cipherText":"b"}}"#,
        r#"{"cipherText":"a","secp256k1Ciphertext":"b","ed25519Ciphertext":"c"}"#,
        r#"{"secp256k1Ciphertext":"b"}"#,
        r#"{"cipherText":"a\ud800"}"#,
        r#"{"backupMethod":"","cipherText":"a"}"#,
        r#"{"backupMethod":"A#B","cipherText":"a"}"#,
        r#"{"backupMethod":7,"cipherText":"a"}"#,
        r#"{"backupSharePairId":"-","cipherText":"a"}"#,
        r#"{"backupSharePairId":7,"cipherText":"a"}"#,
    ];
    bodies.extend(more.map(String::from));
    for body in bodies {
        let refused = system.call(Event::of("store-backup").body(&body)).await;
        assert_eq!((refused.status, refused.code()), (400, "bad_request"), "{body}");
    }
    assert_eq!(system.shares("store-backup").await.len(), 1);
    assert_eq!(system.get("").await.body["cipherText"], "good");
}

#[tokio::test]
async fn our_own_answer_posted_back_is_one_share() {
    let system = System::start().await;
    assert_eq!(system.store(json!({"cipherText": "a", "backupShare": "a"})).await.status, 200);
    assert_eq!(system.shares("store-backup").await.len(), 1);
}

#[tokio::test]
async fn every_value_of_an_answer_is_a_string() {
    let system = System::start().await;
    let mut answers =
        vec![system.get("").await, system.store(json!({})).await, system.get("backupMethod=%20").await];
    answers.push(system.store(json!({"cipherText": "a"})).await);
    answers.push(system.get("").await);
    for answer in answers {
        assert!(answer.body.as_object().unwrap().values().all(Value::is_string), "{answer:?}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{answer:?}");
        assert_eq!(answer.headers["content-type"], "application/json", "{answer:?}");
    }
}

#[tokio::test]
async fn nothing_stored_is_404_with_a_body() {
    let system = System::start().await;
    let answer = system.get("").await;
    assert_eq!((answer.status, answer.code()), (404, "not_found"));
}

#[tokio::test]
async fn a_pair_is_that_pair_or_404() {
    let system = System::start().await;
    let store =
        |pair, share| json!({"backupMethod": "GDRIVE", "backupSharePairId": pair, "cipherText": share});
    system.store(store(json!("pair-1"), "one")).await;
    system.store(store(json!("pair-2"), "two")).await;
    system.store(store(json!(""), "pairless")).await;
    assert_eq!(system.get("backupSharePairId=pair-1").await.body["cipherText"], "one");
    assert_eq!(system.get("backupSharePairId=pair-2&backupMethod=GDRIVE").await.body["cipherText"], "two");
    for query in ["backupSharePairId=pair-3", "backupSharePairId=pair-1&backupMethod=ICLOUD"] {
        assert_eq!(system.get(query).await.status, 404, "{query}");
    }
    assert_eq!(system.get("").await.body["cipherText"], "pairless");
}

#[tokio::test]
async fn a_method_is_that_method_else_the_legacy_share_else_404() {
    let system = System::start().await;
    system.store(json!({"backupMethod": "GDRIVE", "cipherText": "drive"})).await;
    assert_eq!(system.get("backupMethod=ICLOUD").await.status, 404);
    system.store(json!({"cipherText": "legacy"})).await;
    assert_eq!(system.get("backupMethod=ICLOUD").await.body["cipherText"], "legacy");
    assert_eq!(system.get("backupMethod=GDRIVE").await.body["cipherText"], "drive");
    assert_eq!(system.get("").await.body["cipherText"], "legacy");
}

/// How each SDK writes a method, and what all of it means.
const SPELLINGS: [(&str, &[&str]); 6] = [
    ("GDRIVE", &["GDRIVE", "gdrive", "googleDrive", "GoogleDrive", "GOOGLEDRIVE"]),
    ("ICLOUD", &["ICLOUD", "icloud", "iCloud"]),
    ("PASSKEY", &["PASSKEY", "passkey"]),
    ("PASSWORD", &["PASSWORD", "password"]),
    ("FIREBASE", &["FIREBASE", "firebase"]),
    ("CUSTOM-ED25519", &["CUSTOM-ED25519", "custom-ed25519", "Custom-Ed25519"]),
];

/// docs/contract.md, "Client API": methods are compared by meaning.
#[tokio::test]
async fn a_backup_by_any_sdk_is_found_by_every_other() {
    let system = System::start().await;
    for (meaning, spellings) in SPELLINGS {
        for (number, stored) in spellings.iter().enumerate() {
            let share = format!("{meaning} {number}");
            assert_eq!(system.store(json!({"backupMethod": stored, "cipherText": share})).await.status, 200);
            for read in spellings {
                let got = system.get(&format!("backupMethod={read}")).await;
                assert_eq!(got.body["cipherText"], share, "stored as {stored}, read as {read}");
            }
        }
    }
    assert_ne!(system.get("backupMethod=googledrives").await.status, 200);
    let sealed = system.shares("store-backup").await;
    let methods: Vec<_> = sealed.iter().map(|row| row["method"].as_s().unwrap().as_str()).collect();
    assert!(methods.contains(&"googleDrive"), "what a row was sealed with stays as it was sent: {methods:?}");
}

#[tokio::test]
async fn unknown_in_any_case_is_the_legacy_method() {
    let system = System::start().await;
    system.store(json!({"backupMethod": "unknown", "cipherText": "legacy"})).await;
    for query in ["backupMethod=GDRIVE", "backupMethod=Unknown", ""] {
        assert_eq!(system.get(query).await.body["cipherText"], "legacy", "{query}");
    }
}

#[tokio::test]
async fn a_query_that_can_mean_two_things_or_none_is_refused() {
    let system = System::start().await;
    system.store(json!({"backupMethod": "GDRIVE", "cipherText": "drive"})).await;
    let queries = [
        "backupMethod=GDRIVE&backupMethod=ICLOUD",
        "backupMethod=GDRIVE&backupMethod=GDRIVE",
        "backupMethod=%23",
        "backupMethod=G%20DRIVE",
        "backupMethod=undefined",
        "backupSharePairId=NULL",
    ];
    for query in queries {
        assert_eq!(system.get(query).await.status, 400, "{query}");
    }
    assert_eq!(system.get("unknown=1&unknown=2").await.status, 200);
}

#[tokio::test]
async fn a_query_is_read_as_clients_write_it() {
    let system = System::start().await;
    system.store(json!({"backupMethod": "A+B", "cipherText": "plus"})).await;
    for query in ["backupMethod=A+B", "backupMethod=A%2BB", "backupMethod=A%2bB&backupSharePairId="] {
        assert_eq!(system.get(query).await.body["cipherText"], "plus", "a plus is a plus: {query}");
    }
    for query in ["backupMethod=", "backupSharePairId=&backupMethod", "&&=&", "backupMethod=&backupMethod="] {
        assert_eq!(system.get(query).await.body["cipherText"], "plus", "empty is absent: {query}");
    }
}

/// Otherwise another share than the one that was meant would be given.
#[tokio::test]
async fn a_parameter_that_was_meant_to_choose_and_is_not_ours_is_refused_and_named() {
    let system = System::start().await;
    system.store(json!({"backupMethod": "GDRIVE", "cipherText": "drive"})).await;
    for (query, hint) in [
        ("backupmethod=ICLOUD", "backupMethod"),
        ("backup_method=ICLOUD", "backupMethod"),
        ("backupMethod[]=ICLOUD", "backupMethod"),
        ("backup%2DMethod=ICLOUD", "backupMethod"),
        ("method=ICLOUD", "backupMethod"),
        ("Method=ICLOUD", "backupMethod"),
        ("backupSharePairID=p", "backupSharePairId"),
        ("pairId=p", "backupSharePairId"),
        ("pair_id=p", "backupSharePairId"),
        ("id=1", "backupId"),
        ("backup_id=1", "backupId"),
        ("before=1", "before"),
    ] {
        let refused = system.get(query).await;
        assert_eq!((refused.status, refused.code()), (400, "bad_request"), "{query}");
        assert!(refused.body["message"].as_str().unwrap().contains(hint), "{query}: {refused:?}");
    }
    for query in ["method=", "share=1", "methods=1", "_=1732800000"] {
        assert_eq!(system.get(query).await.status, 200, "{query}");
    }
}

/// On both halves (docs/contract.md, "Client API", `POST`).
#[tokio::test]
async fn what_broken_clients_send_in_a_shares_place_is_no_share_and_short_strings_are() {
    let system = System::start().await;
    let solana = "7EqQdEULxWcraVx3mXKFjc84LhCkMGZCkRuDpvcMwJeK";
    let written = ["undefined", "null", "NaN", "None", "nil", "true", "false", "{}", "[]", "[object Object]"];
    let others =
        ["[object Promise]", "", " \t\r\n", "\u{200b}\u{feff}", "\0\u{1}", ADDRESS, solana, &solana[..43]];
    for broken in written.into_iter().chain(others) {
        for text in
            [broken.to_owned(), broken.to_uppercase(), format!(" {broken}\n"), format!("\u{feff}{broken}")]
        {
            // In upper case this address is none: base58 has no O, I, and no l in lower case.
            if text.contains("7EQQ") {
                continue;
            }
            let client = system.store(json!({ "cipherText": text })).await;
            let custodian = system.backup(json!({"clientId": CLIENT, "share": text})).await;
            assert_eq!((client.status, custodian.status), (400, 400), "{text:?}");
        }
    }
    for share in ["a", "0", "nul", "{}{}", "truest", &ADDRESS[..41], &solana[..42], "[object", "𝕏"] {
        let client = system.store(json!({ "cipherText": share })).await;
        let custodian = system.backup(json!({"clientId": CLIENT, "share": share})).await;
        assert_eq!((client.status, custodian.status), (200, 200), "{share:?}");
    }
}

#[tokio::test]
async fn what_stands_for_nothing_is_no_id_and_no_method() {
    let system = System::start().await;
    for nothing in ["undefined", "null", "NaN", "None", "UNDEFINED", "nan"] {
        for (client, custodian) in [
            (json!({"cipherText": "s", "backupMethod": nothing}), json!({"backupMethod": nothing})),
            (json!({"cipherText": "s", "backupSharePairId": nothing}), json!({"backupSharePairId": nothing})),
            (json!({}), json!({"clientId": nothing})),
        ] {
            let mut body = json!({"clientId": CLIENT, "share": "s"});
            body.as_object_mut().unwrap().extend(custodian.as_object().unwrap().clone());
            assert_eq!(system.store(client.clone()).await.status, 400, "{client}");
            assert_eq!(system.backup(body.clone()).await.status, 400, "{body}");
        }
        let login = system.call(Event::of("get-backup").client(nothing).query("")).await;
        assert_eq!(login.status, 401, "{nothing}");
    }
}

#[tokio::test]
async fn sizes_are_limited_before_any_call_to_aws() {
    let system = System::start().await;
    let largest = "a".repeat(128 * 1024);
    assert_eq!(system.store(json!({ "cipherText": largest })).await.status, 200);
    assert_eq!(system.get("").await.body["cipherText"], largest);
    let calls = system.kms.calls().len();
    let over = system.store(json!({"cipherText": format!("{largest}a")})).await;
    assert_eq!((over.status, over.code()), (413, "too_large"));
    let body = system.store(json!({"cipherText": "a", "unknown": "a".repeat(1024 * 1024)})).await;
    assert_eq!((body.status, body.code()), (413, "too_large"));
    assert_eq!(system.kms.calls().len(), calls);
}

#[tokio::test]
async fn a_body_is_read_whatever_its_type_and_encoding_say() {
    let system = System::start().await;
    let event = Event::of("store-backup").without_header("content-type").body(json!({"cipherText": "plain"}));
    assert_eq!(system.call(event).await.status, 200);
    let mut event =
        Event::of("store-backup").header("content-type", "text/plain").body("eyJjaXBoZXJUZXh0IjoiYiJ9");
    event.0["isBase64Encoded"] = json!(true);
    assert_eq!(system.call(event).await.status, 200);
    assert_eq!(system.get("").await.body["cipherText"], "b");
}

#[tokio::test]
async fn a_user_reaches_no_share_but_their_own() {
    let system = System::start().await;
    system.store(json!({"cipherText": "mine"})).await;
    for function in USERS {
        let refused = system.call(Event::of(function).token_of("another").path_of(CLIENT)).await;
        assert_eq!((refused.status, refused.code()), (403, "forbidden"), "{function}");
    }
    assert_eq!(system.call(Event::of("get-backup").client("another")).await.status, 404);
}
