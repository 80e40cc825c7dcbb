//! CloudFormation's intrinsic functions and conditions, those of them that the template needs.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, from_value};

use super::error::{Result, TemplateError};

/// CloudFormation has no such limit, but refuses conditions that refer to each other in a circle.
const DEEPEST: usize = 32;

/// What names stand for while a template is resolved.
pub(super) struct Scope<'a> {
    /// Parameters and resources (what `Ref` gives), and `Resource.Attribute` (what `GetAtt` gives).
    pub names: BTreeMap<String, Value>,
    /// The template's `Conditions`, as written.
    pub conditions: &'a Value,
}

/// A scalar as CloudFormation passes it on: everything is text there.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// The function's name and argument, if the object is a call of one.
fn call(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((name, argument)), None) if name == "Ref" || name.starts_with("Fn::") => Some((name, argument)),
        _ => None,
    }
}

fn arguments<'v, const N: usize>(name: &str, argument: &'v Value, at: &str) -> Result<&'v [Value; N]> {
    argument
        .as_array()
        .and_then(|list| list.as_slice().try_into().ok())
        .ok_or_else(|| TemplateError::at(at, format!("{name} takes a list of {N}, not {argument}")))
}

impl Scope<'_> {
    /// Resolves a value and reads it as a `T`.
    pub fn read<T: DeserializeOwned>(&self, value: &Value, at: &str) -> Result<T> {
        from_value(self.resolve(value, at)?).map_err(|error| TemplateError::at(at, error))
    }

    /// Resolves a value that must be a scalar.
    pub fn text(&self, value: &Value, at: &str) -> Result<String> {
        let value = self.resolve(value, at)?;
        text(&value).ok_or_else(|| TemplateError::at(at, format!("a text belongs here, not {value}")))
    }

    /// Whether the condition of that name holds.
    pub fn condition(&self, name: &str, at: &str) -> Result<bool> {
        self.named(name, at, DEEPEST)
    }

    fn resolve(&self, value: &Value, at: &str) -> Result<Value> {
        match value {
            Value::Object(map) => match call(map) {
                Some((name, argument)) => self.apply(name, argument, at),
                None => map
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.resolve(value, &format!("{at}.{key}"))?)))
                    .collect(),
            },
            Value::Array(items) => items.iter().map(|item| self.resolve(item, at)).collect(),
            scalar => Ok(scalar.clone()),
        }
    }

    fn apply(&self, name: &str, argument: &Value, at: &str) -> Result<Value> {
        match name {
            "Ref" => self.name(&self.text(argument, at)?, at),
            "Fn::GetAtt" => {
                let [resource, attribute] = arguments(name, argument, at)?;
                self.name(&format!("{}.{}", self.text(resource, at)?, self.text(attribute, at)?), at)
            }
            "Fn::Sub" => Ok(self.substitute(argument, at)?.into()),
            "Fn::Split" => {
                let [delimiter, text] = arguments(name, argument, at)?;
                let (delimiter, text) = (self.text(delimiter, at)?, self.text(text, at)?);
                Ok(text.split(&delimiter).collect())
            }
            "Fn::If" => {
                let [condition, yes, no] = arguments(name, argument, at)?;
                let holds = self.condition(&self.text(condition, at)?, at)?;
                self.resolve(if holds { yes } else { no }, at)
            }
            _ => Err(TemplateError::at(at, format!("{name} is not understood here"))),
        }
    }

    fn name(&self, name: &str, at: &str) -> Result<Value> {
        self.names.get(name).cloned().ok_or_else(|| {
            let problem = "is no parameter, resource or attribute that is understood here";
            TemplateError::at(at, format!("{name:?} {problem}"))
        })
    }

    /// A text with `${name}` replaced.
    fn substitute(&self, argument: &Value, at: &str) -> Result<String> {
        let mut rest = argument.as_str().ok_or_else(|| TemplateError::at(at, "Fn::Sub takes a text"))?;
        let mut filled = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| TemplateError::at(at, "Fn::Sub: `${` is not closed"))?;
            let value = self.name(name, at)?;
            filled += before;
            filled +=
                &text(&value).ok_or_else(|| TemplateError::at(at, format!("${{{name}}} is not a text")))?;
            rest = after;
        }
        Ok(filled + rest)
    }

    fn named(&self, name: &str, at: &str, depth: usize) -> Result<bool> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| TemplateError::at(at, "conditions refer to each other in a circle"))?;
        let condition = self
            .conditions
            .get(name)
            .ok_or_else(|| TemplateError::at(at, format!("no condition {name:?}")))?;
        self.holds(condition, &format!("Conditions.{name}"), depth)
    }

    fn holds(&self, condition: &Value, at: &str, depth: usize) -> Result<bool> {
        if let Some(name) = condition["Condition"].as_str() {
            return self.named(name, at, depth);
        }
        match condition.as_object().and_then(call) {
            Some((name @ "Fn::Equals", argument)) => {
                let [one, other] = arguments(name, argument, at)?;
                Ok(self.text(one, at)? == self.text(other, at)?)
            }
            Some((name @ "Fn::Not", argument)) => {
                let [condition] = arguments(name, argument, at)?;
                self.holds(condition, at, depth).map(|holds| !holds)
            }
            _ => Err(TemplateError::at(at, format!("{condition} is no condition that is understood here"))),
        }
    }
}
