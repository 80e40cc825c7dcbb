//! The template's functions, with `Globals.Function` merged in as SAM does.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    error::{Result, TemplateError},
    evaluate::{Scope, text},
    resource::{FUNCTION, Resource, of_kind},
};

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

/// The functions.
pub(super) fn read(resources: &[Resource<'_>], globals: &Value, scope: &Scope<'_>) -> Result<Vec<Function>> {
    let functions = of_kind(resources, FUNCTION);
    functions.map(|resource| function(&resource, &globals["Function"], scope)).collect()
}

fn function(resource: &Resource<'_>, globals: &Value, scope: &Scope<'_>) -> Result<Function> {
    let own_or_global = |name: &str| {
        let (own, at) = resource.property(name);
        scope.read::<Option<u32>>(if own.is_null() { &globals[name] } else { own }, &at)
    };
    let (own, at) = resource.property("Environment");
    let mut environment = variables(&globals["Environment"], "Globals.Function.Environment", scope)?;
    environment.extend(variables(own, &at, scope)?);
    Ok(Function {
        logical_id: resource.logical_id.to_owned(),
        binary: resource.binary()?.to_owned(),
        environment,
        // Lambda's own defaults, which SAM leaves as they are.
        timeout: Duration::from_secs(own_or_global("Timeout")?.unwrap_or(3).into()),
        memory_mb: own_or_global("MemorySize")?.unwrap_or(128),
    })
}

fn variables(environment: &Value, at: &str, scope: &Scope<'_>) -> Result<BTreeMap<String, String>> {
    let at = format!("{at}.Variables");
    let variables: Option<BTreeMap<String, Value>> = scope.read(&environment["Variables"], &at)?;
    let as_text = |(name, value): (String, Value)| match text(&value) {
        Some(text) => Ok((name, text)),
        None => Err(TemplateError::at(&format!("{at}.{name}"), format!("a text belongs here, not {value}"))),
    };
    variables.unwrap_or_default().into_iter().map(as_text).collect()
}
