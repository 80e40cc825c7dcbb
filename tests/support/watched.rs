//! A system whose every call to AWS is seen, and can be broken.

use std::sync::{Arc, Mutex};

use faults::{Fate, Proxy, Seen};

use crate::support::system::System;

/// A system behind a proxy for each service.
pub struct Watched {
    pub system: System,
    proxies: [Proxy; 2],
    fate: Arc<Mutex<fn() -> Fate>>,
}

impl Watched {
    /// Starts it; every call goes through.
    pub async fn start() -> Self {
        let mut system = System::start().await;
        let fate = Arc::new(Mutex::new((|| Fate::Pass) as fn() -> Fate));
        let decide = || {
            let fate = Arc::clone(&fate);
            move |_, _: &Seen| fate.lock().unwrap()()
        };
        let proxies = system.intercept_both(decide(), decide()).await;
        Self { system, proxies, fate }
    }

    /// From now on this becomes of each call.
    pub fn break_by(&self, fate: fn() -> Fate) {
        *self.fate.lock().unwrap() = fate;
    }

    /// How many calls AWS has had so far.
    pub fn calls(&self) -> usize {
        self.proxies.iter().map(|proxy| proxy.seen().len()).sum()
    }
}
