//! What the functions' roles are: one table statement, one log statement, and no use anywhere but in the function.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ACCOUNT, REGION, Stack, Variant};

const FUNCTION: &str = "AWS::Lambda::Function";
const ROLE: &str = "AWS::IAM::Role";
const OPERATORS: &str = "OperatorRole";

/// The logical ids of the functions' roles.
fn roles(stack: &Stack) -> BTreeSet<&str> {
    let functions = stack.of_type(FUNCTION);
    functions.values().map(|function| last(&function["Properties"]["Role"])).collect()
}

/// The last part of an ARN, which is a logical id here.
fn last(arn: &Value) -> &str {
    arn.as_str().unwrap().rsplit([':', '/']).next().unwrap()
}

#[tokio::test]
async fn each_function_has_a_role_of_its_own_and_no_other_role_is_made_but_the_operators() {
    for variant in Variant::ALL {
        let stack = variant.expanded().await;
        let mut made: BTreeSet<&str> = stack.of_type(ROLE).into_keys().collect();
        assert_eq!(made.remove(OPERATORS), variant != Variant::Authorizer, "{variant:?}");
        assert_eq!((roles(stack), made.len()), (made, stack.of_type(FUNCTION).len()), "{variant:?}");
    }
}

/// Nobody without a second factor, and nobody that the parameter does not name.
#[tokio::test]
async fn operators_take_their_role_with_mfa_alone() {
    let trust = json!([{
        "Effect": "Allow",
        "Principal": {"AWS": [
            "arn:aws:iam::111122223333:user/ada",
            "arn:aws:iam::111122223333:role/people/on-call",
        ]},
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": true}},
    }]);
    let role = Variant::Production.expanded().await.properties(OPERATORS);
    assert_eq!(role["AssumeRolePolicyDocument"]["Statement"], trust);
}

#[tokio::test]
async fn only_lambda_takes_a_functions_role() {
    for variant in Variant::ALL {
        for (id, role) in variant.expanded().await.of_type(ROLE) {
            if id == OPERATORS {
                continue;
            }
            let trust = json!([{
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }]);
            assert_eq!(role["Properties"]["AssumeRolePolicyDocument"]["Statement"], trust, "{id}");
        }
    }
}

/// So that what the access matrix reads is all that a role has.
#[tokio::test]
async fn a_role_has_one_policy_which_stands_by_itself() {
    for variant in Variant::ALL {
        let stack = variant.expanded().await;
        let policies = stack.of_type("AWS::IAM::RolePolicy");
        let attached: BTreeSet<_> =
            policies.values().map(|policy| policy["Properties"]["RoleName"].as_str().unwrap()).collect();
        let made: BTreeSet<&str> = stack.of_type(ROLE).into_keys().collect();
        assert_eq!((&attached, policies.len()), (&made, attached.len()), "{variant:?}");
        for (id, role) in stack.of_type(ROLE) {
            let properties: Vec<_> = role["Properties"].as_object().unwrap().keys().collect();
            let expected: &[&str] = match id {
                OPERATORS => &["AssumeRolePolicyDocument", "MaxSessionDuration"],
                _ => &["AssumeRolePolicyDocument"],
            };
            assert_eq!(properties, expected, "{id}");
        }
        for kind in ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"] {
            assert!(stack.of_type(kind).is_empty(), "{kind}");
        }
    }
}

#[tokio::test]
async fn a_role_has_one_statement_on_its_table_one_on_its_log_and_is_of_no_use_elsewhere() {
    for variant in Variant::ALL {
        let stack = variant.expanded().await;
        for (id, function) in stack.of_type(FUNCTION) {
            let function = &function["Properties"];
            let [table, log, elsewhere] = stack.statements(last(&function["Role"]))[..] else {
                panic!("three statements")
            };
            let may = match id {
                "StoreBackupFunction" | "WebhookBackupFunction" => {
                    json!(["dynamodb:PartiQLInsert", "dynamodb:Query"])
                }
                "WebhookFetchFunction" => json!(["dynamodb:BatchGetItem", "dynamodb:Query"]),
                _ => json!("dynamodb:Query"),
            };
            assert_eq!(table["Action"], may, "{id}");
            assert_eq!(last(&table["Resource"]), function["Environment"]["Variables"]["SHARES_TABLE"]);
            assert_eq!(log["Action"], json!(["logs:CreateLogStream", "logs:PutLogEvents"]));
            assert_eq!(last(&log["Resource"]), function["LoggingConfig"]["LogGroup"]);
            assert_eq!(elsewhere["Effect"], "Deny");
            assert_eq!(elsewhere["Action"], json!(["dynamodb:*", "kms:*"]));
            let mut resources = elsewhere["Resource"].as_array().unwrap().iter();
            assert_eq!(resources.next(), Some(&table["Resource"]));
            // A function that opens nothing has none, and its role is kept from the half's keys all the same.
            let keys = function["Environment"]["Variables"]["SHARES_KEYS"].as_str();
            let resources: Vec<_> = resources.map(|key| key.as_str().unwrap()).collect();
            assert!(!resources.is_empty() && keys.is_none_or(|keys| keys == resources.join(",")), "{id}");
            let function = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{id}");
            assert_eq!(
                elsewhere["Condition"],
                json!({"ArnNotEquals": {"lambda:SourceFunctionArn": function}})
            );
        }
    }
}

#[tokio::test]
async fn no_two_functions_share_a_log_group() {
    let stack = Variant::Production.expanded().await;
    let functions = stack.of_type(FUNCTION);
    let groups: BTreeSet<_> = functions
        .values()
        .map(|function| function["Properties"]["LoggingConfig"]["LogGroup"].as_str())
        .collect();
    assert_eq!(groups.len(), functions.len());
}
