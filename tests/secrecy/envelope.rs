//! The rules of shared/ENVELOPE.md, by their ids.

use std::collections::BTreeSet;

use aws_lc_rs::rand;
use backup_shares::{
    Error, Result,
    envelope::{Binding, DataKey, Envelope, Freshness, seal},
    ids::{ClientId, Method, PairId},
    row_key::{TimeKey, share_digest, share_key},
    secret::Secret,
    share::{MAX_SHARE_BYTES, Share},
    slot::{Kind, Slot},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use faults::{Fate, Fault, Proxy};
use serde_json::json;

use crate::support::system::{System, aws_at};

const WRAPPED: &[u8] = b"as KMS wrapped it";

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).unwrap();
    bytes
}

fn slot() -> Slot {
    Slot {
        kind: Kind::Client,
        client: ClientId::parse("client").unwrap(),
        method: Method::parse("GDRIVE").unwrap(),
        pair: Some(PairId::parse("pair").unwrap()),
    }
}

fn share(text: &str) -> Share {
    Share::parse(Secret::new(text.into())).unwrap()
}

fn sealed_with(data_key: &DataKey, wrapped: &[u8]) -> Result<Vec<u8>> {
    let binding = Binding { slot: &slot(), stored_at: 1 };
    seal(&share("share"), &binding, data_key, wrapped, Freshness { salt: random(), nonce: random() })
}

fn assert_tampered(opened: &Result<Share>, why: &str) {
    assert!(matches!(opened, Err(Error::Tampered(_))), "{why}: {opened:?}");
}

#[tokio::test]
async fn e3_salt_and_nonce_are_fresh_for_each_envelope() {
    let system = System::start().await;
    for client in ["a", "b", "c"] {
        system.backup(json!({"clientId": client, "share": "share"})).await;
    }
    let rows = system.shares("webhook-backup").await;
    let mut fresh = BTreeSet::new();
    for row in &rows {
        let sealed = row["sealed"].as_b().unwrap().as_ref();
        let nonce = sealed.len() - "share".len() - 16 - 12;
        fresh.insert(sealed[4..36].to_vec());
        fresh.insert(sealed[nonce..nonce + 12].to_vec());
    }
    assert_eq!(fresh.len(), 2 * rows.len());
}

#[tokio::test]
async fn e13_a_data_key_under_another_key_or_of_another_length_is_refused_and_nothing_stored() {
    let key = BASE64_STANDARD.encode([7; 32]);
    let short = BASE64_STANDARD.encode([7; 31]);
    let named = |system: &System| system.keys("webhook-backup").to_owned();
    for (key_id, plaintext) in [(Some("arn:aws:kms:us-east-1:000000000000:key/other"), &key), (None, &short)]
    {
        let mut system = System::start().await;
        let named = named(&system);
        let answer =
            json!({"KeyId": key_id.unwrap_or(&named), "Plaintext": plaintext, "CiphertextBlob": key});
        let kms =
            Proxy::start("", move |_, _| Fate::Before(Fault::Answer(answer.to_string()))).await.unwrap();
        system.backup.shares = system.custodian_shares(&aws_at(&system.dynamodb_url, &kms.url), &named);
        let refused = system.backup(json!({"clientId": "a", "share": "share"})).await;
        assert_eq!((refused.status, refused.code()), (500, "internal"));
        assert!(system.rows("webhook-backup").await.is_empty());
    }
}

#[test]
fn e2_a_wrapped_key_is_1_to_1024_bytes() {
    let data_key = Secret::new(random());
    for (length, good) in [(0, false), (1, true), (1024, true), (1025, false), (65_536, false)] {
        assert_eq!(sealed_with(&data_key, &vec![7; length]).is_ok(), good, "{length}");
    }
}

#[test]
fn e8_another_magic_and_an_early_end_are_refused() {
    let sealed = sealed_with(&Secret::new(random()), WRAPPED).unwrap();
    let early = (0..=sealed.len() - "share".len()).map(|length| sealed[..length].to_vec());
    let magic = (0..3).map(|index| [&sealed[..index], b"x", &sealed[index + 1..]].concat());
    let mut wide = sealed.clone();
    wide[36..38].copy_from_slice(&1025_u16.to_be_bytes());
    wide.resize(8192, 0);
    for refused in early.chain(magic).chain([wide]) {
        let parsed = Envelope::parse(&refused);
        assert!(matches!(parsed, Err(Error::Tampered(_))), "{} bytes: {parsed:?}", refused.len());
    }
}

#[test]
fn e8_another_version_is_refused_as_one_that_a_later_build_wrote_wherever_it_ends() {
    let mut sealed = sealed_with(&Secret::new(random()), WRAPPED).unwrap();
    for version in (0..=255).filter(|version| *version != 1) {
        sealed[3] = version;
        for end in 4..=sealed.len() {
            let parsed = Envelope::parse(&sealed[..end]);
            assert!(matches!(parsed, Err(Error::UnknownVersion(found)) if found == version), "{parsed:?}");
        }
    }
}

#[test]
fn e9_another_data_key_is_refused_by_the_commitment() {
    let sealed = sealed_with(&Secret::new([1; 32]), WRAPPED).unwrap();
    let opened = Envelope::parse(&sealed)
        .unwrap()
        .open(&Binding { slot: &slot(), stored_at: 1 }, &Secret::new([2; 32]));
    let Err(Error::Tampered(why)) = opened else { panic!("{opened:?}") };
    assert!(why.contains("commitment"), "{why}");
}

