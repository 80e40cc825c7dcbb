//! The template's DynamoDB tables.

use serde::Deserialize;

use super::intrinsics::Scope;
use super::resources::Resource;
use super::{Result, TemplateError};

/// A DynamoDB table whose key attributes are strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// `TableName`, else the logical id.
    pub name: String,
    /// The attribute of type HASH.
    pub partition_key: String,
    /// The attribute of type RANGE, if there is one.
    pub sort_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyElement {
    attribute_name: String,
    key_type: String,
}

/// The tables; their names and keys can depend on parameters, and not on other resources.
pub(super) fn read(resources: &[Resource<'_>], scope: &Scope<'_>) -> Result<Vec<Table>> {
    let is_table = |kind: &str| matches!(kind, "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable");
    let tables = resources.iter().filter(|resource| is_table(resource.kind));
    tables.map(|resource| table(resource, scope)).collect()
}

fn table(resource: &Resource<'_>, scope: &Scope<'_>) -> Result<Table> {
    let properties = &resource.body["Properties"];
    let name: Option<String> =
        scope.read(&properties["TableName"], &resource.place("Properties.TableName"))?;
    let at = resource.place("Properties.AttributeDefinitions");
    let attributes: Vec<Attribute> = scope.read(&properties["AttributeDefinitions"], &at)?;
    let at = resource.place("Properties.KeySchema");
    let schema: Vec<KeyElement> = scope.read(&properties["KeySchema"], &at)?;
    for element in &schema {
        check_type(element, &attributes, &at)?;
    }
    let key = |kind: &str| {
        let element = schema.iter().find(|element| element.key_type == kind);
        element.map(|element| element.attribute_name.clone())
    };
    Ok(Table {
        logical_id: resource.logical_id.to_owned(),
        name: name.unwrap_or_else(|| resource.logical_id.to_owned()),
        partition_key: key("HASH").ok_or_else(|| TemplateError::at(&at, "has no HASH key"))?,
        sort_key: key("RANGE"),
    })
}

fn check_type(key: &KeyElement, attributes: &[Attribute], at: &str) -> Result<()> {
    let name = &key.attribute_name;
    let is_string = |a: &Attribute| a.attribute_name == *name && a.attribute_type == "S";
    if attributes.iter().any(is_string) {
        return Ok(());
    }
    Err(TemplateError::at(at, format!("{name:?} is not declared as an attribute of type S")))
}
