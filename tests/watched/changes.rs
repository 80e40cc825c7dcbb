//! Who changes what guards shares: the rules of the template, over the events of CloudTrail under their real names.

use std::{collections::BTreeSet, fs};

use local::template::yaml;
use serde_json::{Map, Value, json};

use super::{alarms::PAGE, event_pattern::matches, runbook};
use crate::{
    stack::template::{ACCOUNT, REGION, Stack, Variant},
    support::project::root,
};

/// Events of one kind of thing, which one rule tells of.
struct Told {
    rule: &'static str,
    source: &'static str,
    names: &'static [&'static str],
    /// Where an event names the thing, and how. Each stands alone in an event.
    things: &'static [(&'static str, &'static str)],
}

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/CustodianSharesKey";
const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/ClientSharesTable";
const STREAM: &str =
    "arn:aws:dynamodb:eu-west-1:111122223333:table/ClientSharesTable/stream/2026-11-28T00:00:00.000";
const BACKUP: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/ClientSharesTable/backup/01-a";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:GetBackupFunction";
const OPERATORS: &str = "arn:aws:iam::111122223333:role/OperatorRole";
const SUBSCRIPTION: &str = "AlarmTopic:0a1b";

const TOLD: &[Told] = &[
    Told {
        rule: "KeyChangesRule",
        source: "aws.kms",
        names: &[
            "PutKeyPolicy",
            "CreateGrant",
            "RevokeGrant",
            "ReplicateKey",
            "UpdatePrimaryRegion",
            "DisableKey",
            "EnableKey",
            "DisableKeyRotation",
            "ScheduleKeyDeletion",
            "CancelKeyDeletion",
        ],
        things: &[("/resources", KEY)],
    },
    Told {
        rule: "KeyUsesRule",
        source: "aws.kms",
        names: &["Decrypt", "ReEncrypt"],
        things: &[("/resources", KEY)],
    },
    Told {
        rule: "TableChangesRule",
        source: "aws.dynamodb",
        names: &["PutResourcePolicy", "DeleteResourcePolicy"],
        things: &[("/requestParameters/resourceArn", TABLE), ("/requestParameters/resourceArn", STREAM)],
    },
    Told {
        rule: "TableChangesRule",
        source: "aws.dynamodb",
        names: &[
            "UpdateTable",
            "DeleteTable",
            "UpdateTimeToLive",
            "UpdateContinuousBackups",
            "EnableKinesisStreamingDestination",
            "UpdateKinesisStreamingDestination",
            "DisableKinesisStreamingDestination",
        ],
        things: &[
            ("/requestParameters/tableName", "ClientSharesTable"),
            ("/requestParameters/tableName", TABLE),
        ],
    },
    Told {
        rule: "TableCopiesRule",
        source: "aws.dynamodb",
        names: &["RestoreTableToPointInTime"],
        things: &[
            ("/requestParameters/sourceTableName", "ClientSharesTable"),
            ("/requestParameters/sourceTableArn", TABLE),
        ],
    },
    Told {
        rule: "TableCopiesRule",
        source: "aws.dynamodb",
        names: &["ExportTableToPointInTime"],
        things: &[("/requestParameters/tableArn", TABLE)],
    },
    Told {
        rule: "TableCopiesRule",
        source: "aws.dynamodb",
        names: &["CreateBackup"],
        things: &[("/requestParameters/tableName", "ClientSharesTable")],
    },
    Told {
        rule: "TableCopiesRule",
        source: "aws.dynamodb",
        names: &["DeleteBackup", "RestoreTableFromBackup"],
        things: &[("/requestParameters/backupArn", BACKUP)],
    },
    Told {
        rule: "FunctionChangesRule",
        source: "aws.lambda",
        names: &[
            "UpdateFunctionCode20150331v2",
            "UpdateFunctionConfiguration20150331v2",
            "DeleteFunction20150331",
            "AddPermission20150331v2",
            "RemovePermission20150331v2",
            "CreateEventSourceMapping20150331",
            "CreateFunctionUrlConfig",
            "UpdateFunctionUrlConfig",
            "PutFunctionConcurrency20171031",
            "DeleteFunctionConcurrency20171031",
        ],
        things: &[
            ("/requestParameters/functionName", "GetBackupFunction"),
            ("/requestParameters/functionName", FUNCTION),
        ],
    },
    Told {
        rule: "FunctionChangesRule",
        source: "aws.lambda",
        names: &["UpdateEventSourceMapping20150331"],
        things: &[("/responseElements/functionArn", FUNCTION)],
    },
    Told {
        rule: "RoleChangesRule",
        source: "aws.iam",
        names: &[
            "PutRolePolicy",
            "DeleteRolePolicy",
            "AttachRolePolicy",
            "DetachRolePolicy",
            "UpdateAssumeRolePolicy",
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
            "DeleteRole",
        ],
        things: &[
            ("/requestParameters/roleName", "WebhookFetchRole"),
            ("/requestParameters/roleName", "OperatorRole"),
        ],
    },
    Told {
        rule: "OperatorsRule",
        source: "aws.sts",
        names: &["AssumeRole"],
        things: &[("/requestParameters/roleArn", OPERATORS)],
    },
    Told {
        rule: "StopsRule",
        source: "aws.dynamodb",
        names: &["ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"],
        things: &[("/userIdentity/sessionContext/sessionIssuer/arn", OPERATORS)],
    },
    Told {
        rule: "ApiChangesRule",
        source: "aws.apigateway",
        names: &[
            "CreateRoute",
            "UpdateRoute",
            "DeleteRoute",
            "CreateIntegration",
            "UpdateIntegration",
            "DeleteIntegration",
            "CreateAuthorizer",
            "UpdateAuthorizer",
            "DeleteAuthorizer",
            "CreateStage",
            "UpdateStage",
            "DeleteStage",
            "CreateApiMapping",
            "UpdateApiMapping",
            "UpdateApi",
            "ReimportApi",
            "DeleteApi",
        ],
        things: &[("/requestParameters/apiId", "ClientApi"), ("/requestParameters/apiId", "WebhookApi")],
    },
    Told {
        rule: "TrailChangesRule",
        source: "aws.cloudtrail",
        names: &["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"],
        things: &[("/requestParameters/name", "anybodys-trail")],
    },
    Told {
        rule: "WatchChangesRule",
        source: "aws.monitoring",
        names: &["DeleteAlarms", "DisableAlarmActions"],
        things: &[("/requestParameters/alarmNames/0", "backups-Watched-1A-FloodAlarm-2B")],
    },
    Told {
        rule: "WatchChangesRule",
        source: "aws.monitoring",
        names: &["PutMetricAlarm", "SetAlarmState"],
        things: &[("/requestParameters/alarmName", "backups-Watched-1A-FloodAlarm-2B")],
    },
    Told {
        rule: "WatchChangesRule",
        source: "aws.monitoring",
        names: &["DeleteDashboards"],
        things: &[("/requestParameters/dashboardNames/0", "backups-eu-west-1")],
    },
    Told {
        rule: "WatchChangesRule",
        source: "aws.events",
        names: &["DeleteRule", "DisableRule", "PutRule"],
        things: &[("/requestParameters/name", "backups-Watched-1A-KeyUsesRule-2B")],
    },
    Told {
        rule: "WatchChangesRule",
        source: "aws.events",
        names: &["PutTargets", "RemoveTargets"],
        things: &[("/requestParameters/rule", "backups-Watched-1A-KeyUsesRule-2B")],
    },
    Told {
        rule: "WatchChangesRule",
        source: "aws.logs",
        names: &[
            "DeleteMetricFilter",
            "PutMetricFilter",
            "PutRetentionPolicy",
            "DeleteLogGroup",
            "PutSubscriptionFilter",
        ],
        things: &[
            ("/requestParameters/logGroupName", "backups-GetBackupLogs-1A"),
            ("/requestParameters/logGroupName", "/aws/vendedlogs/backups/client-api"),
        ],
    },
    Told {
        rule: "WatchChangesRule",
        source: "aws.sns",
        names: &["DeleteTopic", "SetTopicAttributes", "AddPermission", "RemovePermission", "Subscribe"],
        things: &[("/requestParameters/topicArn", "AlarmTopic")],
    },
    Told {
        rule: "WatchChangesRule",
        source: "aws.sns",
        names: &["Unsubscribe"],
        things: &[("/requestParameters/subscriptionArn", SUBSCRIPTION)],
    },
];

