//! One fetch: which of a client's shares are opened and given.

use std::collections::VecDeque;

use futures_util::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use tokio::select;

use crate::{
    chosen::{Chosen, Place, Room},
    ends::{Ends, Side},
    error::{Error, Result},
    ids::ClientId,
    log,
    share::Share,
    table::{ShareRow, TimeRow},
    vault::Vault,
};

/// How many rows are read ahead of what is opened, and how many shares are opened, at a time.
const AT_ONCE: usize = 32;

/// A fetch under way.
pub struct Fetch<'a> {
    vault: &'a Vault,
    client: &'a ClientId,
    chosen: Chosen,
    /// Why one that will never open does not, if there is one.
    refused: Option<Error>,
    /// By [`Side`].
    pending: [Pending; 3],
    /// Shares that are being opened, of any side, and their lengths.
    opens: FuturesUnordered<BoxFuture<'a, Result<Opened>>>,
    opening: Vec<usize>,
}

/// What was read from one end and has not found room yet.
#[derive(Default)]
struct Pending {
    rows: VecDeque<(Place, ShareRow)>,
    /// Opened, and larger than it might have been.
    spare: Option<(Place, Share)>,
}

impl<'a> Fetch<'a> {
    pub fn new(vault: &'a Vault, client: &'a ClientId) -> Self {
        let (chosen, pending, opening) = Default::default();
        Self { vault, client, chosen, refused: None, pending, opens: FuturesUnordered::new(), opening }
    }

    /// Half of the room belongs to the newest. The other half, and what the newest leave, belongs to the oldest; what
    /// they leave, to the newest again.
    pub async fn run(mut self, all: Room) -> Result<Vec<Share>> {
        let mut ends = Ends::of_what_is_given(&self.vault.table, self.client).await?;
        let half = Room { shares: all.shares / 2, bytes: all.bytes / 2, ..all };
        self.start(&mut ends, Side::Newest, half).await?;
        let shares = self.places() + half.shares;
        self.start(&mut ends, Side::Oldest, Room { shares, ..all }).await?;
        self.fill(&mut ends, Side::Newest, all).await?;
        self.fill(&mut ends, Side::Ahead, all).await?;
        if ends.has_more() || self.pending.iter().any(|pending| !pending.is_empty()) {
            log::left_out();
        }
        match self.refused {
            Some(refused) if self.chosen.is_empty() => Err(refused),
            _ => Ok(self.chosen.finish()),
        }
    }

    /// Opens shares from a side until the room is full or there are no more.
    async fn fill(&mut self, ends: &mut Ends<'_>, side: Side, room: Room) -> Result<()> {
        self.start(ends, side, room).await?;
        while let Some(opened) = self.opens.next().await {
            self.give(side, opened?, room);
            self.start(ends, side, room).await?;
        }
        Ok(())
    }

    /// The same, but for those that are still being opened and fit whatever is in them: the next side need not wait for
    /// them. Rows are read while shares are opened.
    async fn start(&mut self, ends: &mut Ends<'_>, side: Side, room: Room) -> Result<()> {
        self.place_spare(side, room).await?;
        let mut reads = FuturesUnordered::new();
        loop {
            self.open(side, room);
            if reads.is_empty() {
                let count = self.readable(side, room);
                let times = ends.take(side, count).await?;
                if !times.is_empty() {
                    reads.push(read(self.vault, self.client, times));
                } else if count > 0 && self.take_over(side) {
                    continue;
                } else if self.is_settled(side, room) {
                    return Ok(());
                }
            }
            select! {
                Some(read) = reads.next() => self.keep(side, read?),
                Some(opened) = self.opens.next() => self.give(side, opened?, room),
                else => return Ok(()),
            }
        }
    }

    /// How many places are taken, if all that is being opened opens.
    const fn places(&self) -> usize {
        self.chosen.taken() + self.opening.len()
    }

    fn open(&mut self, side: Side, room: Room) {
        let count = self.openable(side, room);
        for (place, row) in self.pending[side as usize].rows.drain(..count) {
            self.opening.push(row.share_len());
            self.opens.push(Box::pin(open(self.vault, place, row)));
        }
    }

