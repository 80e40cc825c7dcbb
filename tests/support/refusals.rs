//! A KMS that refuses calls when it is told to.

use std::sync::{Arc, Mutex};

use faults::{Exception, Fate, Fault, Proxy, Seen};

use crate::support::system::System;

/// Refusals to come.
#[derive(Clone, Default)]
pub struct Refusals(Arc<Mutex<Vec<Refusal>>>);

struct Refusal {
    operation: &'static str,
    code: &'static str,
    left: usize,
}

impl Refusals {
    /// The next `times` calls of an operation are refused with this code; KMS doesn't hear of them.
    pub fn expect(&self, operation: &'static str, code: &'static str, times: usize) {
        self.0.lock().unwrap().push(Refusal { operation, code, left: times });
    }

    fn fate(&self, call: &Seen) -> Fate {
        let mut refusals = self.0.lock().unwrap();
        let mut next = refusals.iter_mut().filter(|refusal| refusal.operation == call.operation);
        let Some(refusal) = next.find(|refusal| refusal.left > 0) else { return Fate::Pass };
        refusal.left -= 1;
        let status = if refusal.code == Exception::KMS_FAILS.code { 500 } else { 400 };
        Fate::Before(Fault::Refuse(Exception { status, code: refusal.code }))
    }
}

/// A system in front of such a KMS, which lasts as long as the proxies.
pub async fn refusing() -> (System, Refusals, [Proxy; 2]) {
    let mut system = System::start().await;
    let refusals = Refusals::default();
    let asked = refusals.clone();
    let proxies = system.intercept_both(|_, _| Fate::Pass, move |_, call| asked.fate(call)).await;
    (system, refusals, proxies)
}
