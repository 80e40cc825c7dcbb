//! What an adopted table and its keys bear: by `tools/let-in`, and by `custodian adopt`.

use std::{fs, process::Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::{ACCOUNT, Variant};
use crate::support::project::root;

const NEW_ROLE: &str = "arn:aws:iam::111122223333:role/new-GetBackupRole-1A2B";

/// What the policy is after `tools/let-in ROLE`; or what it says when it refuses, if the policy is as it was.
async fn let_in(role: &str, policy: &str) -> Result<Value, String> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("policy.json");
    fs::write(&file, policy).unwrap();
    let mut command = Command::new(root().join("tools/let-in"));
    let output = command.arg(role).arg(&file).stdin(Stdio::null()).output().await.unwrap();
    let after = fs::read_to_string(file).unwrap();
    if output.status.success() {
        return Ok(serde_json::from_str(&after).unwrap());
    }
    assert_eq!(after, policy, "a refusal changes nothing");
    Err(String::from_utf8(output.stderr).unwrap())
}

fn statement<'a>(policy: &'a Value, sid: &str) -> Option<&'a Value> {
    policy["Statement"].as_array().unwrap().iter().find(|statement| statement["Sid"] == sid)
}

/// KMS refuses a policy that names a role which is gone, as an id.
#[tokio::test]
async fn an_older_key_opens_for_the_new_role_and_names_no_old_one() {
    let stack = Variant::Production.expanded().await;
    for key in ["ClientSharesKey", "CustodianSharesKey"] {
        let mut old = stack.properties(key)["KeyPolicy"].clone();
        for statement in old["Statement"].as_array_mut().unwrap() {
            if statement["Sid"] != "Administer" {
                statement["Principal"] = json!({"AWS": "AROAEXAMPLEOFADEADROLE"});
            }
        }
        let new = let_in(NEW_ROLE, &old.to_string()).await.unwrap();
        assert_eq!(statement(&new, "Open").unwrap()["Principal"], json!({"AWS": NEW_ROLE}));
        assert_eq!(
            statement(&new, "Open").unwrap()["Condition"],
            statement(&old, "Open").unwrap()["Condition"]
        );
        assert_eq!(statement(&new, "Administer"), statement(&old, "Administer"));
        assert!(!new.to_string().contains("AROA"), "{new}");
    }
}

/// `custodian adopt` puts this one, so the two have to be the same.
#[tokio::test]
async fn an_adopted_table_gets_the_policy_of_a_stacks_own() {
    let of_adopted = fs::read_to_string(root().join("ops/src/adopt/table_policy.json")).unwrap();
    let stack = Variant::Production.expanded().await;
    for (table, stores) in
        [("ClientSharesTable", "StoreBackupRole"), ("CustodianSharesTable", "WebhookBackupRole")]
    {
        let own = &stack.properties(table)["Replicas"][0]["ResourcePolicy"]["PolicyDocument"];
        let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
        let filled = of_adopted
            .replace("PARTITION", "aws")
            .replace("ACCOUNT", ACCOUNT)
            .replace("STORES", &role(stores))
            .replace("OPERATORS", &role("OperatorRole"));
        assert_eq!(&serde_json::from_str::<Value>(&filled).unwrap(), own, "{table}");
    }
}

/// Each would shut everybody out, or is no policy of ours.
#[tokio::test]
async fn what_is_no_role_and_what_is_no_policy_of_a_stack_is_refused() {
    let policy = Variant::Production.expanded().await.properties("ClientSharesKey")["KeyPolicy"].to_string();
    for (role, policy, why) in [
        ("", policy.as_str(), "is not the ARN of a role"),
        ("new-GetBackupRole-1A2B", &policy, "is not the ARN of a role"),
        ("None", &policy, "is not the ARN of a role"),
        (NEW_ROLE, "", "holds no policy"),
        (NEW_ROLE, "None\n", "holds no policy"),
        (NEW_ROLE, r#"{"Statement":[{"Effect":"Allow"}]}"#, "has no Open"),
    ] {
        let refusal = let_in(role, policy).await.unwrap_err();
        assert!(refusal.contains(why) && refusal.lines().count() == 1, "{role:?} {policy:?}: {refusal}");
    }
}
