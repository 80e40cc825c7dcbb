//! The stack that `template.yaml` describes, resolved as CloudFormation and SAM would.
//!
//! Only what the local run needs is read, and in that nothing is guessed: an intrinsic function, a resource attribute,
//! or a property of the API or of an event that is not understood is an error that says where it stands.

mod api;
mod conditions;
mod functions;
mod intrinsics;
mod parameters;
mod resources;
mod substitute;
mod tables;
#[cfg(test)]
mod tests;
pub mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;

pub use api::{Api, Cors, JwtAuthorizer, Route};
pub use functions::Function;
use intrinsics::Scope;
pub use resources::Key;
pub use tables::Table;

/// Why a template can't be read or resolved: one sentence that names the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError(String);

impl TemplateError {
    fn at(place: &str, problem: impl fmt::Display) -> Self {
        Self(format!("{place}: {problem}"))
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TemplateError {}

type Result<T> = std::result::Result<T, TemplateError>;

/// A template as written: its intrinsic functions are not resolved yet.
#[derive(Debug)]
pub struct Template {
    document: Value,
    keys: Vec<Key>,
}

/// What the local run builds: a template resolved with one set of parameters.
#[derive(Debug)]
pub struct Stack {
    /// The functions, by logical id in alphabetical order.
    pub functions: Vec<Function>,
    /// The tables, by logical id in alphabetical order.
    pub tables: Vec<Table>,
    /// The HTTP APIs in front of the functions, by logical id in alphabetical order.
    pub apis: Vec<Api>,
}

impl Template {
    /// Reads a template file.
    ///
    /// # Errors
    /// When the file can't be read, and as [`Template::parse`].
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| TemplateError::at(&path.display().to_string(), error))?;
        Self::parse(&text)
    }

    /// Reads a template's text.
    ///
    /// # Errors
    /// When the text is not one YAML document with `Resources`, or a KMS key in it is not understood.
    pub fn parse(text: &str) -> Result<Self> {
        let document = yaml::parse(text)?;
        resources::check(&document)?;
        let keys = resources::keys(&document)?;
        Ok(Self { document, keys })
    }

    /// The KMS keys that the template declares, by logical id in alphabetical order.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        self.keys.clone()
    }

    /// Resolves the template with parameters, and the ARN of each of its KMS keys by logical id.
    ///
    /// # Errors
    /// A parameter that is missing or undeclared; anything that is not understood.
    pub fn stack(
        &self,
        parameters: &BTreeMap<String, String>,
        key_arns: &BTreeMap<String, String>,
    ) -> Result<Stack> {
        let mut scope = Scope {
            names: parameters::resolve(&self.document["Parameters"], parameters)?,
            conditions: &self.document["Conditions"],
        };
        let resources = resources::present(&self.document, &scope)?;
        let tables = tables::read(&resources, &scope)?;
        scope.names.extend(resources::names(&resources, &tables, key_arns)?);
        let globals = functions::globals(&self.document["Globals"])?;
        let functions = functions::read(&resources, globals, &scope)?;
        Ok(Stack { apis: api::read(&resources, &functions, &scope)?, functions, tables })
    }
}

impl Stack {
    /// The routes of all APIs.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.apis.iter().flat_map(|api| &api.routes)
    }
}