/// A management event, by somebody with a role.
fn event(source: &str, name: &str, place: &str, thing: &str, role: &str) -> Value {
    let mut detail = json!({
        "eventName": name,
        "eventSource": source.replace("aws.", "") + ".amazonaws.com",
        "sourceIPAddress": "192.0.2.7",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/somebody"),
            "sessionContext": {"sessionIssuer": {"arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}")}},
        },
    });
    let thing = match place {
        "/resources" => json!([{"ARN": "arn:aws:kms:eu-west-1:111122223333:key/another"}, {"ARN": thing}]),
        _ => json!(thing),
    };
    put(&mut detail, place, thing);
    json!({"source": source, "detail-type": "AWS API Call via CloudTrail", "detail": detail})
}

/// Puts a value where a pointer leads. A number in it is a list's.
fn put(value: &mut Value, pointer: &str, thing: Value) {
    let (name, rest) =
        pointer[1..].split_once('/').map_or((&pointer[1..], None), |(name, rest)| (name, Some(rest)));
    let inner = match rest {
        None => thing,
        Some("0") => json!([thing]),
        Some(rest) => {
            let mut inner = json!({});
            put(&mut inner, &format!("/{rest}"), thing);
            inner
        }
    };
    value[name] = inner;
}

fn events() -> Vec<(&'static Told, &'static str, Value)> {
    let of = |told: &'static Told| {
        let named = told.names.iter().flat_map(|name| told.things.iter().map(move |thing| (*name, thing)));
        named.map(move |(name, (place, thing))| {
            (told, name, event(told.source, name, place, thing, "Administrator"))
        })
    };
    TOLD.iter().flat_map(of).collect()
}

