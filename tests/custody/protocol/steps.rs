//! What can happen next: each step of a store, and everything that befalls it.

use super::state::{EPOCH, OFFSETS, Row, Rule, State, Step, TOLERANCE};

/// A protocol that breaks a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The time row is put before the share's.
    TimeRowFirst,
    /// The time row bears the time of this attempt, not of the row that is there.
    TheAttemptsTime,
    /// A share is acknowledged once its row is there.
    AcknowledgedAfterTheShare,
    /// A row that is there is taken for the share's, unseen.
    NoLook,
    /// The clock is checked when KMS answers, and read again to seal.
    ClockCheckedByAnEarlierAnswer,
}

/// A state that may follow, and what has happened; or the promise that is broken thereby.
pub type Next = (String, Result<State, Rule>);

/// Everything that can happen next.
pub fn next(state: &State, last_tick: i8, bug: Option<Bug>) -> Vec<Next> {
    let mut all = vec![("somebody reads".into(), state.clone().read())];
    if state.now < EPOCH + last_tick {
        all.push(("time passes".into(), Ok(state.clone().pass())));
    }
    for process in 0..state.processes.len() {
        all.extend(of_process(state, process, bug));
        all.extend(jumps(state, process));
    }
    for share in 0..state.shares.len() {
        all.extend(late_puts(state, share));
        all.extend(damages(state, share));
    }
    all.into_iter().map(|(what, next)| (what, next.map(State::bare))).collect()
}

fn of_process(state: &State, process: usize, bug: Option<Bug>) -> Vec<Next> {
    let mut all = Vec::new();
    let mut step = |what: &str, next: Result<State, Rule>| all.push((format!("{process} {what}"), next));
    match state.processes[process].step {
        Step::Idle => {
            for share in (0..state.shares.len()).filter(|_| state.requests > 0) {
                step(&format!("begins to store {share}: KMS answers"), Ok(begin(state, process, share, bug)));
            }
            return all;
        }
        Step::HasKey { share, date } => step("seals", Ok(seal(state, process, (share, date), bug))),
        Step::PutsShare { share, at, date } => {
            step("hears of the share's row", share_put(state, process, (share, at, date), bug));
        }
        Step::PutsTime { share, at } => {
            step("hears of the time row", time_put(state, process, (share, at), bug));
        }
    }
    step("dies, or gives up", Ok(with_step(state, process, Step::Idle)));
    all
}

fn with_step(state: &State, process: usize, step: Step) -> State {
    let mut next = state.clone();
    next.processes[process].step = step;
    next
}

fn is_off(clock: i8, date: i8) -> bool {
    (clock - date).abs() > TOLERANCE
}

fn begin(state: &State, process: usize, share: usize, bug: Option<Bug>) -> State {
    let mut next = with_step(state, process, Step::HasKey { share, date: state.now });
    next.requests -= 1;
    next.begin(share);
    if bug == Some(Bug::ClockCheckedByAnEarlierAnswer) && is_off(state.clock(process), state.now) {
        return with_step(&next, process, Step::Idle);
    }
    next
}

/// The time that is sealed is the time that is checked.
fn seal(state: &State, process: usize, (share, date): (usize, i8), bug: Option<Bug>) -> State {
    let at = state.clock(process);
    if bug != Some(Bug::ClockCheckedByAnEarlierAnswer) && is_off(at, date) {
        with_step(state, process, Step::Idle)
    } else if bug == Some(Bug::TimeRowFirst) {
        put_time(state, process, (share, at))
    } else {
        put_share(state, process, (share, at, date))
    }
}

fn put_share(state: &State, process: usize, (share, at, date): (usize, i8, i8)) -> State {
    let mut next = with_step(state, process, Step::PutsShare { share, at, date });
    next.shares[share].row_sent.add(at);
    next
}

fn put_time(state: &State, process: usize, (share, at): (usize, i8)) -> State {
    let mut next = with_step(state, process, Step::PutsTime { share, at });
    next.shares[share].time_rows_sent.add(at);
    next
}

