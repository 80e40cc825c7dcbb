//! The template as CloudFormation makes a stack of it: expanded by SAM's own translator, once for each set of
//! parameters that the tests look at.

mod adopting;
mod api;
mod lifetime;
mod names;
mod parameters;
mod roles;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::support::{project::root, python::Script};

const EXPAND: Script = Script { name: "expand", folder: "tests/stack/template" };

/// The account of every expanded stack.
pub const ACCOUNT: &str = "111122223333";
/// Its Region.
pub const REGION: &str = "eu-west-1";

/// The least that a stack whose users have tokens takes.
pub const TOKENS: [(&str, &str); 4] = [
    ("TokenIssuer", "https://identity.example"),
    ("TokenAudience", "backups"),
    ("ClientIdClaim", "portal_client_id"),
    ("WebhookSecretDigests", DIGEST),
];
/// The least that a stack with a team's own authorizer takes.
pub const AUTHORIZER: [(&str, &str); 2] = [
    ("ClientAuthorizerArn", "arn:aws:lambda:eu-west-1:111122223333:function:authorizer"),
    ("WebhookSecretDigests", DIGEST),
];
const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Who may take the operators' role.
const OPERATORS: (&str, &str) =
    ("OperatorArns", "arn:aws:iam::111122223333:user/ada,arn:aws:iam::111122223333:role/people/on-call");
const ADOPTED: [(&str, &str); 2] =
    [("ClientTableName", "adopted-client"), ("CustodianTableName", "adopted-custodian")];
const DEVELOPMENT: (&str, &str) = ("Stage", "development");
const EVERYTHING: [(&str, &str); 19] = [
    ("TokenScopes", "backup,recover"),
    ("AllowedOrigins", "https://app.example,http://localhost:3000"),
    ("ClientDomainName", "backups.example.com"),
    ("ClientCertificateArn", "arn:aws:acm:eu-west-1:111122223333:certificate/0b1c-2d3e"),
    ("ClientHostedZoneId", "Z0123456789"),
    ("WebhookDomainName", "hook-5e1f.example.net"),
    ("WebhookCertificateArn", "arn:aws:acm:eu-west-1:111122223333:certificate/4f5a-6b7c"),
    ("WebhookHostedZoneId", "Z9876543210"),
    ("ClientRate", "40"),
    ("WebhookRate", "30"),
    ("ClientConcurrency", "20"),
    ("WebhookConcurrency", "10"),
    (
        "ClientOlderKeyArns",
        "arn:aws:kms:eu-west-1:111122223333:key/mrk-1,arn:aws:kms:eu-west-1:111122223333:key/mrk-3",
    ),
    ("CustodianOlderKeyArns", "arn:aws:kms:eu-west-1:111122223333:key/mrk-2"),
    ("CreateTrail", "yes"),
    ("AlarmEmail", "operators@example.com"),
    ("SharesOpenedAnHour", "20000"),
    ("SharesStoredAnHour", "15000"),
    ("RoleEventsForwarded", "yes"),
];

/// What distinguishes one expanded stack from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// The defaults, with tokens and operators.
    Production,
    /// As production, but thrown away.
    Development,
    /// Production, over tables that it did not make.
    Adopted,
    /// Development, over tables that it did not make.
    AdoptedDevelopment,
    /// Production, with a team's own authorizer.
    Authorizer,
    /// Production, with every option that a stack with tokens can have.
    Everything,
}

impl Variant {
    pub const ALL: [Self; 6] = [
        Self::Production,
        Self::Development,
        Self::Adopted,
        Self::AdoptedDevelopment,
        Self::Authorizer,
        Self::Everything,
    ];

    fn parameters(self) -> Vec<(&'static str, &'static str)> {
        let tokens = TOKENS.into_iter().chain([OPERATORS]);
        match self {
            Self::Production => tokens.collect(),
            Self::Development => tokens.chain([DEVELOPMENT]).collect(),
            Self::Adopted => tokens.chain(ADOPTED).collect(),
            Self::AdoptedDevelopment => tokens.chain(ADOPTED).chain([DEVELOPMENT]).collect(),
            Self::Authorizer => AUTHORIZER.to_vec(),
            Self::Everything => tokens.chain(EVERYTHING).collect(),
        }
    }

