//! The template's `Resources`, as written.

use serde_json::Value;

use super::{
    error::{Result, TemplateError},
    evaluate::Scope,
};

pub(super) const FUNCTION: &str = "AWS::Serverless::Function";
pub(super) const TABLE: &str = "AWS::DynamoDB::GlobalTable";
pub(super) const KEY: &str = "AWS::KMS::Key";

/// A KMS key that the template declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name in the template.
    pub logical_id: String,
    /// Whether it is a multi-Region key, whose id starts with `mrk-`.
    pub multi_region: bool,
}

/// A resource, as written.
#[derive(Clone, Copy)]
pub(super) struct Resource<'a> {
    pub logical_id: &'a str,
    pub kind: &'a str,
    body: &'a Value,
}

impl<'a> Resource<'a> {
    /// A property, and where it stands, for errors.
    pub fn property(&self, name: &str) -> (&'a Value, String) {
        (&self.body["Properties"][name], self.place(&format!("Properties.{name}")))
    }

    /// All properties.
    pub fn properties(&self) -> &'a Value {
        &self.body["Properties"]
    }

    /// Where a part of it stands.
    pub fn place(&self, part: &str) -> String {
        format!("Resources.{}.{part}", self.logical_id)
    }

    /// The workspace's binary that a function runs.
    pub fn binary(&self) -> Result<&'a str> {
        let binary = self.body["Metadata"]["BuildProperties"]["Binary"].as_str();
        binary.ok_or_else(|| {
            let at = self.place("Metadata.BuildProperties.Binary");
            TemplateError::at(&at, "the name of a binary belongs here")
        })
    }

    /// The KMS key that it is. Keys are made before the stack is resolved, so nothing about them may depend on
    /// parameters.
    pub fn key(&self) -> Result<Key> {
        let (multi_region, at) = self.property("MultiRegion");
        let multi_region = match multi_region {
            Value::Null => false,
            value => value.as_bool().ok_or_else(|| TemplateError::at(&at, "true or false belongs here"))?,
        };
        Ok(Key { logical_id: self.logical_id.to_owned(), multi_region })
    }
}

/// All of them.
pub(super) fn all<'a>(document: &'a Value) -> Result<Vec<Resource<'a>>> {
    let resources = document["Resources"]
        .as_object()
        .ok_or_else(|| TemplateError::at("the template", "has no Resources"))?;
    let resource = |(logical_id, body): (&'a String, &'a Value)| match body["Type"].as_str() {
        Some(kind) => Ok(Resource { logical_id, kind, body }),
        None => Err(TemplateError::at(&format!("Resources.{logical_id}"), "has no Type")),
    };
    resources.iter().map(resource).collect()
}

/// Those of a kind.
pub(super) fn of_kind<'r, 'a>(
    resources: &'r [Resource<'a>],
    kind: &'r str,
) -> impl Iterator<Item = Resource<'a>> + 'r {
    resources.iter().copied().filter(move |resource| resource.kind == kind)
}

/// Those whose `Condition` holds.
pub(super) fn present<'a>(document: &'a Value, scope: &Scope<'_>) -> Result<Vec<Resource<'a>>> {
    let present = |resource: Resource<'a>| match resource.body["Condition"].as_str() {
        Some(name) => Ok(scope.condition(name, &resource.place("Condition"))?.then_some(resource)),
        None => Ok(Some(resource)),
    };
    all(document)?.into_iter().filter_map(|resource| present(resource).transpose()).collect()
}
