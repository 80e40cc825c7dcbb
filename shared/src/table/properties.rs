//! What holds for any row.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    share::properties::{share, slot},
    test_support::cases,
};

fn row() -> impl Strategy<Value = Row> {
    (slot(), share(), any::<u64>(), "[0-9a-f-]{1,36}", vec(any::<u8>(), 0..64)).prop_map(
        |(slot, share, stored_at, key_id, sealed)| {
            let digest = slot.digest(&share);
            Row { slot, digest, stored_at, key_id, sealed }
        },
    )
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row of {:?} at {}", self.slot, self.stored_at)
    }
}

/// An attribute of another type, or of a value that none of ours has.
fn wrong() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        Just(AttributeValue::Null(true)),
        Just(AttributeValue::Bool(true)),
        Just(AttributeValue::L(Vec::new())),
        Just(AttributeValue::M(HashMap::new())),
        "-[0-9]{1,20}|[0-9]{1,5}[.e][0-9]{1,3}|[0-9]{21,38}".prop_map(AttributeValue::N),
    ]
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_row_reads_back_as_it_was_written(row in row()) {
        let (slot, age) = (row.slot.clone(), (row.stored_at, row.slot.row_key(&row.digest)));
        let written = (row.key_id.clone(), row.sealed.clone());
        let listed = from_item(slot.kind, &slot.client, into_item(row), true);
        let Ok(Some(listed)) = listed else { panic!("it is no row") };
        prop_assert_eq!((listed.age(), &listed.slot), (age, &slot));
        prop_assert_eq!(contents(listed.whole.unwrap()), Some(written));
    }

    #[test]
    fn a_row_with_one_attribute_of_another_form_cannot_be_read(
        row in row(),
        name in prop::sample::select(vec![SORT_KEY, SEALED, STORED_AT, KEY_ID]),
        value in proptest::option::of(wrong()),
    ) {
        let (kind, client) = (row.slot.kind, row.slot.client.clone());
        let mut item = into_item(row);
        item.remove(name);
        item.extend(value.map(|value| (name.to_owned(), value)));
        match from_item(kind, &client, item, true) {
            Err(unreadable) => {
                prop_assert!([SORT_KEY, STORED_AT].contains(&name), "a listing looks at {}", name);
                prop_assert_eq!(unreadable.slot.is_some(), name != SORT_KEY);
            }
            Ok(listed) => {
                prop_assert!([SEALED, KEY_ID].contains(&name), "{} is not looked at", name);
                prop_assert_eq!(contents(listed.unwrap().whole.unwrap()), None);
            }
        }
    }

    #[test]
    fn only_what_says_to_be_a_share_is_one(row in row(), key in "[a-z#]{0,12}") {
        let (kind, client) = (row.slot.kind, row.slot.client.clone());
        let mut item = into_item(row);
        item.insert(SORT_KEY.into(), AttributeValue::S(key.clone()));
        let read = from_item(kind, &client, item, true);
        prop_assert_eq!(matches!(read, Ok(None)), !key.starts_with("share#"));
    }
}
