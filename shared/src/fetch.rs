//! One fetch: which of a client's shares are opened and given.

use std::collections::VecDeque;

use futures_util::future::try_join_all;

use crate::{
    chosen::{Chosen, Place, Room},
    ends::{Ends, Side},
    error::{Error, Result},
    ids::ClientId,
    log,
    share::Share,
    table::ShareRow,
    vault::Vault,
};

/// How many rows are read, and how many shares opened, at a time.
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
        let (chosen, pending) = Default::default();
        Self { vault, client, chosen, refused: None, pending }
    }

    /// Half of the room belongs to the newest. The other half, and what the newest leave, belongs to the oldest; what
    /// they leave, to the newest again.
    pub async fn run(mut self, all: Room) -> Result<Vec<Share>> {
        let mut ends = Ends::of_what_is_given(&self.vault.table, self.client).await?;
        let half = Room { shares: all.shares / 2, bytes: all.bytes / 2, ..all };
        self.fill(&mut ends, Side::Newest, half).await?;
        let shares = self.chosen.taken() + half.shares;
        self.fill(&mut ends, Side::Oldest, Room { shares, ..all }).await?;
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
        while self.add_spare(side, room) && self.read(ends, side, room).await? {
            let lengths = self.pending[side as usize].rows.iter().map(|(_, row)| row.share_len());
            let count = match self.chosen.fitting(lengths, room) {
                (0, false) => return Ok(()),
                (0, true) => 1,
                (count, _) => count,
            };
            self.open(side, count, room).await?;
        }
        Ok(())
    }

    /// Gives what was opened and did not fit, if it fits now. Whether nothing of that kind is left.
    fn add_spare(&mut self, side: Side, room: Room) -> bool {
        let spare = &mut self.pending[side as usize].spare;
        *spare = spare.take().and_then(|(place, share)| self.chosen.add(place, share, room));
        spare.is_none()
    }

    /// Reads share rows until some are there to be opened. Whether there are.
    async fn read(&mut self, ends: &mut Ends<'_>, side: Side, room: Room) -> Result<bool> {
        while self.pending[side as usize].rows.is_empty() {
            let count = AT_ONCE.min(room.shares.saturating_sub(self.chosen.taken()));
            let times = ends.take(side, count).await?;
            if times.is_empty() {
                return Ok(self.take_over(side));
            }
            let read = times.iter().map(async |time| of_the_row(self.vault.read(self.client, time).await));
            for (time, row) in times.iter().zip(try_join_all(read).await?) {
                match row {
                    Ok(row) => {
                        let place = (side != Side::Ahead, time.row_key.clone());
                        self.pending[side as usize].rows.push_back((place, row));
                    }
                    Err(refused) => self.refused = Some(refused),
                }
            }
        }
        Ok(true)
    }

    /// Where the ends have met, what the other side has read and found no room for is this side's. Whether there is any.
    fn take_over(&mut self, side: Side) -> bool {
        let other = match side {
            Side::Newest => Side::Oldest,
            Side::Oldest => Side::Newest,
            Side::Ahead => return false,
        };
        let rows: VecDeque<_> = self.pending[other as usize].rows.drain(..).rev().collect();
        self.pending[side as usize].rows = rows;
        !self.pending[side as usize].rows.is_empty()
    }

    async fn open(&mut self, side: Side, count: usize, room: Room) -> Result<()> {
        let rows: Vec<_> = self.pending[side as usize].rows.drain(..count).collect();
        let opened = rows.iter().map(async |(_, row)| of_the_row(self.vault.open(row).await));
        let opened = try_join_all(opened).await?;
        for ((place, _), share) in rows.into_iter().zip(opened) {
            match share {
                // Only one that was opened by itself may turn out not to fit.
                Ok(share) => self.pending[side as usize].spare = self.chosen.add(place, share, room),
                Err(refused) => self.refused = Some(refused),
            }
        }
        Ok(())
    }
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
