//! What the template's names stand for: parameters and resources.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{Result, TemplateError},
    resource::{FUNCTION, Resource},
    table::Table,
};
use crate::account::function_arn;

/// By name.
pub(super) type Names = BTreeMap<String, Value>;

/// The value of every declared parameter, given or its default.
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
    declared.as_object().into_iter().flatten().map(value).collect()
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
    names.extend(tables.iter().map(|table| (table.logical_id.clone(), json!(table.name))));
    for resource in resources {
        let (id, arn) = (resource.logical_id, key_arns.get(resource.logical_id).cloned());
        let arn = if resource.kind == FUNCTION { Some(function_arn(resource.binary()?)) } else { arn };
        names.extend(arn.map(|arn| (format!("{id}.Arn"), json!(arn))));
    }
    Ok(names)
}
