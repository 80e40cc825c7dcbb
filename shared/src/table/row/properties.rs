//! What holds for any row.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{share::properties::share, slot::properties::slot, test_support::cases};

fn row() -> impl Strategy<Value = ShareRow> {
    (slot(), share(), 0..=LATEST, "[0-9a-f-]{1,36}", vec(any::<u8>(), 0..64)).prop_map(
        |(slot, share, at, key_id, sealed)| {
            let digest = slot.digest(&share);
            ShareRow { slot, digest, at, key_id, sealed }
        },
    )
}

impl std::fmt::Debug for ShareRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ShareRow of {:?} at {}", self.slot, self.at)
    }
}

/// An attribute of another type, or of a value that none of ours has.
fn wrong() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        Just(AttributeValue::Null(true)),
        Just(AttributeValue::Bool(true)),
        Just(AttributeValue::S(" ".into())),
        Just(AttributeValue::L(Vec::new())),
        Just(AttributeValue::M(HashMap::new())),
        "-[0-9]{1,20}|[0-9]{1,5}[.e][0-9]{1,3}|[1-9][0-9]{16,38}".prop_map(AttributeValue::N),
    ]
}

fn item(values: Values) -> Item {
    values.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn read(row: &ShareRow, item: Item) -> Result<ShareRow, &'static str> {
    ShareRow::read(row.slot.kind, &row.slot.client, &row.digest, item)
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_share_row_reads_back_as_it_was_written(row in row()) {
        let found = read(&row, item(row.values())).unwrap();
        prop_assert_eq!((&found.slot, &found.digest, found.at), (&row.slot, &row.digest, row.at));
        prop_assert_eq!((found.key_id, found.sealed), (row.key_id, row.sealed));
    }

    #[test]
    fn a_share_row_with_one_attribute_of_another_form_cannot_be_read(
        row in row(),
        name in prop::sample::select(vec![METHOD, PAIR, AT, SEALED, KEY_ID]),
        value in proptest::option::of(wrong()),
    ) {
        // What an id of a key is, KMS knows.
        prop_assume!(name != KEY_ID || !matches!(value, Some(AttributeValue::S(_))));
        let mut item = item(row.values());
        item.remove(name);
        item.extend(value.map(|value| (name.to_owned(), value)));
        prop_assert!(read(&row, item).is_err());
    }

    #[test]
    fn a_time_row_reads_back_as_it_was_written_and_says_nothing_that_it_does_not_bear(
        row in row(),
        name in prop::sample::select(vec![SORT_KEY, METHOD, PAIR]),
        value in proptest::option::of(wrong()),
    ) {
        let key = row.time_key();
        let whole = item(time_values(&row.slot, &key));
        let found = TimeRow::read(row.slot.kind, &row.slot.client, &whole);
        let slot = Slot { method: row.slot.method.meaning(), ..row.slot.clone() };
        let expected = TimeRow { row_key: key.to_string(), key: Some(key), slot: Some(slot) };
        prop_assert_eq!(&found, &expected);
        let mut damaged = whole;
        damaged.remove(name);
        damaged.extend(value.map(|value| (name.to_owned(), value)));
        let found = TimeRow::read(row.slot.kind, &row.slot.client, &damaged);
        prop_assert_eq!(found.key.is_some(), name != SORT_KEY);
        prop_assert_eq!(found.slot.is_some(), name == SORT_KEY);
    }
}
