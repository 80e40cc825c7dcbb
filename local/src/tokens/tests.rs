use std::{os::unix::fs::PermissionsExt, path::PathBuf, sync::LazyLock};

use tempfile::TempDir;

use super::*;

fn key_in(folder: &TempDir) -> PathBuf {
    folder.path().join("tokens.pem")
}

fn made() -> Tokens {
    Tokens::open(&key_in(&TempDir::new().unwrap())).unwrap()
}

/// One key pair for all tests: to make one takes its time.
pub(crate) static TOKENS: LazyLock<Tokens> = LazyLock::new(made);

const MINUTE: u64 = 60;

fn now() -> u64 {
    seconds(SystemTime::now())
}

/// Good claims with some replaced; null removes one.
fn claims(changes: &Value) -> Value {
    let now = now();
    let mut claims = json!({
        "iss": "https://issuer.test", "aud": "web", "iat": now, "nbf": now, "exp": now + MINUTE, "client": "c1",
    });
    let claims_map = claims.as_object_mut().unwrap();
    claims_map.extend(changes.as_object().unwrap().clone());
    claims_map.retain(|_, value| !value.is_null());
    claims
}

fn verify_token(token: &str, scopes: &[&str]) -> Result<Identity, TokenProblem> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    TOKENS.verify(token, "https://issuer.test", &texts(&["app", "web"]), &texts(scopes))
}

fn verify(changes: &Value, scopes: &[&str]) -> Result<Identity, TokenProblem> {
    verify_token(&TOKENS.sign(&claims(changes)).unwrap(), scopes)
}

fn reason(result: Result<Identity, TokenProblem>) -> &'static str {
    match result {
        Err(TokenProblem::Invalid(reason)) => reason,
        other => panic!("not refused as invalid: {other:?}"),
    }
}

#[test]
fn an_issued_token_is_accepted_and_bears_the_client() {
    let issue = |clients: &[&str], lifetime| {
        let clients: Vec<_> = clients.iter().map(|client| (*client).to_owned()).collect();
        TOKENS.issue(&clients, "portal_id", "https://issuer.test", "app", lifetime).unwrap()
    };
    let hour = Duration::from_hours(1);
    for (clients, claim) in [(&["c1"][..], "c1"), (&["c1", "c2"], "[c1 c2]")] {
        assert_eq!(verify_token(&issue(clients, hour), &[]).unwrap().claims["portal_id"], claim);
    }
    let claims = verify_token(&issue(&["c1"], hour), &[]).unwrap().claims;
    let times = ["exp", "iat"].map(|name| claims[name].parse::<u64>().unwrap());
    assert_eq!(times[0] - times[1], 3600);
}

#[test]
fn claims_that_do_not_fit_are_refused() {
    for (changes, expected) in [
        (json!({"iss": "https://other.test"}), "the token does not have a valid issuer"),
        (json!({"iss": null}), "the token has no exp or no iss"),
        (json!({"aud": "other"}), "the token does not have a valid audience"),
        (json!({"aud": null}), "the token does not have a valid audience"),
        (json!({"aud": "other", "client_id": "app"}), "the token does not have a valid audience"),
        (json!({"aud": null, "client_id": "other"}), "the token does not have a valid audience"),
        (json!({"aud": 7}), "the token does not have a valid audience"),
        (json!({"exp": now() - 1}), "the token has expired"),
        (json!({"exp": null}), "the token has no exp or no iss"),
        (json!({"exp": "tomorrow"}), "the token has no exp or no iss"),
        (json!({"nbf": now() + MINUTE}), "the token is not valid yet"),
        (json!({"nbf": "tomorrow"}), "a time in the token is not a number"),
        (json!({"iat": now() + MINUTE}), "the token was issued in the future"),
        (json!({"iat": "today"}), "a time in the token is not a number"),
    ] {
        assert_eq!(reason(verify(&changes, &[])), expected, "{changes}");
    }
}

#[test]
fn client_id_counts_where_there_is_no_audience() {
    assert!(verify(&json!({"aud": null, "client_id": "app"}), &[]).is_ok());
    assert!(verify(&json!({"aud": ["other", "app"]}), &[]).is_ok());
}

#[test]
fn a_token_must_have_one_of_the_routes_scopes() {
    assert_eq!(verify(&json!({"scope": "a b"}), &["c"]), Err(TokenProblem::Scope));
    assert_eq!(verify(&json!({}), &["c"]), Err(TokenProblem::Scope));
    let both = Some(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(verify(&json!({"scope": "a b"}), &["b", "c"]).unwrap().scopes, both);
    assert_eq!(verify(&json!({"scp": ["a", "b"]}), &["b"]).unwrap().scopes, both);
    assert_eq!(verify(&json!({"scope": "a b"}), &[]).unwrap().scopes, None);
}

#[test]
fn only_this_key_and_rs256_are_accepted() {
    let wrong = "the token's format, algorithm or signature is wrong";
    let other = made();
    let forged = other.sign(&claims(&json!({}))).unwrap();
    let shared_secret = jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims(&json!({})),
        &EncodingKey::from_secret(b"secret"),
    );
    let good = TOKENS.sign(&claims(&json!({}))).unwrap();
    let unsigned = &good[..=good.rfind('.').unwrap()];
    for token in [&forged, &shared_secret.unwrap(), unsigned, "nonsense"] {
        assert_eq!(reason(verify_token(token, &[])), wrong);
    }
}

#[test]
fn the_kid_must_name_the_key() {
    let mut header = Header::new(Algorithm::RS256);
    for kid in [None, Some("other".to_owned())] {
        header.kid = kid;
        let token = jsonwebtoken::encode(&header, &claims(&json!({})), &TOKENS.private).unwrap();
        assert_eq!(reason(verify_token(&token, &[])), "the token's kid names no key of the issuer");
    }
}

#[test]
fn claims_are_passed_on_as_text() {
    let changes = json!({"n": 7, "b": true, "list": ["a", 1, null], "map": {"k": ["v"], "l": 1}});
    let claims = verify(&changes, &[]).unwrap().claims;
    let texts = ["n", "b", "list", "map"].map(|name| claims[name].as_str());
    assert_eq!(texts, ["7", "true", "[a 1 <nil>]", "map[k:[v] l:1]"]);
}

#[test]
fn the_key_file_is_its_owners_alone_and_is_kept() {
    let folder = TempDir::new().unwrap();
    let first = Tokens::open(&key_in(&folder)).unwrap();
    let mode = std::fs::metadata(key_in(&folder)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(Tokens::open(&key_in(&folder)).unwrap().key_id, first.key_id);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_key_file_is_named_and_left_alone() {
    let folder = TempDir::new().unwrap();
    std::fs::write(key_in(&folder), "damaged").unwrap();
    let error = Tokens::open(&key_in(&folder)).err().unwrap().to_string();
    assert!(error.starts_with(&key_in(&folder).display().to_string()), "{error}");
    assert_eq!(std::fs::read_to_string(key_in(&folder)).unwrap(), "damaged");
}
