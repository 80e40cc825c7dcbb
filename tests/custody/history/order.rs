//! Whether one order of sealing explains all that was answered.

use std::collections::{BTreeMap, BTreeSet};

/// Things that each happened at one moment between two ticks, and which of them came before which.
#[derive(Default)]
pub struct Order {
    between: Vec<(u64, u64)>,
    /// Pairs of the earlier and the later.
    before: BTreeSet<(usize, usize)>,
}

impl Order {
    /// Things by the ticks that each happened between, numbered as they come.
    pub fn new(between: Vec<(u64, u64)>) -> Self {
        Self { between, before: BTreeSet::new() }
    }

    /// One came before the other.
    pub fn add(&mut self, earlier: usize, later: usize) {
        self.before.insert((earlier, later));
    }

    /// Two things of which one came before the other by what was added, and after it by the ticks or by what else was
    /// added; `None` if there is an order in which all is true.
    pub fn contradiction(&self) -> Option<(usize, usize)> {
        let mut waits_for: BTreeMap<usize, usize> = BTreeMap::new();
        let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (earlier, later) in &self.before {
            *waits_for.entry(*later).or_default() += 1;
            followers.entry(*earlier).or_default().push(*later);
        }
        // The latest start that each inherits, and from which.
        let mut after: Vec<(u64, usize)> =
            self.between.iter().enumerate().map(|(index, (start, _))| (*start, index)).collect();
        let mut ready: Vec<usize> = (0..after.len()).filter(|index| !waits_for.contains_key(index)).collect();
        while let Some(earlier) = ready.pop() {
            let (start, origin) = after[earlier];
            if start >= self.between[earlier].1 && origin != earlier {
                return Some((origin, earlier));
            }
            for later in followers.remove(&earlier).unwrap_or_default() {
                after[later] = after[later].max((start, origin));
                let left = waits_for.entry(later).or_default();
                *left -= 1;
                if *left == 0 {
                    waits_for.remove(&later);
                    ready.push(later);
                }
            }
        }
        // Only what waits for itself is left.
        let in_circle =
            |pair: &&(usize, usize)| waits_for.contains_key(&pair.0) && waits_for.contains_key(&pair.1);
        self.before.iter().find(in_circle).copied()
    }
}
