//! Mistakes in a template, which the rehearsal has to find. None of them fails a deployment.

use super::checkout::Checkout;

/// A mistake, what is written instead of what in the template, and what the rehearsal then stumbles over.
pub struct Mistake {
    pub name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    pub found: &'static str,
}

impl Mistake {
    /// Makes it in a checkout.
    pub fn plant(&self, checkout: &Checkout) {
        for (from, to) in self.edits {
            checkout.edit("template.yaml", from, to);
        }
    }
}

/// All of them.
pub const MISTAKES: [Mistake; 6] = [
    Mistake {
        name: "two binaries are swapped",
        edits: &[
            ("Binary: store-backup", "Binary: kept"),
            ("Binary: webhook-backup", "Binary: store-backup"),
            ("Binary: kept", "Binary: webhook-backup"),
        ],
        found: "Portal's store is refused: answered 502",
    },
    Mistake {
        name: "a half has the other half's key",
        edits: &[("!GetAtt CustodianSharesKey.Arn", "!GetAtt ClientSharesKey.Arn")],
        found: "Portal's store is refused: answered 503",
    },
    Mistake {
        name: "a route asks for no login",
        edits: &[(
            "AuthorizationType: !If [ChecksTokens, JWT, CUSTOM]\n      AuthorizerId: !If [ChecksTokens, !Ref TokenAuthorizer, !Ref OwnAuthorizer]\n",
            "AuthorizationType: NONE\n",
        )],
        found: "the app's store is refused: answered 401",
    },
    Mistake {
        name: "the tables are crossed",
        edits: &[(
            "SHARES_TABLE: !If [OwnsCustodianTable, !Ref CustodianSharesTable,",
            "SHARES_TABLE: !If [OwnsClientTable, !Ref ClientSharesTable,",
        )],
        found: "Portal's store is refused: answered 503",
    },
    Mistake {
        name: "a function has no digest",
        edits: &[("          WEBHOOK_SECRET_SHA256: !Ref WebhookSecretDigests\n", "")],
        found: "Portal's store is refused: answered 502",
    },
    Mistake {
        name: "a role that stores may open",
        edits: &[("Action: kms:GenerateDataKey\n", "Action: [kms:GenerateDataKey, kms:Decrypt]\n")],
        found: "under the role of store-backup, get-backup is answered 200",
    },
];

/// What a mistake replaces is in the template, or would be after the mistake's earlier edits.
#[test]
fn every_mistake_can_be_made_in_the_template() {
    let template = std::fs::read_to_string(crate::support::project::root().join("template.yaml")).unwrap();
    for Mistake { name, edits, .. } in MISTAKES {
        let planted = edits.iter().fold(template.clone(), |text, (from, to)| {
            assert!(text.contains(from), "{name}: template.yaml has no {from:?}");
            text.replace(from, to)
        });
        assert_ne!(planted, template, "{name}");
    }
}
