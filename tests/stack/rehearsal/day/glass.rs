//! What no daily work needs: policies are changed, rows are read and opened one by one.

use std::fs;

use serde_json::Value;

use super::{super::stage::Stage, Day, OPERATING, step};

/// Of the page's `KIND`.
const HALF: &str = "HALF=Custodian KIND=custodian";

/// Lets the administrator open until the policy is put back.
const BREAK: &str = r#"
key=$(output CustodianSharesKeyArn)
aws kms get-key-policy --key-id "$key" --policy-name default --query Policy --output text > kept.json
me=$(aws sts get-caller-identity --query Arn --output text)
python3 - "$me" <<'END'
import json, sys
policy = json.load(open("kept.json"))
policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": sys.argv[1]}, "Action": "kms:Decrypt", "Resource": "*"})
json.dump(policy, open("broken.json", "w"))
END
aws kms put-key-policy --key-id "$key" --policy-name default --policy file://broken.json
"#;
const MEND: &str = r#"
aws kms put-key-policy --key-id "$(output CustodianSharesKeyArn)" --policy-name default --policy file://kept.json
"#;

impl Day<'_> {
    /// An operator lists a client's rows, and opens one when the key's policy lets them.
    pub async fn opens_one_by_one(&self, stage: &Stage<'_>) {
        step("a share is opened without a function");
        let held = stage.ledger.held("alice");
        self.operator.types(OPERATING, "cat > custodian.env", &format!("STACK={}", stage.name)).await;
        let shown = self.checkout.types(". ./custodian.env && cargo custodian show alice --json").await;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let listed = shown["halves"][1]["shares"].as_array().unwrap();
        assert_eq!(listed.len(), held.custodian.len(), "{shown}");
        self.reads_a_row(stage, listed[0]["id"].as_str().unwrap()).await;
        // An administrator is no operator: nobody but that role stops anything.
        let freeze = ". ./custodian.env && cargo custodian freeze alice --why 'a try' --yes";
        let refused = self.checkout.is_refused(freeze).await;
        assert!(refused.contains("take the operators' role"), "{refused}");
        let words = format!("STACK={} CLIENT=alice {HALF}", stage.name);
        let refused = self.operator.is_refused(OPERATING, "aws kms decrypt", &words).await;
        assert!(refused.contains("AccessDenied"), "{refused}");
        self.operator.improvises(&words, BREAK).await;
        self.operator.types(OPERATING, "aws kms decrypt", &words).await;
        let opened = fs::read_to_string(self.checkout.path("share")).unwrap();
        assert!(held.custodian.contains(&opened), "what was opened is no share of Alice's");
        self.operator.improvises(&words, MEND).await;
        stage.keeps_everything().await.unwrap();
    }

    async fn reads_a_row(&self, stage: &Stage<'_>, digest: &str) -> String {
        let words = format!("STACK={} {HALF}", stage.name);
        let filled = [("CLIENT=…", "CLIENT=alice"), ("DIGEST=…", &*format!("DIGEST={digest}"))];
        self.operator.types_with(OPERATING, "aws dynamodb get-item", &words, &filled).await
    }

    /// Nobody removes a row but while the table has no policy.
    pub async fn breaks_the_glass(&self, stage: &Stage<'_>) {
        step("the glass is broken, and mended");
        let removal = format!(
            "aws dynamodb delete-item --table-name {} --key '{{\"pk\":{{\"S\":\"nobody\"}},\"sk\":{{\"S\":\"share#\"}}}}'",
            stage.outputs["CustodianSharesTableName"]
        );
        let refused = self.checkout.is_refused(&removal).await;
        assert!(refused.contains("AccessDenied"), "{refused}");
        let words = format!("STACK={} {HALF}", stage.name);
        let filled = [("#   … what you must do, and nothing else …", &*removal)];
        self.operator.types_with(OPERATING, "aws dynamodb delete-resource-policy", &words, &filled).await;
        let refused = self.checkout.is_refused(&removal).await;
        assert!(refused.contains("AccessDenied"), "{refused}");
        stage.keeps_everything().await.unwrap();
    }
}
