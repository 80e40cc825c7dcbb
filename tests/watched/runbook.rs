//! docs/runbook.md: a heading for whatever somebody is told, also by a drill.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::{alarm::Alarm, alarms::PAGE, lines};
use crate::{stack::template::Variant, support::project::root};

fn page() -> String {
    fs::read_to_string(root().join("docs/runbook.md")).unwrap()
}

/// The page's headings.
pub fn headings() -> BTreeSet<String> {
    page().lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect()
}

/// A link to a heading, from a page beside it.
pub fn link(heading: &str) -> String {
    let words = heading.to_lowercase().replace(' ', "-");
    let anchor: String = words.chars().filter(|letter| letter.is_alphanumeric() || *letter == '-').collect();
    format!("[{heading}](runbook.md#{anchor})")
}

/// What is told to the topic: descriptions of alarms, and the messages of rules.
async fn told() -> Vec<String> {
    let stack = Variant::Production.expanded().await;
    let alarms = Alarm::all(stack).into_iter().map(|alarm| alarm.properties["AlarmDescription"].clone());
    let rules = stack.of_type("AWS::Events::Rule").into_values();
    let messages =
        rules.map(|rule| rule["Properties"]["Targets"][0]["InputTransformer"]["InputTemplate"].clone());
    alarms.chain(messages).map(|text: Value| text.as_str().unwrap().trim_matches('"').to_owned()).collect()
}

#[tokio::test]
async fn whatever_is_told_names_a_heading_that_is_there() {
    let headings = headings();
    for text in told().await {
        let (_, heading) = text.split_once(PAGE).expect(&text);
        assert!(headings.contains(heading), "docs/runbook.md has no heading {heading:?}");
    }
}

/// `custodian drill` names the page, then the heading between quotes.
#[test]
fn what_a_failed_drill_means_names_headings_that_are_there() {
    let source = fs::read_to_string(root().join("ops/src/drill/meaning.rs")).unwrap();
    let headings = headings();
    let named = source.split(r#"docs/runbook.md, \""#).skip(1).map(|rest| rest.split('\\').next().unwrap());
    for heading in named.clone() {
        assert!(headings.contains(heading), "docs/runbook.md has no heading {heading:?}");
    }
    assert!(named.count() > 10);
}

/// What is true and what is not, what to type first, and how one knows that it is over.
#[tokio::test]
async fn the_part_of_every_alarm_says_what_is_true_what_to_do_first_and_when_it_is_over() {
    let page = page();
    for text in told().await {
        let (_, heading) = text.split_once(PAGE).unwrap();
        let (_, part) = page.split_once(&format!("## {heading}\n")).unwrap();
        let part = part.split("\n## ").next().unwrap();
        for said in ["**True:**", "**Not:**", "**First:**", "**Over:**"] {
            assert!(part.contains(said), "{heading}: {said} is missing");
        }
    }
}

#[test]
fn what_may_happen_to_a_stack_has_a_heading() {
    for heading in [
        "A table is damaged",
        "A table was restored",
        "A Region is lost",
        "The stack is lost",
        "A key is disabled or is to be deleted",
        "The webhook secret has leaked",
        "A user's login was taken over",
        "The account was taken over",
        "Portal is gone",
        "An upgrade must go back",
    ] {
        assert!(headings().contains(heading), "docs/runbook.md has no heading {heading:?}");
    }
}

/// What CloudWatch Logs Insights has beside fields: its commands, its functions, and fields of its own.
const INSIGHTS: [&str; 20] = [
    "and",
    "as",
    "bin",
    "by",
    "count",
    "d",
    "desc",
    "fields",
    "filter",
    "ispresent",
    "like",
    "limit",
    "logStream",
    "requests",
    "shares",
    "sort",
    "stats",
    "sum",
    "timestamp",
    "or",
];

/// A query that asks for a field that no line has finds nothing, and says so to nobody.
#[tokio::test]
async fn every_query_of_the_runbook_asks_for_fields_that_lines_have() {
    let lines =
        lines::recorded().await.iter().filter_map(|line| serde_json::from_str::<Value>(&line.text).ok());
    let fields: BTreeSet<String> = lines
        .filter_map(|line| line.as_object().map(|line| line.keys().cloned().collect::<Vec<_>>()))
        .flatten()
        .collect();
    let page = page();
    let queries = page.split("asks '").skip(1).map(|rest| rest.split('\'').next().unwrap());
    for query in queries.clone() {
        for word in words(query) {
            assert!(fields.contains(word) || INSIGHTS.contains(&word), "{word} of {query:?} is no field");
        }
    }
    assert!(queries.count() > 10);
}

/// The words of a query outside of its texts and regular expressions.
fn words(query: &str) -> Vec<&str> {
    let outside = query.split('"').step_by(2).flat_map(|part| part.split('/').step_by(2));
    let words =
        outside.flat_map(|part| part.split(|letter: char| !letter.is_ascii_alphabetic() && letter != '_'));
    words.filter(|word| !word.is_empty()).collect()
}
