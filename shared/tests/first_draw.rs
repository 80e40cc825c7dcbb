//! In a process of its own: what is drawn here is the process's first random number.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::time::Duration;

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};
use rustix::time::{ClockId, clock_gettime};

/// How long the work keeps the processor busy; what else the machine does is not in it.
fn processor(work: impl FnOnce()) -> Duration {
    let time = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let start = time();
    work();
    time().saturating_sub(start)
}

/// With jitter it takes five to ten times as long as the digest, without it a hundredth (docs/decisions/0018).
#[test]
fn the_first_random_number_waits_for_no_jitter() {
    let first = processor(|| rand::fill(&mut [0]).unwrap());
    let text = vec![0; 4 * 1024 * 1024];
    let hashed = processor(|| assert_eq!(digest(&SHA256, &text).as_ref().len(), 32));
    assert!(first < hashed, "the first random number took {first:?}, SHA-256 of 4 MB {hashed:?}");
}
