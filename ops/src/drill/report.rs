//! What a drill says while it runs, and at its end.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use serde_json::json;
use story::{Exchange, PORTALS_PATIENCE, Told};

use super::{meaning::Meaning, verdict::Verdict};
use crate::{
    exit::Exit,
    terminal::{BAD, BOLD, DIM, GOOD, WARN, complain, say},
};

/// What was said so far: as text, or as JSON.
pub struct Report {
    json: bool,
    start: Instant,
    requests: Cell<usize>,
    slowest: RefCell<(Duration, String)>,
}

impl Report {
    /// One that has said nothing.
    pub fn new(json: bool) -> Self {
        Self { json, start: Instant::now(), requests: Cell::new(0), slowest: RefCell::default() }
    }

    /// Says what a story tells.
    pub fn tell(&self, told: &Told<'_>) {
        match told {
            Told::Act(title) => self.act(title),
            Told::Exchange(exchange) => self.exchange(exchange),
            Told::Aside(text) => self.aside(text),
        }
    }

    /// Says what comes now.
    pub fn act(&self, title: &str) {
        if self.json {
            return say(json!({ "act": title }));
        }
        say(format_args!("\n{BOLD}{title}{BOLD:#}"));
    }

    /// Says what no request shows.
    pub fn aside(&self, text: &str) {
        if self.json {
            return say(json!({ "note": text }));
        }
        say(format_args!("   {text}"));
    }

    fn exchange(&self, exchange: &Exchange<'_>) {
        let Exchange { who, request, what, took } = exchange;
        self.requests.set(self.requests.get() + 1);
        if *took > self.slowest.borrow().0 {
            self.slowest.replace((*took, (*request).to_owned()));
        }
        if self.json {
            let (ms, slow) = (millis(*took), is_slow(*took));
            return say(json!({"who": who, "request": request, "what": what, "ms": ms, "slow": slow}));
        }
        let mark =
            if is_slow(*took) { format!("{WARN}  SLOW: Portal waits 10 s{WARN:#}") } else { String::new() };
        say(format_args!("   {:>5.2} s  {who:<6}  {request}{mark}", took.as_secs_f64()));
        say(format_args!("{DIM}            {what}{DIM:#}"));
    }

    /// Says the verdict.
    pub fn end(&self, verdict: &Verdict) {
        let meaning = verdict.meaning();
        if self.json { self.end_as_json(verdict, &meaning) } else { self.end_as_text(verdict, &meaning) }
    }

    fn end_as_json(&self, verdict: &Verdict, meaning: &Meaning) {
        let (slowest, request) = &*self.slowest.borrow();
        say(json!({
            "verdict": verdict.name(),
            "exit": verdict.exit() as u8,
            "says": meaning.says,
            "means": meaning.means,
            "look": meaning.look,
            "requests": self.requests.get(),
            "ms": millis(self.start.elapsed()),
            "slowest": {"request": request, "ms": millis(*slowest)},
        }));
    }

    fn end_as_text(&self, verdict: &Verdict, Meaning { says, means, look }: &Meaning) {
        say("");
        match verdict.exit() {
            Exit::Good if matches!(verdict, Verdict::Rung { .. }) => {
                say(format_args!("{GOOD}Rung.{GOOD:#} {says}"));
            }
            Exit::Good => say(format_args!("{GOOD}Drilled whole.{GOOD:#} {says}")),
            Exit::Half => say(format_args!("{WARN}Half drilled.{WARN:#} {says}")),
            Exit::Found => complain(BAD, "FAILED:", says),
            Exit::NotDone | Exit::Usage => complain(BAD, "Not drilled:", says),
        }
        for (word, text) in [("It means:", means), ("Look at: ", look)] {
            if let Some(text) = text {
                say(format_args!("{BOLD}{word}{BOLD:#} {text}"));
            }
        }
        let (slowest, request) = &*self.slowest.borrow();
        say(format_args!(
            "{DIM}{} requests in {:.1} s; the slowest, {request}, took {:.2} s{DIM:#}",
            self.requests.get(),
            self.start.elapsed().as_secs_f64(),
            slowest.as_secs_f64()
        ));
    }
}

/// Over half of what Portal waits.
fn is_slow(took: Duration) -> bool {
    took > PORTALS_PATIENCE / 2
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_over_half_of_portals_time_is_slow() {
        assert!(!is_slow(Duration::from_secs(5)) && is_slow(Duration::from_millis(5_001)));
    }
}
