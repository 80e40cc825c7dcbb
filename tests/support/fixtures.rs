//! The shares of `tests/fixtures`: a backup of one made-up wallet, of which both halves rebuild it.

use std::{env, fs, path::PathBuf};

use pairs::{AppKey, Backup, Halves, Random, Wallet};
use serde_json::{Value, json};

use crate::support::{event::CLIENT, project::root, system::System};

const FILES: [&str; 3] = ["custodian_share_secp256k1", "custodian_share_ed25519", "client_share"];

fn path(name: &str) -> PathBuf {
    root().join(format!("tests/fixtures/{name}.json"))
}

fn read(name: &str) -> Value {
    serde_json::from_slice(&fs::read(path(name)).unwrap()).unwrap()
}

/// What Portal sends of that curve.
pub fn custodian_share(curve: &str) -> Value {
    let fixture = read(&format!("custodian_share_{curve}"));
    json!({"clientId": CLIENT, "backupMethod": fixture["backupMethod"], "share": fixture["share"]})
}

/// The wallet, and the files that one seed makes.
fn made() -> (Wallet, [Value; 3]) {
    let mut random = Random::seeded(*b"the seed of tests/fixtures, v. 1");
    let wallet = Wallet::random(&mut random);
    let Backup { client, custodian } = wallet.back_up(CLIENT, &mut random);
    let custodian = [("SECP256K1", custodian.secp256k1), ("ED25519", custodian.ed25519)].map(|(curve, share)| {
        json!({"backupMethod": format!("GDRIVE-{curve}"), "bytes": share.len(), "share": share})
    });
    let key = random.bytes();
    let sealed = AppKey::new(&key).unwrap().seal(&client, &mut random).unwrap();
    let client = json!({
        "appKey": hex::encode(key), "backupMethod": "GDRIVE", "bytes": sealed.len(), "cipherText": sealed,
    });
    let [secp256k1, ed25519] = custodian;
    (wallet, [secp256k1, ed25519, client])
}

#[test]
fn the_fixtures_are_what_their_seed_makes() {
    let (_, made) = made();
    for (name, made) in FILES.into_iter().zip(made) {
        if env::var_os("REWRITE").is_some() {
            fs::write(path(name), format!("{made:#}\n")).unwrap();
        }
        assert!(
            read(name) == made,
            "{name}.json is not what its seed makes: REWRITE=1 cargo test -p tests fixtures"
        );
    }
}

/// What the day of a recovery needs of this backend.
#[tokio::test]
async fn both_halves_that_the_functions_give_back_rebuild_the_wallet() {
    let system = System::start().await;
    let client = read("client_share");
    for curve in ["secp256k1", "ed25519"] {
        assert_eq!(system.backup(custodian_share(curve)).await.status, 200);
    }
    let store = json!({"backupMethod": client["backupMethod"], "cipherText": client["cipherText"]});
    assert_eq!(system.store(store).await.status, 200);
    let got = system.get("").await;
    let key: [u8; 32] = hex::decode(client["appKey"].as_str().unwrap()).unwrap().try_into().unwrap();
    let opened = AppKey::new(&key).unwrap().open(got.body["cipherText"].as_str().unwrap()).unwrap();
    let fetched = system.fetch().await;
    let [ed25519, secp256k1] = &fetched.shares()[..] else { panic!("two shares, the newest first") };
    let custodian = Halves { secp256k1: (*secp256k1).into(), ed25519: (*ed25519).into() };
    assert!(Wallet::rebuild(&opened, &custodian).unwrap() == made().0);
    let mixed = Halves { secp256k1: custodian.ed25519, ed25519: custodian.secp256k1 };
    assert!(Wallet::rebuild(&opened, &mixed).is_err());
}
