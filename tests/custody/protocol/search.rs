//! A breadth-first search: the first broken promise that it meets is one of the fewest steps.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{
    state::{Bounds, Rule, State},
    steps::{Bug, next},
};

/// What a search has come to.
pub struct Found {
    pub states: usize,
    /// The promise that was broken, and what had happened by then.
    pub violation: Option<(Rule, Vec<String>)>,
}

/// A state by its hash: of a hundred million states no two are expected to share one.
type Id = u64;

fn id(state: &State) -> Id {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Visits every state within the bounds, nearest first.
pub fn search(bounds: Bounds, bug: Option<Bug>) -> Found {
    let start = State::start(bounds);
    // By which state each was reached, and which of its steps that was.
    let mut seen: HashMap<Id, Option<(Id, u8)>> = HashMap::from([(id(&start), None)]);
    let mut left: VecDeque<State> = VecDeque::from([start.clone()]);
    while let Some(state) = left.pop_front() {
        let here = id(&state);
        for (number, (what, after)) in (0..).zip(next(&state, bounds.last_tick, bug)) {
            match after {
                Err(rule) => {
                    let mut steps = path(&start, &seen, here, bounds.last_tick, bug);
                    steps.push(what);
                    return Found { states: seen.len(), violation: Some((rule, steps)) };
                }
                Ok(after) => {
                    let there = id(&after);
                    seen.entry(there).or_insert_with(|| {
                        left.push_back(after);
                        Some((here, number))
                    });
                }
            }
        }
    }
    Found { states: seen.len(), violation: None }
}

/// What happened on the way to a state.
fn path(
    start: &State,
    seen: &HashMap<Id, Option<(Id, u8)>>,
    end: Id,
    last_tick: i8,
    bug: Option<Bug>,
) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut here = end;
    while let Some((before, number)) = seen[&here] {
        numbers.push(number);
        here = before;
    }
    let (mut state, mut steps) = (start.clone(), Vec::new());
    for number in numbers.into_iter().rev() {
        let (what, after) = next(&state, last_tick, bug).swap_remove(number.into());
        steps.push(what);
        state = after.unwrap_or(state);
    }
    steps
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((rule, steps)) = &self.violation else {
            return write!(f, "nothing in {} states", self.states);
        };
        write!(f, "{rule:?} is broken:\n{}", steps.join("\n"))
    }
}
