//! What the template's names stand for: parameters, pseudo parameters, and resources.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{Result, TemplateError},
    resource::{FUNCTION, KEY, Resource},
    table::Table,
};
use crate::account::{ACCOUNT, REGION, arn, function_arn};

/// By name.
pub(super) type Names = BTreeMap<String, Value>;

const PSEUDO: [(&str, &str); 5] = [
    ("AWS::AccountId", ACCOUNT),
    ("AWS::Partition", "aws"),
    ("AWS::Region", REGION),
    ("AWS::StackName", "local"),
    ("AWS::URLSuffix", "amazonaws.com"),
];

/// The value of every declared parameter, given or its default, and of every pseudo parameter.
pub(super) fn parameters(declared: &Value, given: &BTreeMap<String, String>) -> Result<Names> {
    if let Some(name) = given.keys().find(|name| declared.get(name).is_none()) {
        let problem = "given, but the template declares no such parameter";
        return Err(TemplateError::at(&format!("Parameters.{name}"), problem));
    }
    let value = |(name, parameter): (&String, &Value)| {
        let given = given.get(name).map(|value| json!(value));
        let value = given.or_else(|| parameter.get("Default").cloned()).ok_or_else(|| {
            TemplateError::at(&format!("Parameters.{name}"), "has no default: give a value")
        })?;
        Ok((name.clone(), value))
    };
    let pseudo = PSEUDO.map(|(name, value)| Ok((name.to_owned(), json!(value))));
    declared.as_object().into_iter().flatten().map(value).chain(pseudo).collect()
}

/// What `Ref` (by logical id) and `Fn::GetAtt` (by logical id and attribute) give.
pub(super) fn resources(
    resources: &[Resource<'_>],
    tables: &[Table],
    key_arns: &BTreeMap<String, String>,
) -> Result<Names> {
    let mut names: Names = resources
        .iter()
        .map(|resource| (resource.logical_id.to_owned(), json!(resource.logical_id)))
        .collect();
    let mut name = |id: &str, reference: &str, arn: String| {
        names.insert(id.to_owned(), json!(reference));
        names.insert(format!("{id}.Arn"), json!(arn));
    };
    for table in tables {
        name(&table.logical_id, &table.name, arn("dynamodb", &format!("table/{}", table.name)));
    }
    for resource in resources {
        match (resource.kind, key_arns.get(resource.logical_id)) {
            (FUNCTION, _) => {
                let binary = resource.binary()?;
                name(resource.logical_id, binary, function_arn(binary));
            }
            (KEY, Some(arn)) => {
                name(resource.logical_id, arn.rsplit('/').next().unwrap_or(arn), arn.clone());
            }
            _ => {}
        }
    }
    Ok(names)
}
