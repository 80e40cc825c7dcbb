//! The template's `Conditions`.

use serde_json::Value;

use super::intrinsics::{Scope, arguments, call};
use super::{Result, TemplateError};

/// CloudFormation has no such limit, but refuses conditions that refer to each other in a circle.
const DEEPEST: usize = 32;

impl Scope<'_> {
    /// Whether the condition of that name holds.
    pub fn condition(&self, name: &str, at: &str) -> Result<bool> {
        self.named(name, at, DEEPEST)
    }

    fn named(&self, name: &str, at: &str, depth: usize) -> Result<bool> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| TemplateError::at(at, "conditions refer to each other in a circle"))?;
        let condition = self
            .conditions
            .get(name)
            .ok_or_else(|| TemplateError::at(at, format!("no condition {name:?}")))?;
        self.evaluate(condition, &format!("Conditions.{name}"), depth)
    }

    fn evaluate(&self, condition: &Value, at: &str, depth: usize) -> Result<bool> {
        if let Some(name) = condition.get("Condition").and_then(Value::as_str) {
            return self.named(name, at, depth);
        }
        let (name, argument) = condition
            .as_object()
            .and_then(call)
            .ok_or_else(|| TemplateError::at(at, format!("{condition} is no condition")))?;
        match name {
            "Fn::Equals" => {
                let [one, other] = arguments(name, argument, at)?;
                Ok(self.text(one, at)? == self.text(other, at)?)
            }
            "Fn::Not" => {
                let [condition] = arguments(name, argument, at)?;
                self.evaluate(condition, at, depth).map(|holds| !holds)
            }
            "Fn::And" => Ok(self.each(argument, at, depth)?.iter().all(|holds| *holds)),
            "Fn::Or" => Ok(self.each(argument, at, depth)?.iter().any(|holds| *holds)),
            _ => Err(TemplateError::at(at, format!("{name} is not understood here"))),
        }
    }

    fn each(&self, conditions: &Value, at: &str, depth: usize) -> Result<Vec<bool>> {
        let conditions = conditions
            .as_array()
            .ok_or_else(|| TemplateError::at(at, "a list of conditions belongs here"))?;
        conditions.iter().map(|condition| self.evaluate(condition, at, depth)).collect()
    }
}
