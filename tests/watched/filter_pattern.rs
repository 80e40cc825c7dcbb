//! What a filter pattern of CloudWatch Logs matches, of the patterns for JSON (AWS's page "Filter pattern syntax",
//! `FilterAndPatternSyntax.html`, whose examples are the tests).

use serde_json::Value;

/// A pattern such as `{ $.status >= 500 && $.cold IS TRUE }`.
pub struct FilterPattern(Condition);

enum Condition {
    Any(Vec<Self>),
    All(Vec<Self>),
    Compare { selector: String, operator: String, operand: Operand },
    Is { selector: String, value: Value },
    NotExists { selector: String },
}

enum Operand {
    Number(f64),
    /// Text, before and behind which a `*` stands for any other.
    Text(String),
}

impl FilterPattern {
    /// Reads a pattern. One that AWS would not take, or that is not for JSON, panics.
    pub fn parse(text: &str) -> Self {
        let inner = text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let mut words = words(inner.unwrap_or_else(|| panic!("{text} is no pattern for JSON")));
        words.reverse();
        let condition = any(&mut words);
        assert!(words.is_empty(), "{text}: {words:?} is left");
        Self(condition)
    }

    /// Whether a line matches. One that is not JSON matches none.
    pub fn matches(&self, line: Option<&Value>) -> bool {
        line.is_some_and(|line| self.0.holds(line))
    }
}

/// Quoted texts keep their first quote, so that nobody takes them for anything else.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => 1 + rest[1..].find('"').expect("a closing quote"),
            '(' | ')' => 1,
            '=' | '!' | '<' | '>' | '&' | '|' => rest.find(|c| !"=!<>&|".contains(c)).unwrap_or(rest.len()),
            _ => rest.find(|c: char| c.is_whitespace() || "()=!<>&|\"".contains(c)).unwrap_or(rest.len()),
        };
        words.push(rest[..length].to_owned());
        rest =
            rest[length..].strip_prefix('"').filter(|_| first == '"').unwrap_or(&rest[length..]).trim_start();
    }
    words
}

/// `&&` binds stronger than `||`.
fn any(words: &mut Vec<String>) -> Condition {
    Condition::Any(separated(words, "||", |words| Condition::All(separated(words, "&&", one))))
}

fn separated(
    words: &mut Vec<String>,
    separator: &str,
    part: fn(&mut Vec<String>) -> Condition,
) -> Vec<Condition> {
    let mut parts = vec![part(words)];
    while words.last().is_some_and(|word| word == separator) {
        words.pop();
        parts.push(part(words));
    }
    parts
}

fn one(words: &mut Vec<String>) -> Condition {
    let mut next = || words.pop().expect("more of the pattern");
    let selector = next();
    if selector == "(" {
        let inner = any(words);
        assert_eq!(words.pop().as_deref(), Some(")"));
        return inner;
    }
    assert!(selector.starts_with("$."), "{selector} is no selector");
    match next().as_str() {
        "IS" => Condition::Is { selector, value: literal(&next()) },
        "NOT" => {
            assert_eq!(next(), "EXISTS");
            Condition::NotExists { selector }
        }
        operator @ ("=" | "!=" | "<" | ">" | "<=" | ">=") => {
            Condition::Compare { selector, operator: operator.into(), operand: operand(&next()) }
        }
        other => panic!("{other} is no operator"),
    }
}

fn literal(word: &str) -> Value {
    match word {
        "TRUE" => Value::Bool(true),
        "FALSE" => Value::Bool(false),
        "NULL" => Value::Null,
        other => panic!("IS {other}"),
    }
}

fn operand(word: &str) -> Operand {
    match (word.strip_prefix('"'), word.parse()) {
        (Some(text), _) => Operand::Text(text.into()),
        (None, Ok(number)) => Operand::Number(number),
        (None, Err(_)) => Operand::Text(word.into()),
    }
}

impl Condition {
    fn holds(&self, line: &Value) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(line)),
            Self::All(parts) => parts.iter().all(|part| part.holds(line)),
            Self::NotExists { selector } => select(line, selector).is_none(),
            Self::Is { selector, value } => select(line, selector) == Some(value),
            Self::Compare { selector, operator, operand } => {
                select(line, selector).is_some_and(|found| operand.compares(operator, found))
            }
        }
    }
}

impl Operand {
    /// A list or an object fits no comparison, not even `!=`.
    fn compares(&self, operator: &str, found: &Value) -> bool {
        match (self, found) {
            (Self::Number(number), Value::Number(found)) => {
                let order = found.as_f64().and_then(|found| found.partial_cmp(number)).unwrap();
                match operator {
                    "=" => order.is_eq(),
                    "!=" => order.is_ne(),
                    "<" => order.is_lt(),
                    ">" => order.is_gt(),
                    "<=" => order.is_le(),
                    _ => order.is_ge(),
                }
            }
            (Self::Text(text), Value::String(found)) => match operator {
                "=" => like(text, found),
                "!=" => !like(text, found),
                other => panic!("{other} compares numbers"),
            },
            _ => false,
        }
    }
}

