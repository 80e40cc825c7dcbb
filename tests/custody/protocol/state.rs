//! What the world is at one moment: rows, messages under way, processes and their clocks, and what has been promised.

/// Ticks by which a host's clock may be off and still seal: 10 s in the code.
pub const TOLERANCE: i8 = 1;

/// By how much a clock may be off: right, within the tolerance to either side, or far beyond it.
pub const OFFSETS: [i8; 5] = [0, -1, 1, -3, 3];

/// After so many ticks, what begins is certainly later, whatever clock it is dated by.
pub const LONG: i8 = 2 * TOLERANCE + 1;

/// Added to every time, so that none is below zero.
pub const EPOCH: i8 = 3;

/// How much of the world is searched.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub processes: usize,
    /// Requests, of all processes together.
    pub requests: u8,
    pub last_tick: i8,
    /// How often a clock jumps.
    pub jumps: u8,
    /// How often somebody who may write to the table does so.
    pub damages: u8,
}

/// A promise to whoever stores and reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What was acknowledged, or read once, is in every later read, unless it was damaged.
    NothingIsLost,
    /// A share that never opens is never acknowledged.
    OnlyWhatOpensIsAcknowledged,
    /// A store that began long after another share was known to be there is the newer one, and no two reads disagree.
    NewestFirst,
    /// Where nobody has damaged anything, every time row has its share, of its time.
    NoRowWithoutItsShare,
}

/// A set of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Times(u16);

impl Times {
    pub fn add(&mut self, at: i8) {
        self.0 |= 1 << at;
    }

    pub fn remove_all(&mut self, others: Self) {
        self.0 &= !others.0;
    }

    pub fn iter(self) -> impl Iterator<Item = i8> {
        (0..16).filter(move |at| self.0 & (1 << at) != 0)
    }
}

/// The row of a share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Row {
    #[default]
    None,
    /// It opens, and bears this time.
    Sealed(i8),
    /// It doesn't open.
    Damaged,
}

/// All about one share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Share {
    pub row: Row,
    pub time_rows: Times,
    /// Puts of either row that were sent: each may take effect at any later moment.
    pub row_sent: Times,
    pub time_rows_sent: Times,
    /// Whether a store of it has ever begun.
    pub begun: bool,
    /// For how long it has certainly been there, acknowledged or read, in ticks up to [`LONG`].
    pub there: Option<i8>,
    /// It was there, and somebody has damaged it since.
    pub excused: bool,
}

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Idle,
    /// KMS has answered at `date`.
    HasKey {
        share: usize,
        date: i8,
    },
    /// It has sent the share's row.
    PutsShare {
        share: usize,
        at: i8,
        date: i8,
    },
    /// It has sent the time row.
    PutsTime {
        share: usize,
        at: i8,
    },
}

/// A process, and by how much its host's clock is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub offset: i8,
    pub step: Step,
}

/// The world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub now: i8,
    pub shares: [Share; 2],
    pub processes: Vec<Process>,
    pub requests: u8,
    pub jumps: u8,
    pub damages: u8,
    /// Whether anybody has damaged anything.
    pub damaged: bool,
    /// Which share has to be the older one, by when their stores began.
    pub must_be_older: Option<usize>,
    /// Which share was seen to be the older one.
    pub seen_older: Option<usize>,
}

impl State {
    /// The beginning. Clocks that are off from the start are clocks that jump before anything else happens.
    pub fn start(bounds: Bounds) -> Self {
        Self {
            now: EPOCH,
            shares: [Share::default(); 2],
            processes: vec![Process { offset: 0, step: Step::Idle }; bounds.processes],
            requests: bounds.requests,
            jumps: bounds.jumps,
            damages: bounds.damages,
            damaged: false,
            must_be_older: None,
            seen_older: None,
        }
    }

    /// The same world without what can make no difference any more.
    pub fn bare(mut self) -> Self {
        for share in &mut self.shares {
            if share.row != Row::None {
                share.row_sent = Times::default();
            }
            share.time_rows_sent.remove_all(share.time_rows);
        }
        for process in &mut self.processes {
            let seals = self.requests > 0 || matches!(process.step, Step::HasKey { .. });
            process.offset = if seals { process.offset } else { 0 };
        }
        self
    }

    /// What a host reads off its clock.
    pub fn clock(&self, process: usize) -> i8 {
        self.now + self.processes[process].offset
    }

    /// An answer that gives these shares, oldest first. What it says is held to what was promised.
    pub fn read(mut self) -> Result<Self, Rule> {
        let mut given: Vec<(i8, usize)> = Vec::new();
        for (number, share) in self.shares.iter().enumerate() {
            for at in share.time_rows.iter() {
                if share.row == Row::Sealed(at) {
                    given.push((at, number));
                } else if !self.damaged {
                    return Err(Rule::NoRowWithoutItsShare);
                }
            }
            let is_given = given.iter().any(|(_, given)| *given == number);
            if share.there.is_some() && !share.excused && !is_given {
                return Err(Rule::NothingIsLost);
            }
        }
        given.sort_unstable();
        for (_, number) in &given {
            self.shares[*number].there.get_or_insert(0);
        }
        let [(_, older), _] = given[..] else { return Ok(self) };
        let disagrees = |other: Option<usize>| other.is_some_and(|other| other != older);
        if disagrees(self.seen_older) || disagrees(self.must_be_older) {
            return Err(Rule::NewestFirst);
        }
        self.seen_older = Some(older);
        Ok(self)
    }

    /// A tick passes.
    pub fn pass(mut self) -> Self {
        self.now += 1;
        for there in self.shares.iter_mut().filter_map(|share| share.there.as_mut()) {
            *there = LONG.min(*there + 1);
        }
        self
    }

    /// A store of the share begins.
    pub fn begin(&mut self, share: usize) {
        let other = 1 - share;
        let long_there = self.shares[other].there == Some(LONG);
        if !self.shares[share].begun && long_there {
            self.must_be_older = Some(other);
        }
        self.shares[share].begun = true;
    }

    /// The share is acknowledged.
    pub fn acknowledge(&mut self, share: usize) -> Result<(), Rule> {
        let never_opens = self.shares[share].row == Row::Damaged && !self.shares[share].excused;
        if never_opens {
            return Err(Rule::OnlyWhatOpensIsAcknowledged);
        }
        self.shares[share].there.get_or_insert(0);
        Ok(())
    }
}
