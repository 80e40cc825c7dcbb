//! The template as a whole.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use super::{
    api::{Api, Route},
    error::{Result, TemplateError},
    evaluate::Scope,
    function::{self, Function},
    names, read_api,
    resource::{self, FUNCTION, KEY, Key, of_kind},
    table::{self, Table},
    yaml,
};

/// A template as written: its intrinsic functions are not resolved yet.
#[derive(Debug)]
pub struct Template {
    document: Value,
    /// The KMS keys that it declares, by logical id in alphabetical order.
    pub keys: Vec<Key>,
    /// The binaries that its functions run.
    pub binaries: Vec<String>,
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
        let text = fs::read_to_string(path)
            .map_err(|error| TemplateError::at(&path.display().to_string(), error))?;
        Self::parse(&text)
    }

    /// Reads a template's text.
    ///
    /// # Errors
    /// When the text is not one YAML document with `Resources`, or a key or a function in it is not understood.
    pub fn parse(text: &str) -> Result<Self> {
        let document = yaml::parse(text)?;
        let resources = resource::all(&document)?;
        let keys = of_kind(&resources, KEY).map(|resource| resource.key()).collect::<Result<_>>()?;
        let binaries = of_kind(&resources, FUNCTION).map(|resource| resource.binary().map(str::to_owned));
        let binaries = binaries.collect::<Result<_>>()?;
        Ok(Self { document, keys, binaries })
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
            names: names::parameters(&self.document["Parameters"], parameters)?,
            conditions: &self.document["Conditions"],
        };
        let resources = resource::present(&self.document, &scope)?;
        let tables = table::read(&resources, &scope)?;
        scope.names.extend(names::resources(&resources, &tables, key_arns)?);
        let functions = function::read(&resources, &self.document["Globals"], &scope)?;
        Ok(Stack { apis: read_api::apis(&resources, &functions, &scope)?, functions, tables })
    }
}

impl Stack {
    /// The routes of all APIs.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.apis.iter().flat_map(|api| &api.routes)
    }
}
