//! What this project says of AWS and no test here can settle: claims that a trial on a real account tries.

use std::collections::BTreeMap;

use anyhow::Result;
use local::terminal::{BAD, GOOD, say, say_in};

/// A claim, and whether the stand-in can hold it too.
pub struct Claim {
    pub name: &'static str,
    pub says: &'static str,
    stand_in: Holds,
}

/// What a claim comes to on the stand-in.
#[derive(PartialEq)]
enum Holds {
    Yes,
    /// Not there: see the README.
    No,
}

/// All claims, in the order in which they are tried.
pub const CLAIMS: [Claim; 14] = [
    claim(
        "change-sets",
        "change sets of both stages are made: the core takes `!If` in a DeletionPolicy",
        Holds::Yes,
    ),
    claim(
        "fresh-roles",
        "keys and tables take policies that name fresh roles, in three first deployments",
        Holds::Yes,
    ),
    claim(
        "story",
        "backups, recoveries and interrupted ones bring the wallet back; strangers are refused",
        Holds::Yes,
    ),
    claim("roles", "a role that stores can't open, and one that opens can't store", Holds::Yes),
    claim("table-policies", "an administrator can't put, change or remove a row", Holds::Yes),
    claim("policy-change-waits", "a second change of a table's policy within 15 s is refused", Holds::No),
    claim("cors-on-401", "the API's own 401 has the headers of CORS", Holds::No),
    claim("scopes-asked", "a token without the scope gets 403", Holds::Yes),
    claim("cors-and-scopes-gone", "emptied values take CORS and scopes away", Holds::Yes),
    claim(
        "issuer",
        "a deployment with an issuer that can't be reached fails, and changes nothing",
        Holds::No,
    ),
    claim("login-switched", "an authorizer of one's own takes the place of tokens, and back", Holds::Yes),
    claim("rate", "beyond ClientRate the API answers 429", Holds::No),
    claim("trail", "CreateTrail makes a trail that logs", Holds::No),
    claim("decrypt-seen", "EventBridge sees a Decrypt, with the client's id", Holds::No),
];

const fn claim(name: &'static str, says: &'static str, stand_in: Holds) -> Claim {
    Claim { name, says, stand_in }
}

/// What was found about each claim that was tried: nothing against it, or why it doesn't hold.
#[derive(Default)]
pub struct Verdicts(BTreeMap<&'static str, Result<()>>);

impl Verdicts {
    /// Notes what was found, and says it.
    pub fn note(&mut self, name: &'static str, found: Result<()>) {
        assert!(CLAIMS.iter().any(|claim| claim.name == name), "{name} is no claim");
        match &found {
            Ok(()) => say_in(GOOD, format_args!("held: {name}")),
            Err(why) => say_in(BAD, format_args!("NOT HELD: {name}: {why:#}")),
        }
        self.0.insert(name, found);
    }

    /// The table of what held, to copy.
    pub fn print(&self) {
        say("\n| claim | | held |\n|---|---|---|");
        for Claim { name, says, .. } in CLAIMS {
            let found = match self.0.get(name) {
                Some(Ok(())) => "yes".to_owned(),
                Some(Err(why)) => format!("NO: {}", format!("{why:#}").lines().next().unwrap_or_default()),
                None => "not tried".to_owned(),
            };
            say(format_args!("| {name} | {says} | {found} |"));
        }
    }

    /// Whether all held.
    pub fn all_held(&self) -> bool {
        CLAIMS.iter().all(|claim| matches!(self.0.get(claim.name), Some(Ok(()))))
    }

    /// On the stand-in, those that it can hold are held, and no others: else this list or the stand-in is another.
    pub fn are_as_expected_of_the_stand_in(&self) {
        for claim in CLAIMS {
            let found = self.0.get(claim.name).expect(claim.name);
            assert_eq!(found.is_ok(), claim.stand_in == Holds::Yes, "{}: {found:?}", claim.name);
        }
    }
}