/// The rules that tell of an event.
fn rules(stack: &Stack, event: &Value) -> Vec<String> {
    let rules = stack.of_type("AWS::Events::Rule").into_iter();
    let telling = rules.filter(|(_, rule)| matches(&rule["Properties"]["EventPattern"], event));
    telling.map(|(id, _)| id.to_owned()).collect()
}

async fn stack() -> &'static Stack {
    Variant::Production.expanded().await
}

#[tokio::test]
async fn every_change_is_told_by_its_rule_and_by_no_other() {
    for (told, name, event) in events() {
        assert_eq!(rules(stack().await, &event), [told.rule], "{name}: {event}");
    }
}

/// A deployment is one message, and not a hundred.
#[tokio::test]
async fn what_cloudformation_calls_for_a_deployer_is_not_told_but_for_the_use_of_a_key_or_role() {
    for (told, name, mut event) in events() {
        event["detail"]["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
        let uses = ["KeyUsesRule", "OperatorsRule", "StopsRule"].contains(&told.rule);
        assert_eq!(rules(stack().await, &event).is_empty(), !uses, "{name}");
    }
    for (status, told) in [
        ("UPDATE_COMPLETE", true),
        ("CREATE_COMPLETE", true),
        ("UPDATE_ROLLBACK_COMPLETE", true),
        ("DELETE_IN_PROGRESS", true),
        ("UPDATE_IN_PROGRESS", false),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", false),
    ] {
        let event = |stack: &str| {
            json!({
                "source": "aws.cloudformation", "detail-type": "CloudFormation Stack Status Change",
                "detail": {
                    "stack-id": format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/0a1b"),
                    "status-details": {"status": status, "status-reason": ""},
                },
            })
        };
        assert_eq!(rules(stack().await, &event("backups")).len(), usize::from(told), "{status}");
        assert!(rules(stack().await, &event("backups-Watched-1A")).is_empty(), "{status} of a part");
    }
}

/// Another service that acts for somebody is no deployment of theirs.
#[tokio::test]
async fn what_another_service_calls_for_somebody_is_told() {
    for (told, name, mut event) in events() {
        event["detail"]["userIdentity"]["invokedBy"] = json!("backup.amazonaws.com");
        assert_eq!(rules(stack().await, &event), [told.rule], "{name}");
    }
}

#[tokio::test]
async fn who_uses_a_key_is_told_unless_it_is_one_of_the_two_that_open() {
    let decrypt = |role: &str| event("aws.kms", "Decrypt", "/resources", KEY, role);
    for role in ["GetBackupRole", "WebhookFetchRole"] {
        assert!(rules(stack().await, &decrypt(role)).is_empty(), "{role}");
    }
    for role in ["StoreBackupRole", "WebhookBackupRole", "ListBackupsRole", "GetBackupRole2", "Administrator"]
    {
        assert_eq!(rules(stack().await, &decrypt(role)), ["KeyUsesRule"], "{role}");
    }
    // A user and the root user have no session.
    for kind in ["IAMUser", "Root"] {
        let mut event = decrypt("");
        event["detail"]["userIdentity"] =
            json!({"type": kind, "arn": format!("arn:aws:iam::{ACCOUNT}:root")});
        assert_eq!(rules(stack().await, &event), ["KeyUsesRule"], "{kind}");
    }
}

/// An adopted table has rows under other keys.
#[tokio::test]
async fn an_older_key_is_watched_too() {
    let event = |id: &str| {
        let key = format!("arn:aws:kms:eu-west-1:111122223333:key/{id}");
        event("aws.kms", "PutKeyPolicy", "/resources", &key, "Administrator")
    };
    for (id, told) in [("mrk-1", 1), ("mrk-2", 1), ("mrk-3", 1), ("mrk-4", 0)] {
        assert_eq!(rules(Variant::Everything.expanded().await, &event(id)).len(), told, "{id}");
    }
}

#[tokio::test]
async fn an_adopted_table_is_watched() {
    let stack = Variant::Adopted.expanded().await;
    for table in ["adopted-client", "adopted-custodian"] {
        let event =
            event("aws.dynamodb", "DeleteTable", "/requestParameters/tableName", table, "Administrator");
        assert_eq!(rules(stack, &event), ["TableChangesRule"], "{table}");
    }
}

/// What happens every day, here and in what else an account has.
#[tokio::test]
async fn what_happens_every_day_is_not_told() {
    let other_key = "arn:aws:kms:eu-west-1:111122223333:key/another";
    for (source, name, place, thing, role) in [
        ("aws.kms", "Decrypt", "/resources", KEY, "GetBackupRole"),
        ("aws.kms", "Decrypt", "/resources", KEY, "WebhookFetchRole"),
        ("aws.kms", "GenerateDataKey", "/resources", KEY, "WebhookBackupRole"),
        ("aws.kms", "Decrypt", "/resources", other_key, "Administrator"),
        ("aws.kms", "PutKeyPolicy", "/resources", other_key, "Administrator"),
        ("aws.kms", "DescribeKey", "/resources", KEY, "Administrator"),
        ("aws.kms", "GetKeyPolicy", "/resources", KEY, "Administrator"),
        ("aws.dynamodb", "DescribeTable", "/requestParameters/tableName", "ClientSharesTable", "Reader"),
        ("aws.dynamodb", "UpdateTable", "/requestParameters/tableName", "orders", "Administrator"),
        ("aws.dynamodb", "CreateBackup", "/requestParameters/tableName", "orders", "Administrator"),
        ("aws.lambda", "UpdateFunctionCode20150331v2", "/requestParameters/functionName", "orders", "Ci"),
        ("aws.lambda", "GetFunction20150331v2", "/requestParameters/functionName", "GetBackupFunction", "Ci"),
        ("aws.iam", "PutRolePolicy", "/requestParameters/roleName", "orders", "Administrator"),
        ("aws.iam", "GetRole", "/requestParameters/roleName", "GetBackupRole", "Administrator"),
        ("aws.sts", "AssumeRole", "/requestParameters/roleArn", "GetBackupRole", "Lambda"),
        ("aws.dynamodb", "ExecuteStatement", "/requestParameters/statement", "INSERT …", "StoreBackupRole"),
        ("aws.apigateway", "UpdateRoute", "/requestParameters/apiId", "orders", "Administrator"),
        ("aws.apigateway", "GetRoutes", "/requestParameters/apiId", "ClientApi", "Administrator"),
        ("aws.cloudtrail", "LookupEvents", "/requestParameters/name", "trail", "Reader"),
        ("aws.monitoring", "PutMetricAlarm", "/requestParameters/alarmName", "orders", "Administrator"),
        ("aws.monitoring", "DescribeAlarms", "/requestParameters/alarmNames/0", "backups-1", "Reader"),
        ("aws.events", "PutRule", "/requestParameters/name", "orders", "Administrator"),
        (
            "aws.logs",
            "CreateLogStream",
            "/requestParameters/logGroupName",
            "backups-GetBackupLogs-1",
            "GetBackupRole",
        ),
        ("aws.logs", "PutRetentionPolicy", "/requestParameters/logGroupName", "orders", "Administrator"),
        ("aws.sns", "Subscribe", "/requestParameters/topicArn", "orders", "Administrator"),
    ] {
        let event = event(source, name, place, thing, role);
        assert_eq!(rules(stack().await, &event), Vec::<String>::new(), "{event}");
    }
}

/// The names in a pattern, and the beginnings of names.
fn names(pattern: &Value) -> Vec<String> {
    let names = pattern["detail"]["eventName"].as_array().into_iter().flatten();
    names.map(|name| name.as_str().or(name["prefix"].as_str()).unwrap().to_owned()).collect()
}

/// So that no name stands in a rule that no event has.
#[tokio::test]
async fn every_name_in_a_rule_is_the_name_of_an_event_here() {
    for (id, rule) in stack().await.of_type("AWS::Events::Rule") {
        let here = TOLD.iter().filter(|told| told.rule == id).flat_map(|told| told.names);
        let here: BTreeSet<&str> = here.copied().collect();
        for name in names(&rule["Properties"]["EventPattern"]) {
            assert!(here.iter().any(|event| event.starts_with(&name)), "{id}: no event is named {name}");
        }
    }
}

/// EventBridge's quota: 2,048 characters. Names of resources are longer in a stack.
#[tokio::test]
async fn every_pattern_is_within_what_eventbridge_takes() {
    let stack = Variant::Everything.expanded().await;
    let kinds = ["AWS::Lambda::Function", "AWS::IAM::Role", "AWS::DynamoDB::GlobalTable"];
    let named: Vec<_> = kinds.iter().flat_map(|kind| stack.of_type(kind)).map(|(id, _)| id).collect();
    for (id, rule) in stack.of_type("AWS::Events::Rule") {
        let mut pattern = rule["Properties"]["EventPattern"].to_string();
        for name in &named {
            pattern = pattern
                .replace(&format!("{name}\""), &format!("portal-backups-development-{name}-1A2B3C4D5E6F\""));
        }
        assert!(pattern.len() < 2048, "{id}: {}", pattern.len());
    }
}

#[tokio::test]
async fn every_rule_tells_the_topic_what_was_done_and_where_the_page_is() {
    for (id, rule) in stack().await.of_type("AWS::Events::Rule") {
        let [target] = &rule["Properties"]["Targets"].as_array().unwrap()[..] else {
            panic!("{id}: one target")
        };
        assert_eq!(target["Arn"], "AlarmTopic", "{id}");
        let message = target["InputTransformer"]["InputTemplate"].as_str().unwrap();
        assert!(
            message.starts_with("\"backups: ") && message.ends_with('"') && message.contains(PAGE),
            "{message}"
        );
        let paths: &Map<_, _> = target["InputTransformer"]["InputPathsMap"].as_object().unwrap();
        let used = message.split('<').skip(1).map(|rest| rest.split('>').next().unwrap());
        assert_eq!(used.collect::<BTreeSet<_>>(), paths.keys().map(String::as_str).collect(), "{id}");
    }
}

/// Elsewhere than in us-east-1, IAM's events have to be forwarded.
#[test]
fn the_stack_in_us_east_1_forwards_what_the_rule_about_roles_tells_of() {
    let text = fs::read_to_string(root().join("events-us-east-1.yaml")).unwrap();
    let document = yaml::parse(&text).unwrap();
    let pattern = document["Resources"]["RoleChangesRule"]["Properties"]["EventPattern"].to_string();
    let pattern: Value =
        serde_json::from_str(&pattern.replace(r#"{"Fn::Sub":"${StackName}-"}"#, r#""backups-""#)).unwrap();
    let event =
        |role: &str| event("aws.iam", "PutRolePolicy", "/requestParameters/roleName", role, "Administrator");
    assert!(matches(&pattern, &event("backups-GetBackupRole-1A2B")));
    assert!(!matches(&pattern, &event("orders-Role-1A2B")));
}

/// The table of docs/alarms.md.
pub async fn table() -> String {
    let mut rows = vec!["| rule | tells of | then |\n|---|---|---|\n".to_owned()];
    for (id, rule) in stack().await.of_type("AWS::Events::Rule") {
        let mut events: Vec<&str> = Vec::new();
        for name in TOLD.iter().filter(|told| told.rule == id).flat_map(|told| told.names) {
            if !events.contains(name) {
                events.push(name);
            }
        }
        let events: Vec<_> = events.iter().map(|name| format!("`{name}`")).collect();
        let message = rule["Properties"]["Targets"][0]["InputTransformer"]["InputTemplate"].as_str().unwrap();
        let (_, heading) = message.trim_end_matches('"').split_once(PAGE).unwrap();
        let events = if events.is_empty() { "the end of a deployment".into() } else { events.join(", ") };
        rows.push(format!("| `{id}` | {events} | {} |\n", runbook::link(heading)));
    }
    rows.concat()
}
