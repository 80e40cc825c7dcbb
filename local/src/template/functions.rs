//! The template's functions, with `Globals.Function` merged in as SAM does.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::intrinsics::{Scope, call, text};
use super::resources::Resource;
use super::{Result, TemplateError};

pub(super) const FUNCTION: &str = "AWS::Serverless::Function";

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// The workspace's binary that it runs (`Metadata.BuildProperties.Binary`); its name in the local run.
    pub binary: String,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its memory in MB.
    pub memory_mb: u32,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, Value>,
}

/// `Globals.Function` as written.
pub(super) fn globals(globals: &Value) -> Result<Map<String, Value>> {
    let sections = globals.as_object().into_iter().flatten();
    if let Some((section, _)) = sections.into_iter().find(|(name, _)| *name != "Function") {
        return Err(TemplateError::at(
            &format!("Globals.{section}"),
            "not understood here; write it where it belongs",
        ));
    }
    Ok(globals["Function"].as_object().cloned().unwrap_or_default())
}

/// The functions.
pub(super) fn read(
    resources: &[Resource<'_>],
    globals: Map<String, Value>,
    scope: &Scope<'_>,
) -> Result<Vec<Function>> {
    let globals = Value::Object(globals);
    let functions = resources.iter().filter(|resource| resource.kind == FUNCTION);
    functions
        .map(|resource| {
            let mut properties = globals.clone();
            merge(&mut properties, &resource.body["Properties"]);
            function(resource, &properties, scope)
        })
        .collect()
}

/// The binary that a function runs.
pub(super) fn binary<'a>(resource: &Resource<'a>) -> Result<&'a str> {
    let binary = resource.body["Metadata"]["BuildProperties"]["Binary"].as_str();
    binary.ok_or_else(|| {
        let at = resource.place("Metadata.BuildProperties.Binary");
        TemplateError::at(&at, "the name of a binary belongs here")
    })
}

fn function(resource: &Resource<'_>, properties: &Value, scope: &Scope<'_>) -> Result<Function> {
    if !properties["Events"].is_null() {
        let at = resource.place("Properties.Events");
        return Err(TemplateError::at(&at, "not understood here; declare an AWS::ApiGatewayV2::Route"));
    }
    let read = |name: &str| (&properties[name], resource.place(&format!("Properties.{name}")));
    let (timeout, at) = read("Timeout");
    let timeout: Option<u64> = scope.read(timeout, &at)?;
    let (memory, at) = read("MemorySize");
    let memory: Option<u32> = scope.read(memory, &at)?;
    let (environment, at) = read("Environment");
    let environment: Option<Environment> = scope.read(environment, &at)?;
    let variables = environment.unwrap_or_default().variables;
    Ok(Function {
        logical_id: resource.logical_id.to_owned(),
        binary: binary(resource)?.to_owned(),
        environment: variable_texts(variables, &format!("{at}.Variables"))?,
        // Lambda's own defaults, which SAM leaves as they are.
        timeout: Duration::from_secs(timeout.unwrap_or(3)),
        memory_mb: memory.unwrap_or(128),
    })
}

fn variable_texts(variables: BTreeMap<String, Value>, at: &str) -> Result<BTreeMap<String, String>> {
    let variable_text = |(name, value): (String, Value)| match text(&value) {
        Some(text) => Ok((name, text)),
        None => Err(TemplateError::at(&format!("{at}.{name}"), format!("a text belongs here, not {value}"))),
    };
    variables.into_iter().map(variable_text).collect()
}

/// Maps are merged key by key; everything else, a call of an intrinsic function too, replaces the global value.
fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (_, Value::Null) => {}
        (Value::Object(base), Value::Object(over)) if call(base).is_none() && call(over).is_none() => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}
