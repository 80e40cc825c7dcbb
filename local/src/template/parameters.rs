//! The template's `Parameters`, and the pseudo parameters that every stack has.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Number, Value, json};

use super::intrinsics::text;
use super::{Result, TemplateError};
use crate::account::{ACCOUNT, REGION};

const PSEUDO: [(&str, &str); 5] = [
    ("AWS::AccountId", ACCOUNT),
    ("AWS::Partition", "aws"),
    ("AWS::Region", REGION),
    ("AWS::StackName", "local"),
    ("AWS::URLSuffix", "amazonaws.com"),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    r#type: Type,
    default: Option<Value>,
    #[serde(default)]
    allowed_values: Vec<Value>,
    allowed_pattern: Option<String>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_value: Option<f64>,
    max_value: Option<f64>,
}

#[derive(Deserialize)]
enum Type {
    String,
    Number,
    CommaDelimitedList,
}

/// The value of every declared parameter and pseudo parameter.
pub(super) fn resolve(declared: &Value, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, Value>> {
    let declared: BTreeMap<String, Value> = match declared {
        Value::Null => BTreeMap::new(),
        map => serde_json::from_value(map.clone()).map_err(|error| TemplateError::at("Parameters", error))?,
    };
    if let Some(name) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(TemplateError::at(
            &format!("Parameters.{name}"),
            "given, but the template declares no such parameter",
        ));
    }
    let mut names: BTreeMap<_, _> = PSEUDO.map(|(name, value)| (name.to_owned(), json!(value))).into();
    for (name, parameter) in declared {
        let value = resolve_one(parameter, given.get(&name), &format!("Parameters.{name}"))?;
        names.insert(name, value);
    }
    Ok(names)
}

fn resolve_one(parameter: Value, given: Option<&String>, at: &str) -> Result<Value> {
    let parameter: Parameter =
        serde_json::from_value(parameter).map_err(|error| TemplateError::at(at, error))?;
    let value = given
        .cloned()
        .or_else(|| parameter.default.as_ref().and_then(text))
        .ok_or_else(|| TemplateError::at(at, "has no default: give a value"))?;
    match parameter.r#type {
        Type::String => {
            parameter.check(&value, at)?;
            Ok(json!(value))
        }
        Type::Number => {
            parameter.check(&value, at)?;
            parameter.number(&value, at)
        }
        Type::CommaDelimitedList => {
            let items: Vec<_> = value.split(',').map(str::trim).collect();
            items.iter().try_for_each(|item| parameter.check(item, at))?;
            Ok(json!(items))
        }
    }
}

impl Parameter {
    fn number(&self, value: &str, at: &str) -> Result<Value> {
        let number: Number =
            value.parse().map_err(|_| TemplateError::at(at, format!("{value:?} is no number")))?;
        let least = self.min_value.unwrap_or(f64::NEG_INFINITY);
        let most = self.max_value.unwrap_or(f64::INFINITY);
        match number.as_f64() {
            Some(float) if (least..=most).contains(&float) => Ok(Value::Number(number)),
            _ => Err(TemplateError::at(at, format!("{value} is not between {least} and {most}"))),
        }
    }

    fn check(&self, value: &str, at: &str) -> Result<()> {
        let length = value.chars().count();
        let refuse = |rule: String| Err(TemplateError::at(at, format!("{value:?} {rule}")));
        if let Some(least) = self.min_length.filter(|least| length < *least) {
            return refuse(format!("is shorter than MinLength {least}"));
        }
        if let Some(most) = self.max_length.filter(|most| length > *most) {
            return refuse(format!("is longer than MaxLength {most}"));
        }
        let mut allowed = self.allowed_values.iter().filter_map(text);
        if !self.allowed_values.is_empty() && !allowed.any(|allowed| allowed == value) {
            return refuse(format!("is not one of {}", json!(self.allowed_values)));
        }
        match &self.allowed_pattern {
            Some(pattern) if !matches(pattern, value, at)? => refuse(format!("does not match {pattern}")),
            _ => Ok(()),
        }
    }
}

/// CloudFormation wants the whole value to match.
fn matches(pattern: &str, value: &str, at: &str) -> Result<bool> {
    Regex::new(&format!("^(?:{pattern})$"))
        .map(|regex| regex.is_match(value))
        .map_err(|error| TemplateError::at(at, format!("AllowedPattern: {error}")))
}
