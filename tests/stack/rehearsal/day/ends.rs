//! Deployments that fail, and stacks that go.

use super::{
    super::stage::{Stage, deletion},
    Day, OPERATING, step,
    tables::NEXT,
};

const FAILED: &str = "portal-backups-failed";

impl Day<'_> {
    /// A first deployment fails after tables and keys were made: it leaves them, empty, and the next one works.
    pub async fn fails_at_first(&self, secret: &str) {
        step("a first deployment fails");
        self.checkout.renames(NEXT, FAILED);
        for name in ["ClientTableName", "ClientOlderKeyArns", "CustodianTableName", "CustodianOlderKeyArns"] {
            self.checkout.set("production", name, "");
        }
        self.checkout.set("production", "ClientConcurrency", "901");
        let line = "sam build --config-env \"$STAGE\" && ";
        let refused = self.operator.is_refused(OPERATING, line, "STAGE=production").await;
        assert!(refused.contains("ROLLBACK_COMPLETE"), "{refused}");
        let words = format!("STACK={FAILED}");
        let left = self.operator.types(OPERATING, "aws cloudformation describe-stack-events", &words).await;
        for kind in ["AWS::DynamoDB::GlobalTable", "AWS::KMS::Key"] {
            assert!(left.contains(kind), "no {kind} is left behind: {left}");
        }
        self.checkout.set("production", "ClientConcurrency", "");
        self.deploys("production").await;
        Stage::of(self.checkout, self.users, FAILED, secret).await.backup("alice").await.unwrap();
    }

    /// Development takes everything with it.
    pub async fn deletes_development(&self, stage: &Stage<'_>) {
        step("development is deleted");
        self.checkout.types(&deletion(&stage.name)).await;
        let tables = self.checkout.types("aws dynamodb list-tables --output text").await;
        for half in ["Client", "Custodian"] {
            let table = &stage.outputs[&format!("{half}SharesTableName")];
            assert!(!tables.contains(table.as_str()), "{table} is still there");
            let key = &stage.outputs[&format!("{half}SharesKeyArn")];
            let ask =
                format!("aws kms describe-key --key-id {key} --query KeyMetadata.KeyState --output text");
            assert_eq!(self.checkout.types(&ask).await, "PendingDeletion");
        }
    }
}
