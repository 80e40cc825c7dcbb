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

/// Good claims with some replaced; null removes one.
fn claims(changes: &Value) -> Value {
    let now = seconds(SystemTime::now());
    let mut claims = json!({"iss": "https://issuer.test", "aud": "web", "exp": now + 60, "client": "c1"});
    let claims_map = claims.as_object_mut().unwrap();
    claims_map.extend(changes.as_object().unwrap().clone());
    claims_map.retain(|_, value| !value.is_null());
    claims
}

fn verify(token: &str) -> Result<BTreeMap<String, String>, &'static str> {
    TOKENS.verify(token, "https://issuer.test", &["app".to_owned(), "web".to_owned()])
}

#[test]
fn an_issued_token_is_accepted_and_bears_the_client() {
    for (clients, claim) in [(&["c1"][..], "c1"), (&["c1", "c2"], "[c1 c2]")] {
        let clients: Vec<_> = clients.iter().map(|client| (*client).to_owned()).collect();
        let hour = Duration::from_hours(1);
        let token = TOKENS.issue(&clients, "portal_id", "https://issuer.test", "app", hour).unwrap();
        let claims = verify(&token).unwrap();
        assert_eq!(claims["portal_id"], claim);
        let times = ["exp", "iat"].map(|name| claims[name].parse::<u64>().unwrap());
        assert_eq!(times[0] - times[1], 3600);
    }
}

#[test]
fn claims_that_do_not_fit_are_refused() {
    let wrong = "the token's format, algorithm, signature or claims are wrong";
    let now = seconds(SystemTime::now());
    for (changes, expected) in [
        (json!({"iss": "https://other.test"}), "the token does not have a valid issuer"),
        (json!({"aud": "other"}), "the token does not have a valid audience"),
        (json!({"exp": now - 1}), "the token has expired"),
        (json!({"iss": null}), wrong),
        (json!({"aud": null}), wrong),
        (json!({"exp": null}), wrong),
    ] {
        assert_eq!(verify(&TOKENS.sign(&claims(&changes)).unwrap()), Err(expected), "{changes}");
    }
}

#[test]
fn only_this_key_and_rs256_are_accepted() {
    let good = TOKENS.sign(&claims(&json!({}))).unwrap();
    assert_eq!(verify(&good).unwrap()["client"], "c1");
    let forged = made().sign(&claims(&json!({}))).unwrap();
    let shared_secret = jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims(&json!({})),
        &EncodingKey::from_secret(b"secret"),
    );
    let unsigned = &good[..=good.rfind('.').unwrap()];
    for token in [&forged, &shared_secret.unwrap(), unsigned, "nonsense"] {
        assert!(verify(token).unwrap_err().contains("signature"), "{token}");
    }
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
    let circle = TempDir::new().unwrap();
    std::os::unix::fs::symlink(key_in(&circle), key_in(&circle)).unwrap();
    assert!(Tokens::open(&key_in(&circle)).is_err(), "only a key that is missing is made");
}
