//! The rows of stops. They lie under a partition key of their own, which no client has, so that the right to insert them
//! is no right to insert among shares.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::row::{Item, METHOD, PARTITION_KEY, SORT_KEY, Values, milliseconds, text};
use crate::{
    ids::{ClientId, Method},
    slot::RowDigest,
    stop::{Held, Lifted, Made, Span, Stop, StopId, partition},
};

const FREEZE: &str = "freeze";
const WITHDRAW: &str = "withdraw";
const LIFTED: &str = "lifted";

const SHARE: &str = "share";
const FIRST: &str = "first";
const LAST: &str = "last";
const MADE_BY: &str = "made_by";
const MADE_AT: &str = "made_at";
const REASON: &str = "reason";

/// A stop's row.
pub fn values(client: &ClientId, stop: &Stop) -> Values {
    let mut values = common(client, row_key(stop), stop.made.as_ref());
    let text = |text: &str| AttributeValue::S(text.into());
    let time = |time: u64| AttributeValue::N(time.to_string());
    match &stop.held {
        Held::Everything => {}
        Held::Share(digest) => values.push((SHARE, text(digest.as_str()))),
        Held::Span(Span { from, to, method }) => {
            values.extend([(FIRST, time(*from)), (LAST, time(*to))]);
            values.extend(method.iter().map(|method| (METHOD, text(method.meaning().as_str()))));
        }
    }
    values
}

/// The row that lifts a stop.
pub fn lifting(client: &ClientId, stop: &Stop, made: &Made) -> Values {
    common(client, format!("{}#{LIFTED}", row_key(stop)), Some(made))
}

fn row_key(stop: &Stop) -> String {
    let what = if stop.held == Held::Everything { FREEZE } else { WITHDRAW };
    format!("{what}#{}", stop.id)
}

fn common(client: &ClientId, row_key: String, made: Option<&Made>) -> Values {
    let mut values =
        vec![(PARTITION_KEY, AttributeValue::S(partition(client))), (SORT_KEY, AttributeValue::S(row_key))];
    if let Some(Made { by, at, why }) = made {
        values.extend([
            (MADE_BY, AttributeValue::S(by.clone())),
            (MADE_AT, AttributeValue::N(at.to_string())),
            (REASON, AttributeValue::S(why.clone())),
        ]);
    }
    values
}

/// A client's stops from all rows of their partition.
///
/// What can't be read may be a stop: it is refused and not passed over. Of a freeze and of what lifts a stop the key
/// says all.
///
/// # Errors
/// What can't be read.
pub fn read(items: &[Item]) -> Result<Vec<Stop>, &'static str> {
    let mut lifted: HashMap<&str, Option<Made>> = HashMap::new();
    let mut held = Vec::new();
    for item in items {
        let key = text(item, SORT_KEY).ok_or("its key can't be read")?;
        match key.split('#').collect::<Vec<_>>()[..] {
            [FREEZE | WITHDRAW, _, LIFTED] => {
                lifted.insert(&key[..key.len() - 1 - LIFTED.len()], made(item));
            }
            [FREEZE, id] => held.push((key, id, item, Held::Everything)),
            [WITHDRAW, id] => held.push((key, id, item, withdrawn(item).ok_or(UNREAD)?)),
            _ => return Err("its key is of no form that this build knows"),
        }
    }
    let stop = |(key, id, item, held)| {
        let id = StopId::parse(id).ok_or("its id can't be read")?;
        let lifted = lifted.get(key).map_or(Lifted::No, |made| Lifted::By(made.clone()));
        Ok(Stop { id, held, made: made(item), lifted })
    };
    held.into_iter().map(stop).collect()
}

const UNREAD: &str = "what it withdraws can't be read";

fn withdrawn(item: &Item) -> Option<Held> {
    if let Some(digest) = item.get(SHARE) {
        return Some(Held::Share(RowDigest::parse(digest.as_s().ok()?)?));
    }
    let [from, to] = [FIRST, LAST].map(|name| item.get(name).and_then(milliseconds));
    let method = item.get(METHOD).map(|method| Method::parse(method.as_s().ok()?).ok());
    // A method that can't be read is not the same as none.
    let method = method.map_or(Some(None), |method| method.map(Some))?;
    Some(Held::Span(Span { from: from?, to: to?, method }))
}

fn made(item: &Item) -> Option<Made> {
    let at = item.get(MADE_AT).and_then(milliseconds)?;
    Some(Made { by: text(item, MADE_BY)?.into(), at, why: text(item, REASON)?.into() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

    use super::*;

    fn stop(held: Held) -> Stop {
        let made = Made { by: "arn:aws:iam::1:role/operator".into(), at: 7, why: "a call".into() };
        Stop { id: StopId::random().unwrap(), held, made: Some(made), lifted: Lifted::No }
    }

    fn item(values: Values) -> Item {
        values.into_iter().map(|(name, value)| (name.into(), value)).collect()
    }

    fn all() -> [Stop; 4] {
        let span = |method: Option<&str>| {
            let method = method.map(|method| Method::parse(method).unwrap());
            Held::Span(Span { from: 5, to: 9, method })
        };
        let share = Held::Share(RowDigest::parse(&"a".repeat(64)).unwrap());
        [stop(Held::Everything), stop(share), stop(span(None)), stop(span(Some("GDRIVE")))]
    }

    #[test]
    fn e19_a_stop_reads_back_as_it_was_written_and_a_row_that_names_it_lifts_it() {
        let client = ClientId::parse("client-1").unwrap();
        for stop in all() {
            let row = item(values(&client, &stop));
            assert_eq!(read(std::slice::from_ref(&row)).unwrap(), std::slice::from_ref(&stop));
            let by = stop.made.clone().unwrap();
            let lifted = item(lifting(&client, &stop, &by));
            let read = read(&[lifted, row]).unwrap();
            assert_eq!(read, [Stop { lifted: Lifted::By(Some(by)), ..stop }]);
        }
    }

    #[test]
    fn a_stop_lifts_no_other() {
        let client = ClientId::parse("client-1").unwrap();
        let [one, other, ..] = all();
        let other = Stop { held: Held::Everything, ..other };
        let lifted = item(lifting(&client, &other, &other.made.clone().unwrap()));
        assert!(read(&[item(values(&client, &one)), lifted]).unwrap()[0].holds());
    }

    #[test]
    fn a_freeze_holds_whatever_else_its_row_lacks_and_a_withdrawal_that_cant_be_read_is_refused() {
        let client = ClientId::parse("client-1").unwrap();
        for stop in all() {
            let whole = item(values(&client, &stop));
            for name in [SHARE, FIRST, LAST, METHOD, MADE_BY, MADE_AT, REASON] {
                let mut row = whole.clone();
                let Some(value) = row.get_mut(name) else { continue };
                *value = AttributeValue::Bool(true);
                let is_of_the_stop = [SHARE, FIRST, LAST, METHOD].contains(&name);
                assert_eq!(read(&[row]).is_err(), is_of_the_stop, "{name}");
            }
        }
    }

    #[test]
    fn a_row_of_another_form_may_be_a_stop_and_is_refused() {
        let id = "0".repeat(32);
        for key in ["", "freeze", "hold#1", "freeze#1", &format!("freeze#{id}#until#1"), "share#0"] {
            let row = Item::from([(SORT_KEY.into(), AttributeValue::S((*key).into()))]);
            assert!(read(&[row]).is_err(), "{key}");
        }
        assert!(read(&[Item::new()]).is_err());
    }
}
