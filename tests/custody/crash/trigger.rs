//! When a process is killed: between which of the calls that a function makes to AWS.

use std::sync::{Arc, Mutex};

use faults::{Fate, Fault, Seen};
use local::process::Process;

/// Where a call is when a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Nobody but the function knows of it.
    Sent,
    /// The service has it, and may have done it or not.
    UnderWay,
    /// The service has done it, and the function doesn't know.
    Done,
}

/// When a process dies in the course of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// At that call to AWS, 0 for the first.
    Call(usize, Moment),
    /// When the function has answered, and the caller doesn't know.
    Answered,
}

/// Kills at one call; fires once.
#[derive(Clone, Default)]
pub struct Trigger(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    armed: Option<(usize, Moment, Process)>,
    calls: usize,
}

impl Trigger {
    /// From now on calls are counted from 0; at that one the process is killed.
    pub fn arm(&self, call: usize, moment: Moment, victim: Process) {
        *self.0.lock().unwrap() = State { armed: Some((call, moment, victim)), calls: 0 };
    }

    /// Whether it has not fired.
    pub fn disarm(&self) -> bool {
        self.0.lock().unwrap().armed.take().is_some()
    }

    /// What becomes of a call.
    pub fn fate(&self, call: &Seen) -> Fate {
        let mut state = self.0.lock().unwrap();
        // What a function sends before its first request is not signed.
        state.calls += usize::from(call.signed);
        let calls = state.calls;
        let now = state.armed.take_if(|(number, _, _)| call.signed && *number + 1 == calls);
        let Some((_, moment, victim)) = now else { return Fate::Pass };
        let kill = Fault::Run(Box::new(move || victim.end().unwrap()));
        match moment {
            Moment::Sent => Fate::Before(kill),
            Moment::UnderWay => Fate::During(kill),
            Moment::Done => Fate::After(kill),
        }
    }
}