/// The share's row is inserted, or was there and is looked at.
fn share_put(
    state: &State,
    process: usize,
    (share, at, date): (usize, i8, i8),
    bug: Option<Bug>,
) -> Result<State, Rule> {
    let mut next = state.clone();
    let row = &mut next.shares[share].row;
    let known = match *row {
        Row::None => {
            *row = Row::Sealed(at);
            Some(at)
        }
        _ if bug == Some(Bug::NoLook) => return acknowledged(next, process, share),
        Row::Sealed(_) if bug == Some(Bug::TheAttemptsTime) => Some(at),
        Row::Sealed(first) => (first <= date + TOLERANCE).then_some(first),
        Row::Damaged => None,
    };
    match (known, bug) {
        (None, _) => Ok(with_step(&next, process, Step::Idle)),
        (Some(_), Some(Bug::TimeRowFirst)) => acknowledged(next, process, share),
        (Some(at), Some(Bug::AcknowledgedAfterTheShare)) => {
            next.acknowledge(share)?;
            Ok(put_time(&next, process, (share, at)))
        }
        (Some(at), _) => Ok(put_time(&next, process, (share, at))),
    }
}

/// The time row is inserted, or was there.
fn time_put(
    state: &State,
    process: usize,
    (share, at): (usize, i8),
    bug: Option<Bug>,
) -> Result<State, Rule> {
    let mut next = state.clone();
    next.shares[share].time_rows.add(at);
    if bug == Some(Bug::TimeRowFirst) {
        return Ok(put_share(&next, process, (share, at, at)));
    }
    acknowledged(next, process, share)
}

fn acknowledged(mut state: State, process: usize, share: usize) -> Result<State, Rule> {
    state.acknowledge(share)?;
    Ok(with_step(&state, process, Step::Idle))
}

fn jumps(state: &State, process: usize) -> Vec<Next> {
    let jump = |offset: &i8| {
        let mut next = State { jumps: state.jumps - 1, ..state.clone() };
        next.processes[process].offset = *offset;
        (format!("the clock of {process} is off by {offset} now"), Ok(next))
    };
    let others = OFFSETS.iter().filter(|offset| **offset != state.processes[process].offset);
    others.filter(|_| state.jumps > 0).map(jump).collect()
}

/// A put that was sent takes effect, whether or not its sender lives or has asked again.
fn late_puts(state: &State, share: usize) -> Vec<Next> {
    let with = |change: &dyn Fn(&mut State)| {
        let mut next = state.clone();
        change(&mut next);
        next
    };
    let rows = state.shares[share].row_sent.iter().filter(|_| state.shares[share].row == Row::None);
    let rows = rows.map(|at| {
        let next = with(&|next| next.shares[share].row = Row::Sealed(at));
        (format!("the row of {share} comes about, of time {at}"), Ok(next))
    });
    let times = state.shares[share].time_rows_sent.iter().map(|at| {
        let next = with(&|next| next.shares[share].time_rows.add(at));
        (format!("the time row of {share} comes about, of time {at}"), Ok(next))
    });
    rows.chain(times).collect()
}

/// What somebody does who may write to the table: breaks a row, inserts a broken one in the share's place, or a time row
/// of a time that is not the share's.
fn damages(state: &State, share: usize) -> Vec<Next> {
    if state.damages == 0 {
        return Vec::new();
    }
    let mut broken = State { damages: state.damages - 1, damaged: true, ..state.clone() };
    let mut misdated = broken.clone();
    broken.shares[share].excused = matches!(broken.shares[share].row, Row::Sealed(_));
    broken.shares[share].row = Row::Damaged;
    misdated.shares[share].time_rows.add(state.now + 2 * TOLERANCE);
    vec![
        (format!("somebody breaks the row of {share}"), Ok(broken)),
        (format!("somebody dates {share} later"), Ok(misdated)),
    ]
}
