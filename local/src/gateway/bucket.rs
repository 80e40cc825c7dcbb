//! How many requests a route takes: API Gateway's token bucket (API Gateway Developer Guide, "Throttle requests to your HTTP
//! APIs").

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::template::Rate;

/// Full at the start; each request takes one of what is in it.
pub(super) struct Bucket {
    rate: Rate,
    left: Mutex<(f64, Instant)>,
}

impl Bucket {
    pub fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, left: Mutex::new((rate.burst, now)) }
    }

    /// Whether a request that comes now is taken.
    pub fn takes(&self, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, since) = *left;
        let come = now.duration_since(since).as_secs_f64() * self.rate.per_second;
        let full = (before + come).min(self.rate.burst);
        let takes = full >= 1.0;
        *left = (if takes { full - 1.0 } else { full }, now);
        takes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_taken_at_once_and_then_so_many_a_second() {
        let start = Instant::now();
        let bucket = Bucket::new(Rate { per_second: 2.0, burst: 3.0 }, start);
        let taken = |after: u64| {
            let now = start + Duration::from_millis(after);
            (0..9).filter(|_| bucket.takes(now)).count()
        };
        assert_eq!([0, 499, 500, 999, 1000, 60_000].map(taken), [3, 0, 1, 0, 1, 3]);
    }
}
