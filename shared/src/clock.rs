//! The time that a share bears: the host's, held to AWS's before anything is written with it.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::error::{Error, Result};

/// How far a share's time may be from the `Date` of its data key, in milliseconds.
const TOLERANCE: u64 = 10_000;

/// How far above a reader's now a time row may stand and still be chosen before those below, in milliseconds: far more
/// than a share's time may be from AWS's, so that only what no function of ours has written stands there.
pub const HORIZON: u64 = 5 * 60 * 1000;

/// The time to seal a share with, in milliseconds since 1970. Two shares that one process seals never bear the same
/// time, so that the later one is the newer one. The very value that is given is held to `date`: a clock that was right
/// a moment ago may have jumped since.
///
/// # Errors
/// [`Error::Clock`] when it is further from `date` than [`TOLERANCE`].
pub fn sealing_time(date: u64) -> Result<u64> {
    // Only times that were good: a clock that was ahead once must not hold back all that come after.
    static LAST: AtomicU64 = AtomicU64::new(0);
    after(&LAST, now()?, date)
}

/// Whether a share that was sealed at this time was sealed after `date`, by more than two clocks may differ.
pub const fn is_ahead(at: u64, date: u64) -> bool {
    at > date.saturating_add(TOLERANCE)
}

fn after(last: &AtomicU64, clock: u64, date: u64) -> Result<u64> {
    let next = |last: u64| clock.max(last + 1);
    let good = |last| Some(next(last)).filter(|at| at.abs_diff(date) <= TOLERANCE);
    match last.fetch_update(Relaxed, Relaxed, good) {
        Ok(before) => Ok(next(before)),
        Err(before) => Err(Error::Clock { host: next(before), aws: date }),
    }
}

fn now() -> Result<u64> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let clock = since_1970.and_then(|since| u64::try_from(since.as_millis()).ok());
    clock.ok_or(Error::Internal("the host's clock is before 1970"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: u64 = 1_795_339_800_000;

    #[test]
    fn a_time_within_the_tolerance_is_taken_as_it_is_and_no_other_is_taken() {
        for (clock, good) in [
            (DATE - TOLERANCE - 1, false),
            (DATE - TOLERANCE, true),
            (DATE, true),
            (DATE + TOLERANCE, true),
            (DATE + TOLERANCE + 1, false),
        ] {
            let time = after(&AtomicU64::new(0), clock, DATE);
            assert_eq!(time.ok(), good.then_some(clock));
        }
    }

    #[test]
    fn a_time_is_ahead_once_it_is_beyond_the_tolerance() {
        for (at, ahead) in [(DATE - 1, false), (DATE + TOLERANCE, false), (DATE + TOLERANCE + 1, true)] {
            assert_eq!(is_ahead(at, DATE), ahead);
        }
    }

    #[test]
    fn a_clock_that_stands_or_steps_back_gives_later_times_all_the_same() {
        let last = AtomicU64::new(0);
        let times = [DATE, DATE, DATE - 5, DATE + 1].map(|clock| after(&last, clock, DATE).unwrap());
        assert_eq!(times, [DATE, DATE + 1, DATE + 2, DATE + 3]);
    }

    #[test]
    fn a_clock_that_was_ahead_once_holds_nothing_back() {
        let last = AtomicU64::new(0);
        assert!(after(&last, DATE + 365 * 86_400_000, DATE).is_err());
        assert_eq!(after(&last, DATE, DATE).unwrap(), DATE);
    }

    #[test]
    fn a_later_time_than_the_clocks_is_held_to_the_date_too() {
        let last = AtomicU64::new(DATE + TOLERANCE);
        assert!(after(&last, DATE, DATE).is_err());
        assert_eq!(after(&last, DATE + 1000, DATE + 1000).unwrap(), DATE + TOLERANCE + 1);
    }
}
