//! `Fn::Sub`.

use serde_json::{Map, Value};

use super::intrinsics::{Scope, arguments, text};
use super::{Result, TemplateError};

impl Scope<'_> {
    /// A text with `${name}` replaced, or a list of such a text and a map of names of its own.
    pub fn substitute(&self, argument: &Value, at: &str) -> Result<Value> {
        if let Value::String(text) = argument {
            return self.fill(text, &Map::new(), at);
        }
        let [text, own] = arguments("Fn::Sub", argument, at)?;
        let text = text.as_str().ok_or_else(|| TemplateError::at(at, "Fn::Sub takes a text"))?;
        self.fill(text, &self.read(own, at)?, at)
    }

    fn fill(&self, text: &str, own: &Map<String, Value>, at: &str) -> Result<Value> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| TemplateError::at(at, "Fn::Sub: `${` is not closed"))?;
            result += before;
            result += &self.substitution(name, own, at)?;
            rest = after;
        }
        Ok((result + rest).into())
    }

    /// What `${name}` stands for; `${!name}` stands for the text `${name}`.
    fn substitution(&self, name: &str, own: &Map<String, Value>, at: &str) -> Result<String> {
        if let Some(literal) = name.strip_prefix('!') {
            return Ok(format!("${{{literal}}}"));
        }
        let value = match own.get(name) {
            Some(value) => value.clone(),
            None => self.name(name, at)?,
        };
        text(&value).ok_or_else(|| TemplateError::at(at, format!("${{{name}}} is not a text")))
    }
}
