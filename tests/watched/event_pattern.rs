//! What an event pattern of EventBridge matches (AWS's pages "Event patterns" and "Content filtering", whose examples are the
//! tests), of the comparisons that the template uses. Any other panics.

use serde_json::Value;

/// Whether a pattern matches an event.
pub fn matches(pattern: &Value, event: &Value) -> bool {
    let fields = pattern.as_object().unwrap();
    fields.iter().all(|(name, wanted)| match (name.as_str(), wanted) {
        ("$or", Value::Array(alternatives)) => {
            alternatives.iter().any(|alternative| matches(alternative, event))
        }
        (_, Value::Array(values)) => field_matches(values, event.get(name)),
        // What lies below is looked for in each element of a list, and a field of nothing is absent.
        (_, below) => match event.get(name) {
            Some(Value::Array(elements)) => elements.iter().any(|element| matches(below, element)),
            Some(inner) => matches(below, inner),
            None => matches(below, &Value::Null),
        },
    })
}

fn field_matches(values: &[Value], found: Option<&Value>) -> bool {
    let leaves: Vec<&Value> = match found {
        None | Some(Value::Object(_)) => vec![],
        Some(Value::Array(elements)) => elements.iter().collect(),
        Some(leaf) => vec![leaf],
    };
    values.iter().any(|value| match value {
        Value::Object(comparison) => compares(comparison.iter().next().unwrap(), &leaves),
        plain => leaves.contains(&plain),
    })
}

fn compares((name, operand): (&String, &Value), leaves: &[&Value]) -> bool {
    let mut texts = leaves.iter().filter_map(|leaf| leaf.as_str());
    match (name.as_str(), operand) {
        ("exists", Value::Bool(exists)) => leaves.is_empty() != *exists,
        ("prefix", Value::String(prefix)) => texts.any(|text| text.starts_with(prefix.as_str())),
        ("suffix", Value::String(suffix)) => texts.any(|text| text.ends_with(suffix.as_str())),
        ("anything-but", Value::Array(others)) => leaves.iter().any(|leaf| !others.contains(leaf)),
        ("anything-but", other) if !other.is_object() => leaves.iter().any(|leaf| *leaf != other),
        other => panic!("{other:?} is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_matches_what_awss_pages_say_that_it_matches() {
        let event = json!({
            "version": "0", "source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification",
            "time": "2017-10-02T18:43:48Z", "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-02"],
            "detail": {"instance-id": "i-0123", "state": "running", "FileName": "a.png", "c-count": {"c1": 100}},
        });
        for (pattern, expected) in [
            (json!({"source": ["aws.ec2"], "detail": {"state": ["running"]}}), true),
            (json!({"source": ["aws.ec2"], "detail": {"state": ["running", "terminated"]}}), true),
            (json!({"source": ["aws.ec2"], "detail": {"state": ["terminated"]}}), false),
            (json!({"resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-02"]}), true),
            (json!({"time": [{"prefix": "2017-10-02"}]}), true),
            (json!({"time": [{"prefix": "2017-10-03"}]}), false),
            (json!({"detail": {"FileName": [{"suffix": ".png"}]}}), true),
            (json!({"detail": {"state": [{"anything-but": "initializing"}]}}), true),
            (json!({"detail": {"state": [{"anything-but": "running"}]}}), false),
            (json!({"detail": {"state": [{"anything-but": ["stopped", "overloaded"]}]}}), true),
            (json!({"detail": {"missing": [{"anything-but": "running"}]}}), false),
            (json!({"detail": {"missing": [{"exists": false}]}}), true),
            // It is no leaf.
            (json!({"detail": {"c-count": [{"exists": false}]}}), true),
            (json!({"detail": {"state": [{"exists": false}]}}), false),
            (json!({"detail": {"state": [{"exists": true}]}}), true),
            (json!({"detail": {"deeper": {"missing": [{"exists": false}]}}}), true),
            (json!({"detail": {"$or": [{"state": ["stopped"]}, {"FileName": [{"suffix": ".png"}]}]}}), true),
            (json!({"detail": {"$or": [{"state": ["stopped"]}, {"FileName": [{"suffix": ".jpg"}]}]}}), false),
        ] {
            assert_eq!(matches(&pattern, &event), expected, "{pattern}");
        }
    }

    #[test]
    fn a_field_below_a_list_is_looked_for_in_each_of_its_elements() {
        let event = json!({"detail": {"resources": [{"ARN": "one"}, {"ARN": "two"}]}});
        assert!(matches(&json!({"detail": {"resources": {"ARN": ["two"]}}}), &event));
        assert!(!matches(&json!({"detail": {"resources": {"ARN": ["three"]}}}), &event));
    }
}
