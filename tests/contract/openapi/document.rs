//! docs/openapi.yaml, and what it says of an answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, Mutex},
};

use jsonschema::{Validator, draft202012};
use local::template::yaml;
use serde_json::{Value, json};

use crate::support::{project::root, system::Answer};

/// The document.
pub struct Document {
    pub value: Value,
    /// Those that were asked for, by their schemas: making one takes milliseconds.
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

impl Document {
    pub fn read() -> Self {
        let text = fs::read_to_string(root().join("docs/openapi.yaml")).unwrap();
        Self { value: yaml::parse(&text).unwrap(), validators: Mutex::default() }
    }

    /// The operations by their route, as API Gateway writes it.
    pub fn operations(&self) -> BTreeMap<String, &Value> {
        let mut operations = BTreeMap::new();
        for (path, item) in self.value["paths"].as_object().unwrap() {
            let fields = item.as_object().unwrap().iter();
            for (method, operation) in fields.filter(|(name, _)| *name != "parameters" && *name != "servers")
            {
                operations.insert(format!("{} {path}", method.to_uppercase()), operation);
            }
        }
        operations
    }

    pub fn operation(&self, route: &str) -> &Value {
        self.operations().remove(route).unwrap_or_else(|| panic!("{route} is not in the document"))
    }

    /// The statuses of a route.
    pub fn statuses(&self, route: &str) -> BTreeSet<u16> {
        let responses = self.operation(route)["responses"].as_object().unwrap();
        responses.keys().map(|status| status.parse().unwrap()).collect()
    }

    /// The names and schemas of a route's query parameters.
    pub fn queries(&self, route: &str) -> Vec<(&str, &Value)> {
        let parameters = self.operation(route)["parameters"].as_array().into_iter().flatten();
        let queries = parameters.filter(|parameter| parameter["in"] == "query");
        queries.map(|query| (query["name"].as_str().unwrap(), &query["schema"])).collect()
    }

    /// What a route says of its body, where it takes one.
    pub fn body(&self, route: &str) -> Option<&Value> {
        let body = self.operation(route).get("requestBody")?;
        Some(&self.resolve(body)["content"]["application/json"])
    }

    /// What a `$ref` stands for, or the value itself.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(place) => self.resolve(self.value.pointer(place.trim_start_matches('#')).unwrap()),
            None => value,
        }
    }

    /// A validator of one of the document's schemas.
    pub fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let make = || {
            let mut schema = schema.clone();
            schema["components"] = self.value["components"].clone();
            Arc::new(draft202012::new(&schema).unwrap())
        };
        Arc::clone(validators.entry(schema.to_string()).or_insert_with(make))
    }

    /// Where a function's answer is not what the document says of its status on that route.
    pub fn objections(&self, route: &str, answer: &Answer) -> Vec<String> {
        let response = &self.operation(route)["responses"][answer.status.to_string()];
        if response.is_null() {
            return vec![format!("{} is not in the document", answer.status)];
        }
        let response = self.resolve(response);
        let validator = self.validator(&response["content"]["application/json"]["schema"]);
        let of_body = validator.iter_errors(&answer.body).map(|error| error.to_string());
        let mut objections: Vec<String> = of_body.chain(self.of_headers(response, answer)).collect();
        if answer.status != 200 && !answer.body["code"].is_string() {
            objections.push("the refusal has no code".into());
        }
        objections
    }

    /// A function's answer has the headers that the document names, and no other.
    fn of_headers(&self, response: &Value, answer: &Answer) -> Vec<String> {
        let named = response["headers"].as_object().into_iter().flatten();
        let named = named.map(|(name, header)| (name.to_lowercase(), &self.resolve(header)["schema"]));
        let named: BTreeMap<String, &Value> = named.collect();
        if !named.keys().eq(answer.headers.keys().filter(|name| *name != "content-type")) {
            return vec![format!("the document names the headers {:?}", named.keys())];
        }
        let fits = |name: &String, schema: &Value| {
            let text = &answer.headers[name];
            let number = text.parse::<u64>().ok().filter(|_| schema["type"] == "integer");
            self.validator(schema).is_valid(&number.map_or_else(|| json!(text), |number| json!(number)))
        };
        let wrong = named.into_iter().filter(|(name, schema)| !fits(name, schema));
        wrong.map(|(name, _)| format!("{name} is not as the document says")).collect()
    }
}
