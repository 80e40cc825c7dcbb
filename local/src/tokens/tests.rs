use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;

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

const NOW: u64 = 1_800_000_000;

fn authorizer() -> JwtAuthorizer {
    JwtAuthorizer {
        header: "authorization".to_owned(),
        issuer: "https://issuer.test".to_owned(),
        audience: vec!["app".to_owned(), "web".to_owned()],
    }
}

/// Good claims with some replaced; null removes one.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://issuer.test", "aud": "web", "iat": NOW, "nbf": NOW, "exp": NOW + 1, "client": "c1",
    });
    let claims_map = claims.as_object_mut().unwrap();
    claims_map.extend(changes.as_object().unwrap().clone());
    claims_map.retain(|_, value| !value.is_null());
    claims
}

fn verify_token(token: Option<&str>, scopes: &[&str]) -> Result<Identity, Refusal> {
    let scopes: Vec<_> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    TOKENS.verify(token, &authorizer(), &scopes, UNIX_EPOCH + Duration::from_secs(NOW))
}

fn verify(changes: &Value, scopes: &[&str]) -> Result<Identity, Refusal> {
    verify_token(Some(&TOKENS.sign(&claims(changes)).unwrap()), scopes)
}

fn reason(result: Result<Identity, Refusal>) -> &'static str {
    match result {
        Err(Refusal::Invalid(reason)) => reason,
        other => panic!("not refused as invalid: {other:?}"),
    }
}

#[test]
fn a_token_is_accepted_with_and_without_bearer() {
    let token = TOKENS.sign(&claims(&json!({}))).unwrap();
    for source in [token.clone(), format!("Bearer {token}"), format!("bearer {token}")] {
        assert_eq!(verify_token(Some(&source), &[]).unwrap().claims["client"], "c1");
    }
}

#[test]
fn an_issued_token_is_accepted_and_bears_the_client() {
    let hour = Duration::from_hours(1);
    let issue = |clients: &[&str]| {
        let clients: Vec<_> = clients.iter().map(|client| (*client).to_owned()).collect();
        TOKENS.issue(&clients, "portal_id", "https://issuer.test", "app", hour).unwrap()
    };
    let several = TOKENS.verify(Some(&issue(&["c1", "c2"])), &authorizer(), &[], SystemTime::now());
    assert_eq!(several.unwrap().claims["portal_id"], "[c1 c2]", "as API Gateway writes it");
    let token = issue(&["c1"]);
    let identity = TOKENS.verify(Some(&token), &authorizer(), &[], SystemTime::now()).unwrap();
    assert_eq!(identity.claims["portal_id"], "c1");
    let later = SystemTime::now() + hour + Duration::from_secs(1);
    let expired = TOKENS.verify(Some(&token), &authorizer(), &[], later);
    assert_eq!(reason(expired), "the token has expired");
}

#[test]
fn no_token_is_missing() {
    for source in [None, Some(""), Some("Bearer ")] {
        assert_eq!(verify_token(source, &[]), Err(Refusal::Missing));
    }
}

#[test]
fn claims_that_do_not_fit_are_refused() {
    for (changes, expected) in [
        (json!({"iss": "https://other.test"}), "the token does not have a valid issuer"),
        (json!({"iss": ["https://issuer.test"]}), "the token does not have a valid issuer"),
        (json!({"iss": null}), "the token does not have a valid issuer"),
        (json!({"aud": "other"}), "the token does not have a valid audience"),
        (json!({"aud": null}), "the token does not have a valid audience"),
        (json!({"aud": "other", "client_id": "app"}), "the token does not have a valid audience"),
        (json!({"aud": null, "client_id": "other"}), "the token does not have a valid audience"),
        (json!({"exp": NOW}), "the token has expired"),
        (json!({"exp": null}), "the token has expired"),
        (json!({"exp": "tomorrow"}), "a time in the token is not a number"),
        (json!({"nbf": NOW + 1}), "the token is not valid yet"),
        (json!({"iat": NOW + 1}), "the token was issued in the future"),
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
    assert_eq!(verify(&json!({"scope": "a b"}), &["c"]), Err(Refusal::Scope));
    assert_eq!(verify(&json!({}), &["c"]), Err(Refusal::Scope));
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
        assert_eq!(reason(verify_token(Some(token), &[])), wrong);
    }
}

#[test]
fn the_kid_must_name_the_key() {
    let mut header = Header::new(Algorithm::RS256);
    for kid in [None, Some("other".to_owned())] {
        header.kid = kid;
        let token = jsonwebtoken::encode(&header, &claims(&json!({})), &TOKENS.private).unwrap();
        assert_eq!(reason(verify_token(Some(&token), &[])), "the token's kid names no key of the issuer");
    }
}

#[test]
fn claims_are_passed_on_as_text() {
    let changes = json!({"n": 7, "b": true, "list": ["a", 1], "map": {"k": ["v"]}});
    let claims = verify(&changes, &[]).unwrap().claims;
    let texts = ["n", "b", "list", "map", "exp"].map(|name| claims[name].as_str());
    assert_eq!(texts, ["7", "true", "[a 1]", "map[k:[v]]", "1800000001"]);
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
