//! The protocol of a store, apart from all code that carries it out: every state that a few processes, shares and faults can
//! reach is visited, and what readers see on the way has to keep the rules of the histories.

mod search;
mod state;
mod steps;

use std::io::{Write, stderr};

use self::{
    search::search,
    state::{Bounds, Rule},
    steps::Bug,
};

/// Clocks jump, and nobody touches the table.
const JUMPS: Bounds = Bounds { processes: 2, requests: 2, last_tick: 3, jumps: 1, damages: 0 };

/// Somebody who may write to the table does so once.
const DAMAGES: Bounds = Bounds { processes: 2, requests: 2, last_tick: 2, jumps: 0, damages: 1 };

#[test]
fn no_state_that_a_store_can_reach_breaks_a_rule() {
    for bounds in [JUMPS, DAMAGES] {
        let found = search(bounds, None);
        assert!(found.violation.is_none(), "{found}");
        // A search that ends early has searched nothing.
        assert!(found.states > 50_000, "{} states", found.states);
    }
}

#[test]
fn each_planted_bug_of_the_protocol_is_found_by_the_rule_that_it_breaks() {
    for (bug, broken) in [
        (Bug::TimeRowFirst, Rule::NoRowWithoutItsShare),
        (Bug::TheAttemptsTime, Rule::NoRowWithoutItsShare),
        (Bug::AcknowledgedAfterTheShare, Rule::NothingIsLost),
        (Bug::NoLook, Rule::NothingIsLost),
        (Bug::ClockCheckedByAnEarlierAnswer, Rule::NewestFirst),
    ] {
        let found = search(JUMPS, Some(bug));
        let (rule, _) = found.violation.as_ref().unwrap_or_else(|| panic!("{bug:?} was not found"));
        assert_eq!(*rule, broken, "{bug:?} is found as\n{found}");
    }
}

#[test]
fn a_row_that_is_taken_unseen_is_also_found_where_it_does_not_open() {
    let found = search(DAMAGES, Some(Bug::NoLook));
    assert!(found.violation.is_some(), "{found}");
}

#[test]
#[ignore = "minutes: cargo test --workspace --test system --profile soak long_protocol -- --ignored --nocapture"]
fn long_protocol_of_more_requests_jumps_and_damages_breaks_no_rule() {
    for bounds in [
        Bounds { processes: 2, requests: 3, last_tick: 3, jumps: 1, damages: 1 },
        Bounds { processes: 3, requests: 3, last_tick: 3, jumps: 1, damages: 0 },
    ] {
        let found = search(bounds, None);
        writeln!(stderr(), "{bounds:?}: {} states", found.states).unwrap();
        assert!(found.violation.is_none(), "{found}");
    }
}
