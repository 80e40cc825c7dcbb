//! Who may do what with the tables and keys: every question is put to a simulator of IAM, over the policies of the
//! expanded template, and the answers are the expected ones and no more. docs/access.md shows them.

mod actions;
mod cases;
mod crosscheck;
mod expected;
mod page;
mod simulator;
mod world;

use std::collections::BTreeSet;

use cases::{Case, Mode, What};
use expected::{GRANTS, expects};
use simulator::allows;
use world::World;

use crate::documents::made::assert_made;

/// Whether IAM knows an action of that name for a table or a key.
pub fn knows(action: &str) -> bool {
    [actions::TABLE, actions::KEY].concat().iter().any(|known| known.ends_with(&format!(":{action}")))
}

#[tokio::test]
async fn what_is_allowed_is_what_is_expected_and_no_more() {
    let mut allowed = BTreeSet::new();
    for mode in Mode::all() {
        let world = World::of(mode).await;
        let answers = Case::all().filter(|case| case.mode == mode).filter(|case| {
            let (caller, request, policy) = world.ask(case);
            allows(caller, &request, policy)
        });
        allowed.extend(answers);
    }
    let expected: BTreeSet<Case> = Case::all().filter(expects).collect();
    let beyond: Vec<_> = allowed.difference(&expected).collect();
    let missing: Vec<_> = expected.difference(&allowed).collect();
    assert!(beyond.is_empty(), "allowed beyond what is expected: {beyond:#?}");
    assert!(missing.is_empty(), "expected, but denied: {missing:#?}");
}

/// A grant or an action that no case is about would be a claim that no answer stands behind.
#[test]
fn every_expected_grant_covers_cases_and_names_actions_that_are_asked_about() {
    for grant in GRANTS {
        let row = format!("{:?} {:?}", grant.who, grant.actions());
        assert!(Case::all().any(|case| grant.covers(&case)), "{row}: covers no case");
        let known = match grant.what {
            What::Table => actions::TABLE,
            What::Stream => actions::STREAM,
            What::Key => actions::KEY,
        };
        assert!(grant.actions().iter().all(|action| known.contains(action)), "{row}: unknown actions");
    }
}

/// One that a request leaves out would never hold, whatever AWS would find.
#[tokio::test]
async fn the_policies_ask_for_no_condition_that_the_requests_leave_out() {
    let sent = BTreeSet::from([
        "aws:PrincipalArn",
        "dynamodb:LeadingKeys",
        "kms:EncryptionContext:app",
        "kms:EncryptionContext:kind",
        "lambda:SourceFunctionArn",
    ]);
    for mode in Mode::all() {
        for policy in World::of(mode).await.policies() {
            let statements = policy["Statement"].as_array().unwrap().iter();
            let conditions = statements.filter_map(|statement| statement["Condition"].as_object());
            let keys = conditions.flat_map(|by_operator| by_operator.values());
            let asked: BTreeSet<&str> =
                keys.flat_map(|keys| keys.as_object().unwrap().keys()).map(String::as_str).collect();
            assert!(asked.is_subset(&sent), "{asked:?}");
        }
    }
}

#[test]
fn docs_access_md_shows_what_is_expected() {
    assert_made("docs/access.md", &page::tables());
}
