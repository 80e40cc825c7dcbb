//! What one answer of a fetch has room for (docs/contract.md, "Webhook").

use crate::share::{MAX_SHARE_BYTES, Share};

/// Most shares that one fetch answers with.
pub const MAX_SHARES: usize = 128;

/// Most bytes that the shares take in one answer. Lambda allows 6 MiB; there is room left for the first share once more,
/// under its legacy name, whatever is in it.
pub const MAX_ANSWER_BYTES: usize = 5_000_000;

const LAMBDA_BYTES: usize = 6 * 1024 * 1024;
const _: () = assert!(MAX_ANSWER_BYTES + ESCAPED * MAX_SHARE_BYTES + SURROUNDINGS < LAMBDA_BYTES);

/// Most bytes that a byte of a share takes in an answer.
const ESCAPED: usize = 7;

/// What a share takes besides its own bytes.
const SURROUNDINGS: usize = br#"\"\","#.len();

/// Where a share stands in an answer, the greatest first: whether it is not dated after now, then its time row's key.
pub type Place = (bool, String);

/// Room for shares and bytes.
#[derive(Clone, Copy)]
pub struct Room {
    pub shares: usize,
    pub bytes: usize,
}

/// The shares so far.
#[derive(Default)]
pub struct Answer {
    shares: Vec<(Place, Share)>,
    /// How many were added. Each takes a place, also one that is there already: nobody has a thousand opened by storing
    /// one under a thousand methods.
    added: usize,
    bytes: usize,
}

impl Answer {
    /// How many places are taken.
    pub const fn taken(&self) -> usize {
        self.added
    }

    pub const fn is_empty(&self) -> bool {
        self.shares.is_empty()
    }

    /// How many of shares of these lengths fit into the room, whatever is in them; and whether one fits if it has nothing
    /// that JSON escapes.
    pub fn fitting(&self, lengths: impl Iterator<Item = usize>, room: Room) -> (usize, bool) {
        let (mut count, mut bytes, mut one_may) = (0, self.bytes, false);
        for length in lengths.take(room.shares.saturating_sub(self.added)) {
            one_may |= self.bytes + length + SURROUNDINGS <= room.bytes;
            bytes += ESCAPED * length + SURROUNDINGS;
            if bytes > room.bytes {
                break;
            }
            count += 1;
        }
        (count, one_may)
    }

    /// Adds a share; gives it back if it does not fit. One that is there takes no bytes: it stands where it is newest.
    pub fn add(&mut self, place: Place, share: Share, room: Room) -> Option<(Place, Share)> {
        if self.added == room.shares {
            return Some((place, share));
        }
        if let Some((kept, _)) = self.shares.iter_mut().find(|(_, kept)| kept.expose() == share.expose()) {
            *kept = place.max(kept.clone());
            self.added += 1;
            return None;
        }
        let bytes = self.bytes + answer_len(share.expose());
        if bytes > room.bytes {
            return Some((place, share));
        }
        (self.bytes, self.added) = (bytes, self.added + 1);
        self.shares.push((place, share));
        None
    }

    /// All shares, newest first.
    pub fn finish(mut self) -> Vec<Share> {
        self.shares.sort_by(|(one, _), (other, _)| other.cmp(one));
        self.shares.into_iter().map(|(_, share)| share).collect()
    }
}

/// Bytes that a string takes in a Lambda answer, where it is escaped twice: as JSON in the body, and the body as
/// JSON in the answer.
fn answer_len(text: &str) -> usize {
    let escaped = text.bytes().map(|byte| match byte {
        b'"' | b'\\' => 4,
        0x08 | 0x09 | 0x0a | 0x0c | 0x0d => 3,
        0x00..0x20 => ESCAPED,
        _ => 1,
    });
    escaped.sum::<usize>() + SURROUNDINGS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const ALL: Room = Room { shares: MAX_SHARES, bytes: MAX_ANSWER_BYTES };

    fn share(text: &str) -> Share {
        Share::opened(Secret::new(text.into()))
    }

    fn place(number: usize) -> Place {
        (true, format!("{number:03}"))
    }

    fn texts(answer: Answer) -> Vec<String> {
        answer.finish().iter().map(|share| share.expose().clone()).collect()
    }

    #[test]
    fn an_answer_is_full_to_the_byte_and_a_share_that_is_there_takes_a_place_and_no_bytes() {
        let mut answer = Answer::default();
        let room = Room { bytes: 100, ..ALL };
        assert!(answer.add(place(1), share("a"), room).is_none());
        assert!(answer.add(place(2), share(&"b".repeat(100 - 6 - 5)), room).is_none());
        assert!(answer.add(place(3), share("a"), room).is_none());
        assert!(answer.add(place(4), share("c"), room).is_some_and(|(_, back)| back.expose() == "c"));
        assert_eq!(answer.taken(), 3);
        assert_eq!(texts(answer), ["a".to_owned(), "b".repeat(89)]);
    }

    #[test]
    fn no_more_shares_are_taken_than_there_is_room_for() {
        let mut answer = Answer::default();
        for number in 0..MAX_SHARES {
            assert!(answer.add(place(number), share(&number.to_string()), ALL).is_none());
        }
        assert!(answer.add(place(999), share("more"), ALL).is_some());
        assert_eq!(answer.fitting([1].into_iter(), ALL), (0, false));
        assert_eq!(texts(answer)[0], "127");
    }

    #[test]
    fn what_is_dated_after_now_stands_last() {
        let mut answer = Answer::default();
        answer.add((false, "z".into()), share("ahead"), ALL);
        answer.add(place(1), share("oldest"), ALL);
        answer.add(place(2), share("newest"), ALL);
        assert_eq!(texts(answer), ["newest", "oldest", "ahead"]);
    }

    #[test]
    fn only_so_many_are_said_to_fit_as_fit_whatever_is_in_them() {
        let mut answer = Answer::default();
        let room = Room { bytes: 2 * (7 * 10 + 5), ..ALL };
        assert_eq!(answer.fitting([10, 10, 10].into_iter(), room), (2, true));
        assert_eq!(answer.fitting([11, 10].into_iter(), room), (1, true));
        assert_eq!(answer.fitting([21].into_iter(), room), (0, true));
        assert_eq!(answer.fitting([146].into_iter(), room), (0, false));
        for text in ["\0".repeat(10), "\u{1}".repeat(10)] {
            assert!(answer.add(place(0), share(&text), room).is_none());
        }
    }

    #[test]
    fn answer_len_is_what_two_escapes_make() {
        let text: String = (0..=0x7f_u8).map(char::from).chain("é漢😀".chars()).collect();
        let twice = serde_json::to_string(&serde_json::to_string(&text).unwrap()).unwrap();
        assert_eq!(answer_len(&text), twice.len() - r#""""#.len() + ",".len());
    }
}
