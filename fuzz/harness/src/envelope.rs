//! Envelopes: nothing opens but what was sealed.

use backup_shares::{
    envelope::{Binding, DataKey, Envelope, Freshness, seal},
    ids::{ClientId, Method},
    secret::Secret,
    share::Share,
    slot::{Kind, Slot},
};

const STORED_AT: u64 = 1_795_339_800_000;

fn data_key() -> DataKey {
    Secret::new([7; 32])
}

fn slot() -> Slot {
    Slot {
        kind: Kind::Client,
        client: ClientId::parse("client").unwrap(),
        method: Method::parse("GDRIVE").unwrap(),
        pair: None,
    }
}

/// The bytes are an envelope, then a share that is sealed and changed in one bit.
pub fn envelope(bytes: &[u8]) {
    let slot = slot();
    let binding = Binding { slot: &slot, stored_at: STORED_AT };
    stranger(bytes, &binding);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(share) = Share::parse(Secret::new(text.into()))
    {
        changed(&share, &binding);
    }
}

/// Only the very bytes that sealing makes of a share open.
fn stranger(bytes: &[u8], binding: &Binding<'_>) {
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    let wrapped = envelope.wrapped_key();
    assert!((1..=1024).contains(&wrapped.len()));
    let Ok(share) = envelope.open(binding, &data_key()) else { return };
    let nonce = 38 + wrapped.len() + 32;
    let fresh = Freshness {
        salt: bytes[4..36].try_into().unwrap(),
        nonce: bytes[nonce..nonce + 12].try_into().unwrap(),
    };
    assert_eq!(seal(&share, binding, &data_key(), wrapped, fresh).unwrap(), bytes);
}

/// What was sealed opens, and doesn't once a bit is another, wherever that is but in the wrapped key.
fn changed(share: &Share, binding: &Binding<'_>) {
    let fresh = Freshness { salt: [1; 32], nonce: [2; 12] };
    let mut sealed = seal(share, binding, &data_key(), b"wrapped", fresh).unwrap();
    let opened = Envelope::parse(&sealed).unwrap().open(binding, &data_key()).unwrap();
    assert_eq!(opened.expose(), share.expose());
    let bit = share.expose().bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31) + usize::from(byte));
    let at = bit / 8 % sealed.len();
    sealed[at] ^= 1 << (bit % 8);
    let opened = Envelope::parse(&sealed).and_then(|envelope| envelope.open(binding, &data_key()));
    assert!(opened.is_err() || (38..45).contains(&at), "byte {at} is not bound");
}
