//! Requests made from the document: as it says, or with one thing wrong.

use fastrand::Rng;
use serde_json::{Value, json};

use super::document::Document;
use crate::{
    secrecy::logs::percent,
    support::event::{CLIENT, Event},
};

/// What may become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is as the document says: 200, or 404 where it asks for what is not there.
    Served,
    /// The document does not allow it: 400 or 413.
    Refused,
    /// Nothing proves who calls: 401.
    Unproved,
    /// Whoever calls may not: 403.
    Forbidden,
    /// It is odd in a way that a schema can't say: anything but a failure of ours.
    Answered,
}

impl Fate {
    /// Whether a status fits.
    pub fn fits(self, status: u16) -> bool {
        match self {
            Self::Served => [200, 404].contains(&status),
            Self::Refused => [400, 413].contains(&status),
            Self::Unproved => status == 401,
            Self::Forbidden => status == 403,
            Self::Answered => status < 500,
        }
    }
}

/// Values that are wrong nearly everywhere.
const ODD: [&str; 9] = ["null", "7", "[]", "{}", "true", "\"\"", "\"undefined\"", "\" \"", "[null]"];
const ODD_TEXTS: [&str; 6] = ["#", "a b", "-", "undefined", "\u{e9}", "\0"];
/// Names that were meant to choose a share.
const ODD_NAMES: [&str; 6] =
    ["backup_method", "backupmethod", "method", "pairId", "backupSharePairId[]", "id"];

/// Makes requests of one route.
pub struct Requests<'a> {
    pub document: &'a Document,
    pub route: &'a str,
    pub function: &'a str,
}

impl Requests<'_> {
    /// A request and its fate. `kind` says what is wrong with it, if anything.
    pub fn make(&self, rng: &mut Rng, kind: usize) -> (Event, Fate) {
        let id = &self.document.value["components"]["schemas"]["Id"];
        let client = if rng.bool() { CLIENT.to_owned() } else { text(rng, id) };
        let is_user = self.route.contains("{clientId}");
        let event = Event::of(self.function);
        let event = if is_user { event.client(&client) } else { event };
        match kind % 6 {
            0 | 1 => (self.filled(rng, event), Fate::Served),
            2 => self.with_an_odd_part(rng, event),
            3 => self.with_an_odd_whole(rng, event),
            4 => (
                self.filled(rng, event).authorizer(json!({})).without_header("x-webhook-secret"),
                Fate::Unproved,
            ),
            _ if is_user => (self.filled(rng, event).token_of("another"), Fate::Forbidden),
            _ => (self.filled(rng, event).source_ip("192.0.2.1"), Fate::Forbidden),
        }
    }

    fn filled(&self, rng: &mut Rng, event: Event) -> Event {
        let event = event.query(&query(&self.pairs(rng)));
        match self.document.body(self.route) {
            Some(body) => event.body(self.sample(rng, &body["schema"])),
            None => event,
        }
    }

    /// With one value of the body or the query that is another than it may be.
    fn with_an_odd_part(&self, rng: &mut Rng, event: Event) -> (Event, Fate) {
        let Some(body) = self.document.body(self.route) else {
            return self.with_an_odd_parameter(rng, event);
        };
        let mut sent = self.sample(rng, &body["schema"]);
        let places = places(&sent);
        let (parent, name) = rng.choice(&places).unwrap();
        let fields = sent.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match rng.u8(..8) {
            0 => drop(fields.remove(name)),
            1 => drop(fields.insert(name.clone(), json!("x".repeat(131_073)))),
            _ => drop(fields.insert(name.clone(), serde_json::from_str(rng.choice(&ODD).unwrap()).unwrap())),
        }
        let is_allowed = self.document.validator(&body["schema"]).is_valid(&sent);
        (event.body(sent), if is_allowed { Fate::Answered } else { Fate::Refused })
    }

    fn with_an_odd_parameter(&self, rng: &mut Rng, event: Event) -> (Event, Fate) {
        let (name, schema) = rng.choice(self.document.queries(self.route)).unwrap();
        let text = *rng.choice(&ODD_TEXTS).unwrap();
        let is_allowed = self.document.validator(schema).is_valid(&json!(text));
        let event = event.query(&query(&[(name.to_owned(), text.to_owned())]));
        (event, if is_allowed { Fate::Answered } else { Fate::Refused })
    }

    /// With a body that ends too early, a parameter that is repeated or one that nobody knows.
    fn with_an_odd_whole(&self, rng: &mut Rng, event: Event) -> (Event, Fate) {
        if let Some(body) = self.document.body(self.route) {
            let text: Vec<char> = self.sample(rng, &body["schema"]).to_string().chars().collect();
            let end = rng.usize(..text.len());
            return (event.body(text[..end].iter().collect::<String>()), Fate::Refused);
        }
        let (name, schema) = rng.choice(self.document.queries(self.route)).unwrap();
        let pair = (name.to_owned(), text(rng, self.document.resolve(schema)));
        let odd = ((*rng.choice(&ODD_NAMES).unwrap()).to_owned(), "x".to_owned());
        let pairs = [pair.clone(), if rng.bool() { pair } else { odd }];
        (event.query(&query(&pairs)), Fate::Refused)
    }

    fn pairs(&self, rng: &mut Rng) -> Vec<(String, String)> {
        let mut queries = self.document.queries(self.route);
        queries.retain(|_| rng.bool());
        let pair =
            |(name, schema): (&str, &Value)| (name.to_owned(), text(rng, self.document.resolve(schema)));
        queries.into_iter().map(pair).collect()
    }

    /// A value that a schema allows.
    fn sample(&self, rng: &mut Rng, schema: &Value) -> Value {
        let validator = self.document.validator(schema);
        let mut tries = (0..10_000).map(|_| self.draft(rng, schema));
        tries.find(|value| validator.is_valid(value)).unwrap_or_else(|| panic!("nothing fits {schema}"))
    }

    /// A value that a schema may allow: what its parts say together is not looked at.
    fn draft(&self, rng: &mut Rng, schema: &Value) -> Value {
        let schema = self.document.resolve(schema);
        if let Some(choices) = schema["anyOf"].as_array() {
            let choice = rng.choice(choices).unwrap();
            return self.draft(rng, choice);
        }
        match schema["type"].as_str() {
            Some("object") => self.object(rng, schema),
            Some("string") => json!(text(rng, schema)),
            _ => schema["const"].clone(),
        }
    }

    fn object(&self, rng: &mut Rng, schema: &Value) -> Value {
        let mut fields = schema["properties"].as_object().unwrap().clone();
        fields.retain(|_, _| rng.bool());
        for schema in fields.values_mut() {
            *schema = self.draft(rng, schema);
        }
        if rng.bool() {
            fields.insert("unknown".into(), json!({"a": [1, null]}));
        }
        Value::Object(fields)
    }
}

