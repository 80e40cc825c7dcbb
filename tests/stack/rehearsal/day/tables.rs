//! Tables that a stack adopts: restored, and retained from a stack that is gone.

use std::time::Instant;

use serde_json::json;

use super::{
    super::stage::{Stage, deletion, refuses},
    Day, OPERATING, step,
};

/// The stack that comes after the deleted one.
pub const NEXT: &str = "portal-backups-next";
/// Each half's roles, as the page wants them named.
const CLIENT: &str = "KIND=client READS=GetBackup STORES=StoreBackup";
const CUSTODIAN: &str = "KIND=custodian READS=WebhookFetch STORES=WebhookBackup";

impl Day<'_> {
    /// The custodian's table is restored, and takes the place of the damaged one.
    pub async fn restores(&self, stage: &mut Stage<'_>) {
        step("a table is restored and adopted");
        let start = Instant::now();
        let words = "HALF=Custodian MOMENT=$(date -u +%Y-%m-%dT%H:%M:%SZ)";
        self.types(stage, "aws dynamodb restore-table-to-point-in-time", words).await;
        let restored = "restored-Custodian";
        self.checkout.set("production", "CustodianTableName", restored);
        self.deploys("production").await;
        stage.moves_to("portal-backups").await;
        assert_eq!(stage.outputs["CustodianSharesTableName"], restored);
        self.lets_in("portal-backups", CUSTODIAN).await;
        stage.keeps_everything().await.unwrap();
        step(&format!("every share is given back, {} s after the restore began", start.elapsed().as_secs()));
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
        self.deploys("production").await;
        stage.moves_to(NEXT).await;
        self.can_do_nothing_yet(stage).await;
        for roles in [CLIENT, CUSTODIAN] {
            self.lets_in(NEXT, roles).await;
        }
        stage.keeps_everything().await.unwrap();
        stage.backup("alice").await.unwrap();
    }

    /// The table and the older keys of a half take the stack's roles.
    async fn lets_in(&self, stack: &str, roles: &str) {
        let words = format!("STACK={stack}");
        self.operator.types(OPERATING, "cat > custodian.env", &words).await;
        // Nobody is there to be asked.
        let filled = [(CLIENT, roles), ("adopt --half", "adopt --yes --half")];
        self.operator.types_with(OPERATING, "cargo custodian adopt", &words, &filled).await;
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