#[test]
fn e10_every_field_of_the_binding_is_bound() {
    let data_key = Secret::new(random());
    let sealed = sealed_with(&data_key, WRAPPED).unwrap();
    let envelope = Envelope::parse(&sealed).unwrap();
    assert!(envelope.open(&Binding { slot: &slot(), stored_at: 1 }, &data_key).is_ok());
    let others = [
        Slot { kind: Kind::Custodian, ..slot() },
        Slot { client: ClientId::parse("other").unwrap(), ..slot() },
        Slot { method: Method::parse("ICLOUD").unwrap(), ..slot() },
        Slot { pair: None, ..slot() },
        Slot { pair: Some(PairId::parse("other").unwrap()), ..slot() },
        // The same characters, divided otherwise.
        Slot {
            client: ClientId::parse("clientG").unwrap(),
            method: Method::parse("DRIVE").unwrap(),
            ..slot()
        },
    ];
    for other in others {
        let why = format!("{other:?}");
        assert_tampered(&envelope.open(&Binding { slot: &other, stored_at: 1 }, &data_key), &why);
    }
    for stored_at in [0, 2, u64::MAX] {
        assert_tampered(&envelope.open(&Binding { slot: &slot(), stored_at }, &data_key), "time");
    }
}

#[test]
fn every_single_flipped_bit_of_an_envelope_is_refused_as_tampering_but_in_version_and_wrapped_key() {
    let data_key = Secret::new(random());
    let sealed = sealed_with(&data_key, WRAPPED).unwrap();
    let wrapped = 38..38 + WRAPPED.len();
    for bit in (0..sealed.len() * 8).filter(|bit| !wrapped.contains(&(bit / 8)) && bit / 8 != 3) {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let opened = Envelope::parse(&flipped)
            .and_then(|envelope| envelope.open(&Binding { slot: &slot(), stored_at: 1 }, &data_key));
        assert_tampered(&opened, &format!("bit {bit}"));
    }
}

#[test]
fn the_wrapped_key_may_be_wrapped_anew() {
    let data_key = Secret::new(random());
    let sealed = sealed_with(&data_key, WRAPPED).unwrap();
    let rewrapped = [&sealed[..36], &3_u16.to_be_bytes(), b"new", &sealed[38 + WRAPPED.len()..]].concat();
    let envelope = Envelope::parse(&rewrapped).unwrap();
    assert_eq!(envelope.wrapped_key(), b"new");
    assert!(envelope.open(&Binding { slot: &slot(), stored_at: 1 }, &data_key).is_ok());
}

#[test]
fn e15_one_share_in_two_slots_is_two_rows() {
    let one = slot();
    let other = Slot { pair: None, ..slot() };
    let (text, longer) = (share("share"), share("share2"));
    assert_ne!(share_key(&one.digest(&text)), share_key(&other.digest(&text)));
    assert_ne!(one.digest(&text), one.digest(&longer));
    assert_eq!(one.digest(&text), slot().digest(&share("share")));
}

#[test]
fn e16_a_share_is_found_by_its_digest_and_its_time_row_by_the_time() {
    let digest = slot().digest(&share("share"));
    assert_eq!(share_key(&digest), format!("share#{}", digest.as_str()));
    assert_eq!(share_digest(&share_key(&digest)).as_ref(), Some(&digest));
    let key = TimeKey { at: 1_795_339_800_000, digest };
    assert_eq!(key.to_string(), format!("time#0001795339800000#{}", key.digest.as_str()));
    assert_eq!(TimeKey::parse(&key.to_string()), Some(key));
}

#[tokio::test]
async fn e17_a_rows_attributes_say_what_its_envelope_is_bound_to() {
    let system = System::start().await;
    let sent =
        json!({"clientId": "a", "share": "share", "backupMethod": "googleDrive-X", "backupSharePairId": "p"});
    system.backup(sent).await;
    let (row, time) = (&system.shares("webhook-backup").await[0], &system.times("webhook-backup").await[0]);
    for (row, method) in [(row, "googleDrive-X"), (time, "GDRIVE-X")] {
        let said = ["pk", "method", "pair"].map(|name| row[name].as_s().unwrap().as_str());
        assert_eq!(said, ["a", method, "p"]);
    }
    assert_eq!((row.len(), time.len()), (7, 4), "no attribute is unnamed");
    let key = TimeKey::parse(time["sk"].as_s().unwrap()).unwrap();
    assert_eq!(row["at"].as_n().unwrap(), &key.at.to_string());
    assert_eq!(row["sk"].as_s().unwrap(), &share_key(&key.digest));
    let envelope = Envelope::parse(row["sealed"].as_b().unwrap().as_ref()).unwrap();
    assert_eq!(envelope.share_len(), "share".len());
}

#[test]
fn a_share_is_1_to_131072_bytes() {
    assert_eq!(MAX_SHARE_BYTES, 131_072);
    for (length, good) in [(0, false), (1, true), (MAX_SHARE_BYTES, true), (MAX_SHARE_BYTES + 1, false)] {
        assert_eq!(Share::parse(Secret::new("a".repeat(length))).is_ok(), good, "{length}");
    }
}
