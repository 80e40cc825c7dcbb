//! Tables that a stack adopts: restored, and retained from a stack that is gone.

use serde_json::json;

use super::{
    super::stage::{Stage, deletion, refuses},
    Day, OPERATING, step,
};

/// The stack that comes after the deleted one.
pub const NEXT: &str = "portal-backups-next";
/// Of the block that lets in the role that stores.
const POLICY: &str = "&&\n  aws dynamodb put-resource-policy --resource-arn \"$table\"";
/// Each half's roles, as the page wants them named.
const LET_IN: [(&str, &str); 2] = [
    ("Client", "READS=GetBackup STORES=StoreBackup"),
    ("Custodian", "READS=WebhookFetch STORES=WebhookBackup"),
];

impl Day<'_> {
    /// The custodian's table is restored, and takes the place of the damaged one.
    pub async fn restores(&self, stage: &mut Stage<'_>) {
        step("a table is restored and adopted");
        let words = "HALF=Custodian MOMENT=$(date -u +%Y-%m-%dT%H:%M:%SZ)";
        self.types(stage, "aws dynamodb restore-table-to-point-in-time", words).await;
        let (damaged, restored) = (&stage.outputs["CustodianSharesTableName"], "restored-Custodian");
        let words = format!("damaged={damaged} restored={restored}");
        self.types(stage, "aws dynamodb update-continuous-backups", &words).await;
        self.checkout.set("production", "CustodianTableName", restored);
        self.deploys("production").await;
        stage.moves_to("portal-backups").await;
        assert_eq!(stage.outputs["CustodianSharesTableName"], restored);
        stage.keeps_everything().await.unwrap();
        stage.backup("bob").await.unwrap();
    }

    /// The stack is deleted; the next one adopts its tables, and opens what the old one's keys have sealed.
    pub async fn deletes_and_adopts(&self, stage: &mut Stage<'_>) {
        step("production is deleted");
        self.deletes(stage).await;
        step("the next stack adopts its tables and keys");
        self.checkout.renames("portal-backups", NEXT);
        for half in ["Client", "Custodian"] {
            let [table, key] =
                ["TableName", "KeyArn"].map(|what| &stage.outputs[&format!("{half}Shares{what}")]);
            self.checkout.set("production", &format!("{half}TableName"), table);
            self.checkout.set("production", &format!("{half}OlderKeyArns"), key);
        }
        let older = stage.outputs.clone();
        self.deploys("production").await;
        stage.moves_to(NEXT).await;
        self.can_do_nothing_yet(stage).await;
        for (half, roles) in LET_IN {
            let key = format!("OLDER_KEY={}", older[&format!("{half}SharesKeyArn")]);
            let filled = [("OLDER_KEY=…", &*key), ("READS=GetBackup STORES=StoreBackup", roles)];
            let words = format!("STACK={NEXT} HALF={half}");
            self.operator.types_with(OPERATING, "OLDER_KEY=…", &words, &filled).await;
            let words = format!("{words} {roles}");
            self.operator.types(OPERATING, POLICY, &words).await;
        }
        stage.keeps_everything().await.unwrap();
        stage.backup("alice").await.unwrap();
    }

    /// A protected stack can't be deleted; without that, it goes, and leaves its tables and keys.
    async fn deletes(&self, stage: &Stage<'_>) {
        self.types(stage, "aws cloudformation update-termination-protection", "").await;
        let delete = deletion(&stage.name);
        self.checkout.is_refused(&delete).await;
        let unprotect = "aws cloudformation update-termination-protection --no-enable-termination-protection";
        self.checkout.types(&format!("{unprotect} --stack-name {}", stage.name)).await;
        self.checkout.types(&delete).await;
    }

    /// The old policies still name the old stack's roles.
    async fn can_do_nothing_yet(&self, stage: &Stage<'_>) {
        let fetch = stage.portal("backup/fetch", &json!({"clientId": "alice"})).await.unwrap();
        assert!(refuses(&fetch, 503, "unavailable"), "{}", fetch.status);
        let store =
            stage.portal("backup", &json!({"clientId": "alice", "share": r#"{"x":"1"}"#})).await.unwrap();
        assert!(refuses(&store, 503, "unavailable"), "{}", store.status);
    }
}
