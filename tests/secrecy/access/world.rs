//! The callers, tables and keys of an expanded stack, with the policies that they bear.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    actions,
    cases::{Case, Encryption, From, Half, Mode, Tables, Under, What, Who},
    simulator::{Caller, LEADING_KEYS, Request},
};
use crate::stack::template::{ACCOUNT, REGION, Stack, Variant};

const ANOTHER_ACCOUNT: &str = "444455556666";

/// One mode's stack.
pub struct World {
    callers: BTreeMap<Who, Caller>,
    resources: BTreeMap<(Half, What), Resource>,
}

struct Resource {
    arn: String,
    policy: Option<Value>,
}

impl World {
    pub async fn of(mode: Mode) -> Self {
        let (own, adopted) = if mode.production {
            (Variant::Production, Variant::Adopted)
        } else {
            (Variant::Development, Variant::AdoptedDevelopment)
        };
        let own = own.expanded().await;
        let stack = if mode.tables == Tables::Own { own } else { adopted.expanded().await };
        let guard = |half| (mode.tables != Tables::Adopted).then(|| table_policy(own, half));
        let tables = Half::BOTH.map(|half| ((half, What::Table), table(stack, half, guard(half))));
        let streams = Half::BOTH.map(|half| ((half, What::Stream), stream(stack, half)));
        let keys = Half::BOTH.map(|half| ((half, What::Key), key(stack, half)));
        Self {
            callers: Who::ALL.map(|who| (who, caller(who, stack))).into(),
            resources: tables.into_iter().chain(streams).chain(keys).collect(),
        }
    }

    /// A case's request, and the policy of what it asks for.
    pub fn ask(&self, case: &Case) -> (&Caller, Request, Option<&Value>) {
        let caller = &self.callers[&case.who];
        let resource = &self.resources[&(case.half, case.what)];
        let mut context = vec![("aws:PrincipalArn", caller.arn.clone())];
        context.extend(source_function(case));
        context.extend(encryption_context(case));
        context.extend(leading_keys(case));
        (
            caller,
            Request { action: case.action, resource: resource.arn.clone(), context },
            resource.policy.as_ref(),
        )
    }

    /// Every policy that something in this world bears.
    pub fn policies(&self) -> impl Iterator<Item = &Value> {
        let of_callers = self.callers.values().flat_map(|caller| &caller.policies);
        of_callers.chain(self.resources.values().filter_map(|resource| resource.policy.as_ref()))
    }
}

/// Lambda names the function in whose environment credentials are used (Lambda Developer Guide, "Using source function
/// ARN to control function access behavior").
fn source_function(case: &Case) -> Option<(&'static str, String)> {
    let function = match case.from {
        From::Home => case.who.function()?,
        From::AnotherFunction => "AnotherFunction",
        From::Outside => return None,
    };
    Some(("lambda:SourceFunctionArn", format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")))
}

fn encryption_context(case: &Case) -> Vec<(&'static str, String)> {
    let context = |app: &str, half: Half| {
        vec![("kms:EncryptionContext:app", app.into()), ("kms:EncryptionContext:kind", half.kind().into())]
    };
    match case.encryption {
        Encryption::NotAsked | Encryption::Missing => vec![],
        Encryption::Right => context("portal-backup-shares", case.half),
        Encryption::OtherHalf => context("portal-backup-shares", case.half.other()),
        Encryption::OtherApp => context("another", case.half),
    }
}

/// The partition keys of the rows that are to be inserted (Service Authorization Reference, "Amazon DynamoDB").
fn leading_keys(case: &Case) -> Vec<(&'static str, String)> {
    let keys: &[&str] = match case.under {
        Under::NotAsked | Under::Unsaid => &[],
        Under::Client => &["client-1"],
        Under::Stop => &["stop#client-1"],
        Under::Both => &["stop#client-1", "client-1"],
    };
    keys.iter().map(|key| (LEADING_KEYS, (*key).to_owned())).collect()
}

/// The output that names a half's table or key.
fn output(stack: &Stack, half: Half, what: &str) -> String {
    let half = if half == Half::Client { "Client" } else { "Custodian" };
    stack.output(&format!("{half}Shares{what}")).to_owned()
}

fn table(stack: &Stack, half: Half, policy: Option<Value>) -> Resource {
    let name = output(stack, half, "TableName");
    Resource { arn: format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"), policy }
}

/// A stream has a policy of its own, and the template gives it none.
fn stream(stack: &Stack, half: Half) -> Resource {
    let table = table(stack, half, None);
    Resource { arn: format!("{}/stream/2026-11-28T00:00:00.000", table.arn), policy: None }
}

/// The policy that a stack's own table bears.
fn table_policy(own: &Stack, half: Half) -> Value {
    let properties = own.properties(&output(own, half, "TableName"));
    properties["Replicas"][0]["ResourcePolicy"]["PolicyDocument"].clone()
}

fn key(stack: &Stack, half: Half) -> Resource {
    let arn = output(stack, half, "KeyArn");
    let logical_id = arn.rsplit('/').next().unwrap();
    Resource { policy: Some(stack.properties(logical_id)["KeyPolicy"].clone()), arn }
}

fn caller(who: Who, stack: &Stack) -> Caller {
    if who == Who::Operator {
        return role(format!("arn:aws:iam::{ACCOUNT}:role/OperatorRole"), stack);
    }
    if let Some(function) = who.function() {
        return role(stack.properties(function)["Role"].as_str().unwrap().into(), stack);
    }
    let (account, role, actions) = outsider(who);
    let arn = format!("arn:aws:iam::{account}:role/{role}");
    Caller { arn, policies: actions.iter().map(|actions| allow(actions)).collect() }
}

/// A role of the stack's, with the policies that the template gives it.
fn role(arn: String, stack: &Stack) -> Caller {
    let statements = stack.statements(arn.rsplit('/').next().unwrap());
    Caller { policies: vec![json!({"Version": "2012-10-17", "Statement": statements})], arn }
}

/// The account, the role and what is attached to it of those that the template doesn't make.
fn outsider(who: Who) -> (&'static str, &'static str, &'static [&'static [&'static str]]) {
    match who {
        Who::Administrator => (ACCOUNT, "Administrator", &[&["*"]]),
        Who::OtherAccount => (ANOTHER_ACCOUNT, "Administrator", &[&["*"]]),
        Who::Reader => (ACCOUNT, "Reader", &[READ_ONLY]),
        Who::Replication => (ACCOUNT, REPLICATION, &[actions::REPLICATION, actions::REPLICATION_OF_STREAM]),
        _ => (ACCOUNT, "Stranger", &[&["s3:*"]]),
    }
}

const REPLICATION: &str =
    "aws-service-role/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication";
/// What AWS's `ReadOnlyAccess` has for the two services.
const READ_ONLY: &[&str] = &[
    "dynamodb:BatchGet*",
    "dynamodb:Describe*",
    "dynamodb:Get*",
    "dynamodb:List*",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "kms:Describe*",
    "kms:Get*",
    "kms:List*",
];

fn allow(actions: &[&str]) -> Value {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}
