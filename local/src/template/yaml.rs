//! YAML to JSON, with CloudFormation's short tags (`!Ref x`) in their long form (`{"Ref": "x"}`).

use saphyr::{LoadableYamlNode, Scalar, Tag, Yaml};
use serde_json::{Map, Value, json};

use super::{
    error::{Result, TemplateError},
    evaluate::text,
};

/// The one document of a YAML text, as JSON.
///
/// # Errors
/// When it is not one document, or holds what is not understood.
pub fn parse(text: &str) -> Result<Value> {
    let documents =
        Yaml::load_from_str(text).map_err(|error| TemplateError::at("the template is not YAML", error))?;
    match documents.as_slice() {
        [document] => convert(document),
        _ => Err(TemplateError::at(
            "the template",
            format!("{} YAML documents where one belongs", documents.len()),
        )),
    }
}

fn convert(node: &Yaml) -> Result<Value> {
    match node {
        Yaml::Value(scalar) => Ok(convert_scalar(scalar)),
        Yaml::Sequence(items) => items.iter().map(convert).collect(),
        Yaml::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| Ok((key_text(key)?, convert(value)?)))
            .collect::<Result<Map<_, _>>>()
            .map(Value::Object),
        Yaml::Tagged(tag, inner) => Ok(long_form(tag, convert(inner)?)),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            Err(TemplateError::at("the template", format!("a YAML value that is not understood: {node:?}")))
        }
    }
}

fn convert_scalar(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => json!(value),
        Scalar::Integer(value) => json!(value),
        Scalar::FloatingPoint(value) => json!(value.into_inner()),
        Scalar::String(text) => json!(text),
    }
}

fn key_text(key: &Yaml) -> Result<String> {
    let key = convert(key)?;
    text(&key).ok_or_else(|| TemplateError::at("the template", format!("{key} as a key")))
}

fn long_form(tag: &Tag, argument: Value) -> Value {
    let name = match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    };
    let argument = match (&argument, argument.as_str().and_then(|s| s.split_once('.'))) {
        (Value::String(_), Some((resource, attribute))) if name == "Fn::GetAtt" => {
            json!([resource, attribute])
        }
        _ => argument,
    };
    json!({ name: argument })
}
