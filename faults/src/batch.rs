//! A batch that is answered by half, as DynamoDB answers one that is too large for it.

use serde_json::{Value, from_slice, json};

use super::{connection::Message, message::resized};

/// The request for the first half of a batch's keys, and the others; `None` for what is no batch of two keys or more.
pub(super) fn halved((head, body): &Message) -> Option<(Message, Value)> {
    let mut asked: Value = from_slice(body).ok()?;
    let mut left = asked.get("RequestItems")?.clone();
    let (first, others) = (asked["RequestItems"].as_object_mut()?, left.as_object_mut()?);
    for (first, others) in first.values_mut().zip(others.values_mut()) {
        let keys = first["Keys"].as_array_mut()?;
        others["Keys"] = json!(keys.split_off(keys.len().div_ceil(2)));
    }
    let is_one = others.values().any(|others| others["Keys"] == json!([]));
    (!is_one).then(|| (resized(head, asked.to_string()), left))
}

/// That answer, which says that the others have to be asked for again.
pub(super) fn unfinished((head, body): &Message, left: Value) -> Message {
    let mut answer: Value = from_slice(body).unwrap_or_default();
    answer["UnprocessedKeys"] = left;
    resized(head, answer.to_string())
}
