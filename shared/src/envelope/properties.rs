//! What holds for any envelope.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    ids::ClientId, share::properties::share, slot::Kind, slot::properties::slot, test_support::cases,
};

fn data_key() -> impl Strategy<Value = DataKey> {
    any::<[u8; DATA_KEY_BYTES]>().prop_map(Secret::new)
}

fn fresh() -> impl Strategy<Value = Freshness> {
    (any::<[u8; SALT_BYTES]>(), any::<[u8; NONCE_BYTES]>())
        .prop_map(|(salt, nonce)| Freshness { salt, nonce })
}

impl std::fmt::Debug for Freshness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Freshness")
    }
}

#[test]
fn e10_what_is_not_utf8_is_refused_although_its_tag_verifies() {
    let slot = Slot::from_row(Kind::Client, &ClientId::parse("a").unwrap(), "M", "-").unwrap();
    let binding = Binding { slot: &slot, stored_at: 1 };
    let (data_key, salt, nonce) = (Secret::new([1; DATA_KEY_BYTES]), [2; SALT_BYTES], [3; NONCE_BYTES]);
    let keys = Keys::derive(&data_key, &salt).unwrap();
    let opened = |text: &[u8]| {
        let mut ciphertext = text.to_vec();
        let tag = encrypt(&keys.encryption, nonce, aad(&binding, &salt), &mut ciphertext).unwrap();
        ciphertext.extend_from_slice(tag.as_ref());
        let (commitment, ciphertext) = (keys.commitment.expose().as_slice(), ciphertext.as_slice());
        Envelope { salt, wrapped_key: b"wrapped", commitment, nonce, ciphertext }.open(&binding, &data_key)
    };
    assert_eq!(opened("é".as_bytes()).unwrap().expose(), "é");
    assert!(matches!(opened(&[0xc3]), Err(Error::Tampered(_))));
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn what_is_sealed_opens_and_no_beginning_of_it_does(
        (slot, share, stored_at) in (slot(), share(), any::<u64>()),
        (data_key, fresh) in (data_key(), fresh()),
        wrapped in vec(any::<u8>(), 1..=MAX_WRAPPED_BYTES),
        end in any::<prop::sample::Index>(),
    ) {
        let binding = Binding { slot: &slot, stored_at };
        let sealed = seal(&share, &binding, &data_key, &wrapped, fresh).unwrap();
        let envelope = Envelope::parse(&sealed).unwrap();
        prop_assert_eq!(envelope.wrapped_key(), &wrapped);
        let opened = envelope.open(&binding, &data_key).unwrap();
        prop_assert_eq!(opened.expose(), share.expose());
        let beginning = &sealed[..end.index(sealed.len())];
        let opened = Envelope::parse(beginning).and_then(|envelope| envelope.open(&binding, &data_key));
        prop_assert!(matches!(opened, Err(Error::Tampered(_))));
    }

    #[test]
    fn any_bytes_are_an_envelope_or_refused_and_never_open(
        bytes in vec(any::<u8>(), 0..300),
        magic in any::<bool>(),
        slot in slot(),
        data_key in data_key(),
    ) {
        let bytes = if magic { [&b"PBS\x01"[..], &bytes].concat() } else { bytes };
        match Envelope::parse(&bytes) {
            Ok(envelope) => {
                prop_assert!((1..=MAX_WRAPPED_BYTES).contains(&envelope.wrapped_key().len()));
                let opened = envelope.open(&Binding { slot: &slot, stored_at: 0 }, &data_key);
                prop_assert!(matches!(opened, Err(Error::Tampered(_))));
            }
            Err(error) => prop_assert!(matches!(error, Error::Tampered(_) | Error::UnknownVersion(_))),
        }
    }
}