    /// The stack, whose resources are named after their logical ids.
    pub async fn expanded(self) -> &'static Stack {
        &expansion().await.stacks[&self]
    }
}

/// The template as it is written.
pub async fn template() -> &'static Value {
    &expansion().await.template
}

/// The templates of the stacks within it, by their files.
pub async fn parts() -> &'static BTreeMap<String, Value> {
    &expansion().await.parts
}

struct Expansion {
    template: Value,
    parts: BTreeMap<String, Value>,
    stacks: BTreeMap<Variant, Stack>,
}

async fn expansion() -> &'static Expansion {
    static EXPANSION: OnceCell<Expansion> = OnceCell::const_new();
    EXPANSION.get_or_init(expand).await
}

/// Why CloudFormation would refuse each set of parameters before it makes anything: `Parameters.Name: …` or
/// `Rules.Name: …`, in the template's words.
pub async fn refusals(sets: &[BTreeMap<&str, &str>]) -> Vec<Option<String>> {
    let path = root().join("template.yaml");
    let input = json!(sets).to_string();
    let answer = EXPAND.run(&[path.to_str().unwrap(), "--check"], input.as_bytes()).await;
    serde_json::from_str(&answer).unwrap()
}

async fn expand() -> Expansion {
    let sets = Variant::ALL.map(|variant| variant.parameters().into_iter().collect::<BTreeMap<_, _>>());
    let path = root().join("template.yaml");
    let expanded = EXPAND.run(&[path.to_str().unwrap()], json!(sets).to_string().as_bytes()).await;
    let mut expanded: Value = serde_json::from_str(&expanded).unwrap();
    let stacks: [Value; Variant::ALL.len()] = serde_json::from_value(expanded["stacks"].take()).unwrap();
    Expansion {
        template: expanded["template"].take(),
        parts: serde_json::from_value(expanded["parts"].take()).unwrap(),
        stacks: Variant::ALL.into_iter().zip(stacks.map(Stack)).collect(),
    }
}

/// An expanded stack.
pub struct Stack(Value);

impl Stack {
    /// A resource's properties.
    pub fn properties(&self, logical_id: &str) -> &Value {
        let resource = &self.0["Resources"][logical_id];
        assert!(resource.is_object(), "the stack has no {logical_id}");
        &resource["Properties"]
    }

    /// The resources of a type, by logical id.
    pub fn of_type(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let resources = self.0["Resources"].as_object().unwrap().iter();
        resources.filter(|(_, body)| body["Type"] == kind).map(|(id, body)| (id.as_str(), body)).collect()
    }

    /// The resources that CloudFormation makes before this one: those that it names, and those that these name.
    pub fn made_before(&self, id: &str) -> BTreeSet<&str> {
        let resources = self.0["Resources"].as_object().unwrap();
        let (id, _) = resources.get_key_value(id).unwrap();
        let (mut before, mut left) = (BTreeSet::new(), vec![id.as_str()]);
        while let Some(id) = left.pop() {
            let named = words(&resources[id]).filter_map(|word| resources.get_key_value(word));
            let others = named.map(|(other, _)| other.as_str()).filter(|other| *other != id);
            left.extend(others.filter(|other| before.insert(*other)));
        }
        before
    }

    /// The statements of a role's own policies.
    pub fn statements(&self, role: &str) -> Vec<&Value> {
        let policies = self.of_type("AWS::IAM::RolePolicy");
        let attached = policies.values().map(|policy| &policy["Properties"]);
        let attached = attached.filter(|policy| policy["RoleName"] == role);
        attached.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap()).collect()
    }

    /// What an output says.
    pub fn output(&self, name: &str) -> &str {
        self.0["Outputs"][name]["Value"].as_str().unwrap()
    }
}

/// The words of every text in a value.
fn words(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(text.split(|letter: char| !letter.is_ascii_alphanumeric())),
        Value::Array(items) => Box::new(items.iter().flat_map(words)),
        Value::Object(map) => Box::new(map.values().flat_map(words)),
        _ => Box::new(std::iter::empty()),
    }
}
