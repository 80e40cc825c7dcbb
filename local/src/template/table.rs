//! The template's DynamoDB tables.

use serde_json::Value;

use super::{
    error::Result,
    evaluate::Scope,
    resource::{Resource, TABLE, of_kind},
};

/// A DynamoDB table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// `TableName`, else the logical id.
    pub name: String,
    /// As DynamoDB's `CreateTable` takes them too.
    pub attribute_definitions: Value,
    /// As DynamoDB's `CreateTable` takes it too.
    pub key_schema: Value,
}

/// The tables; they can depend on parameters, and not on other resources.
pub(super) fn read(resources: &[Resource<'_>], scope: &Scope<'_>) -> Result<Vec<Table>> {
    of_kind(resources, TABLE).map(|resource| table(&resource, scope)).collect()
}

fn table(resource: &Resource<'_>, scope: &Scope<'_>) -> Result<Table> {
    let property = |name: &str| {
        let (value, at) = resource.property(name);
        scope.read::<Value>(value, &at)
    };
    Ok(Table {
        logical_id: resource.logical_id.to_owned(),
        name: property("TableName")?.as_str().unwrap_or(resource.logical_id).to_owned(),
        attribute_definitions: property("AttributeDefinitions")?,
        key_schema: property("KeySchema")?,
    })
}