/// An example or, as often, a text of the length and alphabet that a schema names.
fn text(rng: &mut Rng, schema: &Value) -> String {
    if let Some(examples) = schema["examples"].as_array().filter(|_| rng.bool()) {
        return rng.choice(examples).unwrap().as_str().unwrap().to_owned();
    }
    let most = schema["maxLength"].as_u64().unwrap_or(64).min(4096).try_into().unwrap();
    let length = if rng.u8(..4) == 0 { most } else { rng.usize(1..=most) };
    let more: &[char] = match schema.get("pattern") {
        Some(_) => &['_', '.', ':', '-'],
        None => &['"', '\\', '{', '\n', '\u{e9}', '\u{1f511}'],
    };
    let first = rng.alphanumeric();
    let rest =
        (1..length).map(|_| if rng.u8(..8) == 0 { *rng.choice(more).unwrap() } else { rng.alphanumeric() });
    let rest: String = rest.collect();
    format!("{first}{rest}")
}

/// A query, some of its characters encoded though they need not be.
fn query(pairs: &[(String, String)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-+".contains(&byte);
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", percent(value, |byte| plain(*byte))));
    pairs.collect::<Vec<_>>().join("&")
}

/// Every field of a JSON value: its object, as a JSON pointer, and its name.
fn places(value: &Value) -> Vec<(String, String)> {
    let fields = value.as_object().into_iter().flatten();
    let below = |(name, value): (&String, &Value)| {
        let deeper = places(value).into_iter().map(|(parent, below)| (format!("/{name}{parent}"), below));
        [(String::new(), name.clone())].into_iter().chain(deeper).collect::<Vec<_>>()
    };
    fields.flat_map(below).collect()
}
