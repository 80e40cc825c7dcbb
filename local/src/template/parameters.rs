//! The template's `Parameters`, and the pseudo parameters that every stack has. Their constraints are CloudFormation's to
//! hold: on a desk every value is a constant.

use std::collections::BTreeMap;

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
        Type::String => Ok(json!(value)),
        Type::Number => {
            let number: Number =
                value.parse().map_err(|_| TemplateError::at(at, format!("{value:?} is no number")))?;
            Ok(Value::Number(number))
        }
        Type::CommaDelimitedList => Ok(value.split(',').map(str::trim).collect()),
    }
}
