//! The template's `Rules`: what its parameters must be to each other.

use serde::Deserialize;
use serde_json::Value;

use super::intrinsics::Scope;
use super::{Result, TemplateError};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Rule {
    assertions: Vec<Assertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Assertion {
    assert: Value,
    assert_description: String,
}

/// Every assertion must hold; the error of one that doesn't is its own description.
pub(super) fn check(rules: &Value, scope: &Scope<'_>) -> Result<()> {
    for (name, rule) in rules.as_object().into_iter().flatten() {
        let at = format!("Rules.{name}");
        let rule: Rule =
            serde_json::from_value(rule.clone()).map_err(|error| TemplateError::at(&at, error))?;
        for assertion in rule.assertions {
            if !scope.holds(&assertion.assert, &at)? {
                return Err(TemplateError::at(&at, assertion.assert_description));
            }
        }
    }
    Ok(())
}
