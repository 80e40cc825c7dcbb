//! The shares that a fetch has chosen so far, and the room that is left for more.

use std::ops::RangeInclusive;

use crate::share::Share;

/// Where a share stands in an answer, the greatest first: whether it is not dated after now, then its time row's key.
pub type Place = (bool, String);

/// What one answer has room for.
#[derive(Clone, Copy)]
pub struct Room {
    /// Most shares.
    pub shares: usize,
    /// Most bytes.
    pub bytes: usize,
    /// Bytes that a share takes.
    pub size: fn(&Share) -> usize,
    /// Bytes that a share of this length takes, at least and at most, whatever is in it.
    pub sizes: fn(usize) -> RangeInclusive<usize>,
}

/// The shares so far.
#[derive(Default)]
pub struct Chosen {
    shares: Vec<(Place, Share)>,
    /// How many were added. Each takes a place, also one that is there already: nobody has a thousand opened by storing
    /// one under a thousand methods.
    added: usize,
    bytes: usize,
}

impl Chosen {
    /// How many places are taken.
    pub const fn taken(&self) -> usize {
        self.added
    }

    pub const fn is_empty(&self) -> bool {
        self.shares.is_empty()
    }

    /// How many of shares of these lengths fit into the room, whatever is in them; and whether one may
    /// fit.
    pub fn fitting(&self, lengths: impl Iterator<Item = usize>, room: Room) -> (usize, bool) {
        let (mut count, mut bytes, mut one_may) = (0, self.bytes, false);
        for length in lengths.take(room.shares.saturating_sub(self.added)) {
            let sizes = (room.sizes)(length);
            one_may |= self.bytes + sizes.start() <= room.bytes;
            bytes += sizes.end();
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
        let bytes = self.bytes + (room.size)(&share);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const MAX_SHARES: usize = 128;
    const ALL: Room = Room { shares: MAX_SHARES, bytes: 5000, size, sizes };

    fn size(share: &Share) -> usize {
        share.expose().bytes().map(|byte| if byte < b' ' { 7 } else { 1 }).sum::<usize>() + 5
    }

    fn sizes(length: usize) -> RangeInclusive<usize> {
        length + 5..=7 * length + 5
    }

    fn share(text: &str) -> Share {
        Share::opened(Secret::new(text.into()))
    }

    fn place(number: usize) -> Place {
        (true, format!("{number:03}"))
    }

    fn texts(chosen: Chosen) -> Vec<String> {
        chosen.finish().iter().map(|share| share.expose().clone()).collect()
    }

    #[test]
    fn it_is_full_to_the_byte_and_a_share_that_is_there_takes_a_place_and_no_bytes() {
        let mut chosen = Chosen::default();
        let room = Room { bytes: 100, ..ALL };
        assert!(chosen.add(place(1), share("a"), room).is_none());
        assert!(chosen.add(place(2), share(&"b".repeat(100 - 6 - 5)), room).is_none());
        assert!(chosen.add(place(3), share("a"), room).is_none());
        assert!(chosen.add(place(4), share("c"), room).is_some_and(|(_, back)| back.expose() == "c"));
        assert_eq!(chosen.taken(), 3);
        assert_eq!(texts(chosen), ["a".to_owned(), "b".repeat(89)]);
    }

    #[test]
    fn no_more_shares_are_taken_than_there_is_room_for() {
        let mut chosen = Chosen::default();
        for number in 0..MAX_SHARES {
            assert!(chosen.add(place(number), share(&number.to_string()), ALL).is_none());
        }
        assert!(chosen.add(place(999), share("more"), ALL).is_some());
        assert_eq!(chosen.fitting([1].into_iter(), ALL), (0, false));
        assert_eq!(texts(chosen)[0], "127");
    }

    #[test]
    fn what_is_dated_after_now_stands_last() {
        let mut chosen = Chosen::default();
        chosen.add((false, "z".into()), share("ahead"), ALL);
        chosen.add(place(1), share("oldest"), ALL);
        chosen.add(place(2), share("newest"), ALL);
        assert_eq!(texts(chosen), ["newest", "oldest", "ahead"]);
    }

    #[test]
    fn only_so_many_are_said_to_fit_as_fit_whatever_is_in_them() {
        let mut chosen = Chosen::default();
        let room = Room { bytes: 2 * (7 * 10 + 5), ..ALL };
        assert_eq!(chosen.fitting([10, 10, 10].into_iter(), room), (2, true));
        assert_eq!(chosen.fitting([11, 10].into_iter(), room), (1, true));
        assert_eq!(chosen.fitting([21].into_iter(), room), (0, true));
        assert_eq!(chosen.fitting([146].into_iter(), room), (0, false));
        for text in ["\0".repeat(10), "\u{1}".repeat(10)] {
            assert!(chosen.add(place(0), share(&text), room).is_none());
        }
    }
}
