//! What outlives a stack, and what the tables and keys are.

use serde_json::{Value, json};

use super::{ACCOUNT, Stack, Variant};

const TABLE: &str = "AWS::DynamoDB::GlobalTable";
const KEY: &str = "AWS::KMS::Key";

/// The stack's tables and keys, each by its logical id, all that wallets depend on.
fn kept(stack: &Stack) -> impl Iterator<Item = (&str, &Value)> {
    stack.of_type(TABLE).into_iter().chain(stack.of_type(KEY))
}

/// Whether the key's policy lets anybody delete it.
fn can_be_deleted(key: &Value) -> bool {
    key["Properties"]["KeyPolicy"].to_string().contains("kms:ScheduleKeyDeletion")
}

#[tokio::test]
async fn in_production_tables_and_keys_outlive_the_stack() {
    for variant in [Variant::Production, Variant::Authorizer, Variant::Everything] {
        let stack = variant.expanded().await;
        assert_eq!(kept(stack).count(), 4);
        for (id, resource) in kept(stack) {
            assert_eq!(resource["DeletionPolicy"], "Retain", "{id}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
        }
        for (id, table) in stack.of_type(TABLE) {
            assert_eq!(table["Properties"]["Replicas"][0]["DeletionProtectionEnabled"], true, "{id}");
        }
        for (id, key) in stack.of_type(KEY) {
            assert!(!can_be_deleted(key), "{id}");
        }
    }
}

/// What is retained stays behind when a later step fails.
#[tokio::test]
async fn no_table_or_key_is_made_before_the_login_that_can_fail() {
    for variant in Variant::ALL {
        let authorizer = if variant == Variant::Authorizer { "OwnAuthorizer" } else { "TokenAuthorizer" };
        for (id, resource) in kept(variant.expanded().await) {
            assert_eq!(resource["Metadata"]["WaitsFor"], authorizer, "{id}");
        }
    }
}

#[tokio::test]
async fn in_development_tables_and_keys_go_with_the_stack() {
    let stack = Variant::Development.expanded().await;
    assert_eq!(kept(stack).count(), 4);
    for (id, resource) in kept(stack) {
        assert_eq!(resource["DeletionPolicy"], "Delete", "{id}");
        assert_eq!(resource["UpdateReplacePolicy"], "Delete", "{id}");
    }
    for (id, table) in stack.of_type(TABLE) {
        assert_eq!(table["Properties"]["Replicas"][0]["DeletionProtectionEnabled"], false, "{id}");
    }
    for (id, key) in stack.of_type(KEY) {
        assert!(can_be_deleted(key), "{id}");
    }
}

#[tokio::test]
async fn a_stack_that_adopts_tables_makes_keys_and_no_tables() {
    for variant in [Variant::Adopted, Variant::AdoptedDevelopment] {
        let stack = variant.expanded().await;
        assert_eq!((stack.of_type(TABLE).len(), stack.of_type(KEY).len()), (0, 2));
    }
}

#[tokio::test]
async fn keys_are_multi_region_rotate_and_wait_thirty_days_for_their_deletion() {
    for variant in Variant::ALL {
        for (id, key) in variant.expanded().await.of_type(KEY) {
            let key = &key["Properties"];
            assert_eq!(
                (&key["MultiRegion"], &key["EnableKeyRotation"]),
                (&json!(true), &json!(true)),
                "{id}"
            );
            assert_eq!(key["PendingWindowInDays"], 30, "{id}");
        }
    }
}

#[tokio::test]
async fn tables_are_on_demand_recoverable_for_35_days_and_under_the_key_that_aws_manages() {
    for variant in [Variant::Production, Variant::Development] {
        for (id, table) in variant.expanded().await.of_type(TABLE) {
            let table = &table["Properties"];
            assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{id}");
            assert_eq!(table["SSESpecification"], json!({"SSEEnabled": true}), "{id}");
            let replicas = table["Replicas"].as_array().unwrap();
            assert_eq!(replicas.len(), 1, "{id}");
            let recovery = json!({"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 35});
            assert_eq!(replicas[0]["PointInTimeRecoverySpecification"], recovery, "{id}");
            assert_eq!(replicas[0]["SSESpecification"], Value::Null, "{id}");
        }
    }
}

/// CloudFormation wants a stream before it adds a replica.
#[tokio::test]
async fn a_table_is_ready_for_a_second_region() {
    for (id, table) in Variant::Production.expanded().await.of_type(TABLE) {
        let stream = json!({"StreamViewType": "NEW_AND_OLD_IMAGES"});
        assert_eq!(table["Properties"]["StreamSpecification"], stream, "{id}");
    }
}

/// They say who did what to whose shares.
#[tokio::test]
async fn a_functions_log_outlives_a_production_stack() {
    for (variant, policy) in [(Variant::Production, "Retain"), (Variant::Development, "Delete")] {
        let stack = variant.expanded().await;
        let groups = stack.of_type("AWS::Logs::LogGroup");
        for function in stack.of_type("AWS::Lambda::Function").values() {
            let group = function["Properties"]["LoggingConfig"]["LogGroup"].as_str().unwrap();
            assert_eq!(groups[group]["DeletionPolicy"], policy, "{group}");
        }
    }
}

/// A replica in another Region has the same name, so the end of an ARN is what is compared.
#[tokio::test]
async fn the_trail_records_who_writes_rows_but_for_the_role_that_stores() {
    let stack = Variant::Everything.expanded().await;
    let selectors = stack.properties("Trail")["AdvancedEventSelectors"].as_array().unwrap();
    let field = |selector: &Value, name: &str| {
        let fields = selector["FieldSelectors"].as_array().unwrap().clone();
        fields.into_iter().find(|field| field["Field"] == name).unwrap_or_default()
    };
    let of_tables = selectors
        .iter()
        .filter(|selector| field(selector, "resources.type")["Equals"][0] == "AWS::DynamoDB::Table");
    let recorded: Vec<_> = of_tables
        .map(|selector| {
            assert_eq!(field(selector, "readOnly")["Equals"], json!(["false"]));
            let rows = field(selector, "resources.ARN")["EndsWith"].clone();
            (rows, field(selector, "userIdentity.arn")["NotStartsWith"].clone())
        })
        .collect();
    let role = |role: &str| json!([format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/")]);
    assert_eq!(
        recorded,
        [
            (json!(["table/ClientSharesTable"]), role("StoreBackupRole")),
            (json!(["table/CustodianSharesTable"]), role("WebhookBackupRole")),
        ]
    );
}

#[tokio::test]
async fn nothing_in_a_table_expires() {
    for (id, table) in Variant::Everything.expanded().await.of_type(TABLE) {
        assert_eq!(table["Properties"]["TimeToLiveSpecification"], Value::Null, "{id}");
    }
}
