//! What happens between the functions and AWS in a run: calm and storms in turn, chosen from a seed.

use std::time::Duration;

use fastrand::Rng;
use faults::{Exception, Fate, Fault, Seen};

/// How a service fails and throttles.
#[derive(Clone, Copy)]
pub struct Errors {
    pub fails: Exception,
    pub throttles: [Exception; 2],
}

pub const DYNAMODB: Errors = Errors {
    fails: Exception::DYNAMODB_FAILS,
    throttles: [Exception::TABLE_THROTTLES, Exception::THROTTLES],
};

pub const KMS: Errors =
    Errors { fails: Exception::KMS_FAILS, throttles: [Exception::KMS_LIMITS, Exception::THROTTLES] };

/// Seconds by which an answer's `Date` is off; one bears none.
const DATES: [Option<i64>; 6] = [Some(-YEAR), Some(-30), Some(-5), Some(5), Some(YEAR), None];
const YEAR: i64 = 365 * 86_400;

/// Calls in a row that share their weather.
const SPELL: usize = 64;

/// The fate of each call.
pub fn weather(seed: u64, errors: Errors) -> impl Fn(usize, &Seen) -> Fate + Send + Sync {
    move |number, _| {
        let mut rng = Rng::with_seed(seed.rotate_left(32).wrapping_add(number as u64));
        let stormy = number / SPELL % 4 == 3;
        let struck = rng.u8(..100) < if stormy { 60 } else { 5 };
        if struck { fault(&mut rng, errors) } else { Fate::Pass }
    }
}

fn fault(rng: &mut Rng, errors: Errors) -> Fate {
    let moment = Duration::from_millis(rng.u64(..30));
    match rng.u8(..100) {
        0..8 => Fate::Before(Fault::Refuse(errors.fails)),
        8..20 => Fate::Before(Fault::Refuse(errors.throttles[usize::from(rng.bool())])),
        20..28 => Fate::Before(Fault::Reset),
        28..40 => Fate::During(Fault::Reset),
        40..52 => Fate::After(Fault::Reset),
        52..60 => Fate::After(Fault::Close),
        60..72 => Fate::After(Fault::Refuse(errors.fails)),
        72..78 => Fate::Truncate,
        78..80 => Fate::Halve,
        80..85 => Fate::Slow(moment),
        // Clocks that disagree, within the tolerance of a store and far beyond it.
        85..88 => Fate::Dated(*rng.choice(&DATES).unwrap_or(&None)),
        88..98 => Fate::Late(moment),
        // Longer than an attempt waits: it happens after the caller has asked again.
        98 => Fate::Late(Duration::from_secs(2)),
        _ => Fate::After(Fault::Hang),
    }
}
