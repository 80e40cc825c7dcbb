//! A shorter history that breaks the same rule.

use std::collections::BTreeSet;

use super::{
    operation::{Action, Half, Operation, Outcome},
    rules::{Violation, violations},
};

/// Leaves out what can be left out. Nothing that is left out could have made a good history a bad one: other clients,
/// whole shares as if they had never been, reads, and stores of what nobody read.
pub fn shrink(history: &[Operation], broken: &Violation) -> Vec<Operation> {
    let mut left = history.to_vec();
    let others: BTreeSet<(&str, Half)> =
        history.iter().map(|operation| (&*operation.client, operation.half)).collect();
    for other in others {
        let mut without = left.clone();
        without.retain(|operation| (&*operation.client, operation.half) != other);
        keep_if_broken(&mut left, without, broken);
    }
    let shares: BTreeSet<String> =
        left.iter().flat_map(Operation::stores).map(|kept| kept.share.clone()).collect();
    for share in shares {
        let without = without_share(&left, &share);
        keep_if_broken(&mut left, without, broken);
    }
    // Twice: what a freeze explains goes first, then the freeze.
    for _ in 0..2 {
        for index in (0..left.len()).rev() {
            if may_be_left_out(&left, index) {
                let mut without = left.clone();
                without.remove(index);
                keep_if_broken(&mut left, without, broken);
            }
        }
    }
    left.sort_by_key(|operation| operation.start);
    left
}

fn breaks(history: &[Operation], broken: &Violation) -> bool {
    violations(history).iter().any(|other| other.rule == broken.rule && other.client == broken.client)
}

fn keep_if_broken(left: &mut Vec<Operation>, candidate: Vec<Operation>, broken: &Violation) {
    if breaks(&candidate, broken) {
        *left = candidate;
    }
}

/// The history as it looks to somebody who doesn't know of that share. Full answers stay as they are: the share took
/// another's place in them.
fn without_share(history: &[Operation], share: &str) -> Vec<Operation> {
    let full = |operation: &Operation| operation.shares().len() >= 128;
    if history.iter().any(full) {
        return history.to_vec();
    }
    let keep = |operation: &Operation| {
        let mut operation = operation.clone();
        if let Action::Store(kept) = &mut operation.action {
            kept.retain(|kept| kept.share != share);
            return (!kept.is_empty()).then_some(operation);
        }
        let Outcome::Shares(shares) = &mut operation.outcome else { return Some(operation) };
        shares.retain(|given| given != share);
        if shares.is_empty() {
            operation.outcome = Outcome::Missing;
        }
        // A get would have found another in its place, nobody knows which.
        (operation.action == Action::Fetch || operation.outcome != Outcome::Missing).then_some(operation)
    };
    history.iter().filter_map(keep).collect()
}

fn may_be_left_out(history: &[Operation], index: usize) -> bool {
    let of_client = history.iter().filter(|operation| operation.client == history[index].client);
    match history[index].action {
        // Without it, 423 would have no reason.
        Action::Freeze => return !of_client.clone().any(|operation| operation.outcome == Outcome::Frozen),
        // Without it, a freeze would hold that it may have lifted.
        Action::Thaw => {
            let Operation { start, end, .. } = history[index];
            let none = |may: &dyn Fn(&Operation) -> bool| !of_client.clone().any(may);
            return none(&|other| other.action == Action::Freeze && other.start < end)
                || none(&|other| other.reads() && other.end > start);
        }
        _ => {}
    }
    let read = |share: &String| history.iter().any(|operation| operation.shares().contains(share));
    !history[index].stores().iter().any(|kept| read(&kept.share))
}