    /// How many more rows to read: none while there are others, or shares are being opened that may not fit, so that no
    /// more are read in vain than if nothing was opened meanwhile.
    fn readable(&self, side: Side, room: Room) -> usize {
        if self.is_settled(side, room) { AT_ONCE.min(room.shares.saturating_sub(self.places())) } else { 0 }
    }

    /// Whether nothing of a side waits, and what is being opened fits.
    fn is_settled(&self, side: Side, room: Room) -> bool {
        self.pending[side as usize].is_empty() && self.fitting(side, room).0 == self.opening.len()
    }

    /// How many of the rows to open, beside those that are being opened: such that fit whatever is in them. One that may
    /// fit or not is opened by itself.
    fn openable(&self, side: Side, room: Room) -> usize {
        match self.fitting(side, room) {
            _ if self.pending[side as usize].spare.is_some() => 0,
            (0, true) if self.opening.is_empty() => 1,
            (count, _) => count.min(AT_ONCE).saturating_sub(self.opening.len()),
        }
    }

    /// [`Chosen::fitting`] of what is being opened and then of the rows.
    fn fitting(&self, side: Side, room: Room) -> (usize, bool) {
        let rows = self.pending[side as usize].rows.iter();
        let lengths = self.opening.iter().copied().chain(rows.map(|(_, row)| row.share_len()));
        self.chosen.fitting(lengths, room)
    }

    /// Gives what was opened and did not fit, if it fits now, beside all that is being opened.
    async fn place_spare(&mut self, side: Side, room: Room) -> Result<()> {
        while self.pending[side as usize].spare.is_some()
            && let Some(opened) = self.opens.next().await
        {
            self.give(side, opened?, room);
        }
        let spare = &mut self.pending[side as usize].spare;
        *spare = spare.take().and_then(|(place, share)| self.chosen.add(place, share, room));
        Ok(())
    }

    /// Where the ends have met, what the other side has read and found no room for is this side's. Whether there is any.
    fn take_over(&mut self, side: Side) -> bool {
        let other = match side {
            Side::Newest => Side::Oldest,
            Side::Oldest => Side::Newest,
            Side::Ahead => return false,
        };
        if !self.pending[side as usize].rows.is_empty() {
            return false;
        }
        let rows: VecDeque<_> = self.pending[other as usize].rows.drain(..).rev().collect();
        self.pending[side as usize].rows = rows;
        !self.pending[side as usize].rows.is_empty()
    }

    fn keep(&mut self, side: Side, read: Vec<(String, Result<ShareRow>)>) {
        for (key, row) in read {
            match row {
                Ok(row) => self.pending[side as usize].rows.push_back(((side != Side::Ahead, key), row)),
                Err(refused) => self.refused = Some(refused),
            }
        }
    }

    fn give(&mut self, side: Side, opened: Opened, room: Room) {
        let Opened { place, length, share } = opened;
        if let Some(index) = self.opening.iter().position(|opening| *opening == length) {
            self.opening.swap_remove(index);
        }
        match share {
            // Only one that was opened by itself may turn out not to fit.
            Ok(share) => {
                let left = self.chosen.add(place, share, room);
                let Pending { spare: kept, .. } = &mut self.pending[side as usize];
                *kept = left.or(kept.take());
            }
            Err(refused) => self.refused = Some(refused),
        }
    }
}

/// What opening a row came to.
struct Opened {
    place: Place,
    length: usize,
    share: Result<Share>,
}

async fn read(
    vault: &Vault,
    client: &ClientId,
    times: Vec<TimeRow>,
) -> Result<Vec<(String, Result<ShareRow>)>> {
    let rows = vault.read_all(client, &times).await?;
    Ok(times.into_iter().map(|time| time.row_key).zip(rows).collect())
}

async fn open(vault: &Vault, place: Place, row: ShareRow) -> Result<Opened> {
    let share = of_the_row(vault.open(&row).await)?;
    Ok(Opened { place, length: row.share_len(), share })
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.spare.is_none()
    }
}

/// What is wrong with one row keeps nobody from the others; what is wrong with AWS does.
fn of_the_row<T>(result: Result<T>) -> Result<Result<T>> {
    match result {
        Err(error) if !error.is_of_the_row() => Err(error),
        of_the_row => Ok(of_the_row),
    }
}