fn like(text: &str, found: &str) -> bool {
    let (end, text) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
    let (begin, text) = text.strip_suffix('*').map_or((false, text), |rest| (true, rest));
    match (end, begin) {
        (false, false) => found == text,
        (false, true) => found.starts_with(text),
        (true, false) => found.ends_with(text),
        (true, true) => found.contains(text),
    }
}

/// What stands at `$.a.b[0]`.
fn select<'a>(line: &'a Value, selector: &str) -> Option<&'a Value> {
    let pointer = selector.trim_start_matches('$').replace(['.', '['], "/").replace(']', "");
    line.pointer(&pointer)
}

/// The number that a metric gets from a line: a literal, or what a selector points at.
pub fn metric_value(value: &str, line: &Value) -> f64 {
    let number = value.parse().ok().or_else(|| select(line, value)?.as_f64());
    number.unwrap_or_else(|| panic!("no number at {value} of {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's two examples of a log event, in one line each.
    const EVENT: &str = r#"{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
        "objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true}"#;
    const USERS: &str = r#"{"user":{"id":1,"email":"John.Stiles@example.com"},"users":[{"id":2,"email":"John.Doe@example.com"},
        {"id":3,"email":"Jane.Doe@example.com"}],"actions":["GET","PUT","DELETE"],
        "coordinates":[[0,1,2],[4,5,6],[7,8,9]]}"#;

    fn json(line: &str) -> Option<Value> {
        serde_json::from_str(line).ok()
    }

    #[test]
    fn a_pattern_matches_what_awss_page_says_that_it_matches() {
        let names = r#"{"errorCode":400,"latency":1000.5,"numbers":[1],"name":"PutEvent"}"#;
        for (pattern, line, expected) in [
            (r#"{ $.eventType = "UpdateTrail" }"#, EVENT, true),
            ("{ $.sourceIPAddress != 123.123.* }", EVENT, true),
            ("{ $.sourceIPAddress != 111.111.* }", EVENT, false),
            (r#"{ $.arrayKey[0] = "value" }"#, EVENT, true),
            ("{ $.objectList[1].id = 2 }", EVENT, true),
            ("{ $.objectList[0].id = 2 }", EVENT, false),
            ("{ $.SomeObject IS NULL }", EVENT, true),
            ("{ $.SomeOtherObject IS NULL }", EVENT, false),
            ("{ $.SomeOtherObject NOT EXISTS }", EVENT, true),
            ("{ $.ThisFlag IS TRUE }", EVENT, true),
            ("{ $.ThisFlag IS FALSE }", EVENT, false),
            (r#"{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }"#, USERS, true),
            (r#"{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }"#, USERS, false),
            (
                r#"{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }"#,
                USERS,
                true,
            ),
            (
                r#"{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }"#,
                USERS,
                false,
            ),
            ("{ $.users = 1 }", r#"{"users":[1,2,3]}"#, false),
            ("{ $.users != 1 }", r#"{"users":[1,2,3]}"#, false),
            ("{$.foo = bar || $.foo = baz }", r#"{"foo":"baz"}"#, true),
            ("{ $.latency >= 500 }", names, true),
            ("{ $.numbers[0] < 10e3 }", names, true),
            ("{ $.numbers[0] < 10e-3 }", names, false),
            ("{ $.errorCode = 400 }", names, true),
            ("{ $.errorCode != 500 }", names, true),
            ("{ $.latency > +1000 }", names, true),
            ("{ $.name = *Event }", names, true),
            ("{ $.name = Put* }", names, true),
            (r#"{ $.name = "Put*" }"#, names, true),
            ("{ $.name = Ev*ent }", names, false),
        ] {
            assert_eq!(FilterPattern::parse(pattern).matches(json(line).as_ref()), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_json_matches_nothing() {
        for line in ["", "START RequestId: 1 Version: $LATEST", "thread 'main' panicked"] {
            assert!(!FilterPattern::parse("{ $.a NOT EXISTS }").matches(json(line).as_ref()), "{line}");
        }
    }

    #[test]
    fn a_value_is_a_number_or_what_the_line_has_there() {
        let line = json(r#"{"opened":3}"#).unwrap();
        let values = [metric_value("1", &line), metric_value("$.opened", &line)];
        assert!(values.iter().zip([1.0, 3.0]).all(|(value, expected)| (value - expected).abs() < 1e-9));
    }
}
