//! The template's `Resources`: which are there, and what `Ref` and `Fn::GetAtt` give for them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::api::{AUTHORIZER, INTEGRATION};
use super::functions::{self, FUNCTION};
use super::intrinsics::Scope;
use super::tables::Table;
use super::{Result, TemplateError};
use crate::account::{arn, function_arn};

const KEY: &str = "AWS::KMS::Key";
const HTTP_API: &str = "AWS::ApiGatewayV2::Api";
/// Not served, and not passed over in silence either.
const SAM_APIS: [&str; 2] = ["AWS::Serverless::Api", "AWS::Serverless::HttpApi"];

/// A KMS key that the template declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name in the template.
    pub logical_id: String,
    /// Whether it is a multi-Region key, whose id starts with `mrk-`.
    pub multi_region: bool,
}

/// A resource whose condition holds, as written.
pub(super) struct Resource<'a> {
    pub logical_id: &'a str,
    pub kind: &'a str,
    pub body: &'a Value,
}

impl Resource<'_> {
    /// Where a property stands, for errors.
    pub fn place(&self, property: &str) -> String {
        format!("Resources.{}.{property}", self.logical_id)
    }
}

/// Every resource has a `Type`.
pub(super) fn check(document: &Value) -> Result<()> {
    let resources = document["Resources"]
        .as_object()
        .ok_or_else(|| TemplateError::at("the template", "has no Resources"))?;
    match resources.iter().find(|(_, body)| !body["Type"].is_string()) {
        Some((id, _)) => Err(TemplateError::at(&format!("Resources.{id}"), "has no Type")),
        None => Ok(()),
    }
}

fn all(document: &Value) -> impl Iterator<Item = Resource<'_>> {
    let resources = document["Resources"].as_object().into_iter().flatten();
    resources.filter_map(|(logical_id, body)| {
        let kind = body["Type"].as_str()?;
        Some(Resource { logical_id, kind, body })
    })
}

/// The template's keys. They are made before the stack is resolved, so nothing about them may depend on parameters.
pub(super) fn keys(document: &Value) -> Result<Vec<Key>> {
    let key = |resource: Resource<'_>| match &resource.body["Properties"]["MultiRegion"] {
        Value::Bool(multi_region) => {
            Ok(Key { logical_id: resource.logical_id.to_owned(), multi_region: *multi_region })
        }
        Value::Null => Ok(Key { logical_id: resource.logical_id.to_owned(), multi_region: false }),
        other => Err(TemplateError::at(
            &resource.place("Properties.MultiRegion"),
            format!("true or false belongs here, not {other}"),
        )),
    };
    all(document).filter(|resource| resource.kind == KEY).map(key).collect()
}

/// The resources whose `Condition` holds.
pub(super) fn present<'a>(document: &'a Value, scope: &Scope<'_>) -> Result<Vec<Resource<'a>>> {
    let present = |resource: Resource<'a>| match resource.body["Condition"].as_str() {
        Some(name) => {
            let holds = scope.condition(name, &resource.place("Condition"))?;
            Ok(holds.then_some(resource))
        }
        None => Ok(Some(resource)),
    };
    all(document).filter_map(|resource| present(resource).transpose()).collect()
}

/// The template's HTTP APIs.
pub(super) fn http_apis<'r, 'a>(resources: &'r [Resource<'a>]) -> Result<Vec<&'r Resource<'a>>> {
    match resources.iter().find(|resource| SAM_APIS.contains(&resource.kind)) {
        Some(other) => {
            let problem = format!("{} can't be served here; declare an {HTTP_API}", other.kind);
            Err(TemplateError::at(&format!("Resources.{}", other.logical_id), problem))
        }
        None => Ok(resources.iter().filter(|resource| resource.kind == HTTP_API).collect()),
    }
}

/// What `Ref` (by logical id) and `Fn::GetAtt` (by logical id and attribute) give.
pub(super) fn names(
    resources: &[Resource<'_>],
    tables: &[Table],
    key_arns: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>> {
    let mut names = BTreeMap::new();
    let mut name = |id: &str, reference: &str, arn: String| {
        names.insert(id.to_owned(), json!(reference));
        names.insert(format!("{id}.Arn"), json!(arn));
    };
    for table in tables {
        name(&table.logical_id, &table.name, arn("dynamodb", &format!("table/{}", table.name)));
    }
    for resource in resources {
        let id = resource.logical_id;
        match (resource.kind, key_arns.get(id)) {
            (FUNCTION, _) => {
                let binary = functions::binary(resource)?;
                name(id, binary, function_arn(binary));
            }
            (KEY, Some(key_arn)) => {
                name(id, key_arn.rsplit('/').next().unwrap_or(key_arn), key_arn.clone());
            }
            _ => {}
        }
    }
    let of_an_api = |resource: &&Resource<'_>| [HTTP_API, AUTHORIZER, INTEGRATION].contains(&resource.kind);
    for resource in resources.iter().filter(of_an_api) {
        names.insert(resource.logical_id.to_owned(), json!(resource.logical_id));
    }
    Ok(names)
}
