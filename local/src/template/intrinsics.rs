//! CloudFormation's intrinsic functions.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Result, TemplateError};

/// What names stand for while a template is resolved.
pub(super) struct Scope<'a> {
    /// Parameters, pseudo parameters and resources (what `Ref` gives), and `Resource.Attribute` (what `GetAtt` gives).
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
pub(super) fn call(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((name, argument)), None) if name == "Ref" || name.starts_with("Fn::") => Some((name, argument)),
        _ => None,
    }
}

/// A function's arguments, of which there must be exactly `N`.
pub(super) fn arguments<'v, const N: usize>(
    name: &str,
    argument: &'v Value,
    at: &str,
) -> Result<&'v [Value; N]> {
    argument
        .as_array()
        .and_then(|list| list.as_slice().try_into().ok())
        .ok_or_else(|| TemplateError::at(at, format!("{name} takes a list of {N}, not {argument}")))
}

impl Scope<'_> {
    /// Resolves a value and reads it as a `T`.
    pub fn read<T: DeserializeOwned>(&self, value: &Value, at: &str) -> Result<T> {
        let value = self.resolve(value, at)?.unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|error| TemplateError::at(at, error))
    }

    /// Resolves a value; none is `AWS::NoValue`, which leaves out the property or list item that holds it.
    pub fn resolve(&self, value: &Value, at: &str) -> Result<Option<Value>> {
        match value {
            Value::Object(map) => match call(map) {
                Some((name, argument)) => self.apply(name, argument, at),
                None => self.resolve_map(map, at).map(Some),
            },
            Value::Array(items) => self.resolve_list(items, at).map(Some),
            scalar => Ok(Some(scalar.clone())),
        }
    }

    fn resolve_map(&self, map: &Map<String, Value>, at: &str) -> Result<Value> {
        let resolve = |(key, value): (&String, &Value)| {
            let value = self.resolve(value, &format!("{at}.{key}"))?;
            Ok(value.map(|value| (key.clone(), value)))
        };
        let entries = map.iter().filter_map(|entry| resolve(entry).transpose());
        entries.collect::<Result<_>>().map(Value::Object)
    }

    fn resolve_list(&self, items: &[Value], at: &str) -> Result<Value> {
        let items = items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| self.resolve(item, &format!("{at}[{index}]")).transpose());
        items.collect::<Result<_>>().map(Value::Array)
    }

    fn apply(&self, name: &str, argument: &Value, at: &str) -> Result<Option<Value>> {
        match name {
            "Ref" if argument == "AWS::NoValue" => Ok(None),
            "Ref" => self.name(&self.text(argument, at)?, at).map(Some),
            "Fn::GetAtt" => self.attribute(argument, at).map(Some),
            "Fn::Sub" => self.substitute(argument, at).map(Some),
            "Fn::Join" => self.join(argument, at).map(Some),
            "Fn::Split" => self.split(argument, at).map(Some),
            "Fn::Select" => self.select(argument, at).map(Some),
            "Fn::If" => self.choose(argument, at),
            _ => Err(TemplateError::at(at, format!("{name} is not understood here"))),
        }
    }

    /// What a name stands for.
    pub fn name(&self, name: &str, at: &str) -> Result<Value> {
        self.names.get(name).cloned().ok_or_else(|| {
            TemplateError::at(
                at,
                format!("{name:?} is no parameter, pseudo parameter, or resource attribute that is understood here"),
            )
        })
    }

    fn attribute(&self, argument: &Value, at: &str) -> Result<Value> {
        let [resource, attribute] = arguments("Fn::GetAtt", argument, at)?;
        let name = format!("{}.{}", self.text(resource, at)?, self.text(attribute, at)?);
        self.name(&name, at)
    }

    fn join(&self, argument: &Value, at: &str) -> Result<Value> {
        let [delimiter, list] = arguments("Fn::Join", argument, at)?;
        let list: Vec<String> = self.read(list, at)?;
        Ok(list.join(&self.text(delimiter, at)?).into())
    }

    fn split(&self, argument: &Value, at: &str) -> Result<Value> {
        let [delimiter, text] = arguments("Fn::Split", argument, at)?;
        let (delimiter, text) = (self.text(delimiter, at)?, self.text(text, at)?);
        Ok(text.split(&delimiter).collect())
    }

    fn select(&self, argument: &Value, at: &str) -> Result<Value> {
        let [index, list] = arguments("Fn::Select", argument, at)?;
        let list: Vec<Value> = self.read(list, at)?;
        let index = self.text(index, at)?;
        let item = index.parse().ok().and_then(|index: usize| list.get(index));
        item.cloned().ok_or_else(|| TemplateError::at(at, format!("Fn::Select has no item {index}")))
    }

    fn choose(&self, argument: &Value, at: &str) -> Result<Option<Value>> {
        let [condition, yes, no] = arguments("Fn::If", argument, at)?;
        let holds = self.condition(&self.text(condition, at)?, at)?;
        self.resolve(if holds { yes } else { no }, at)
    }

    /// Resolves a value that must be a scalar.
    pub fn text(&self, value: &Value, at: &str) -> Result<String> {
        let value = self.resolve(value, at)?.unwrap_or(Value::Null);
        text(&value).ok_or_else(|| TemplateError::at(at, format!("a text belongs here, not {value}")))
    }
}
