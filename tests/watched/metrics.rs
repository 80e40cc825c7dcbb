//! The metric filters of the template, run over lines that the real functions wrote under real faults: which line counts in
//! which metric, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    filter_pattern::{FilterPattern, metric_value},
    lines::{self, Line},
};
use crate::stack::template::{Stack, Variant};

/// A metric filter of the template.
pub struct Filter {
    /// Its logical id.
    pub id: String,
    /// The logical id of the log group whose lines it reads.
    pub group: String,
    pub pattern: FilterPattern,
    pub metric: String,
    value: String,
    dimensions: Vec<Value>,
}

impl Filter {
    /// All filters of a stack.
    pub fn all(stack: &Stack) -> Vec<Self> {
        let filters = stack.of_type("AWS::Logs::MetricFilter").into_iter();
        filters.map(|(id, filter)| Self::read(id, &filter["Properties"])).collect()
    }

    fn read(id: &str, filter: &Value) -> Self {
        let [transformation] = &filter["MetricTransformations"].as_array().unwrap()[..] else {
            panic!("{id}: CloudWatch takes one transformation")
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        assert_eq!(transformation["MetricNamespace"], "backups", "{id}: the namespace is the stack's name");
        assert!(transformation.get("DefaultValue").is_none(), "{id}: an idle stack would pay for it");
        Self {
            id: id.into(),
            group: text(&filter["LogGroupName"]),
            pattern: FilterPattern::parse(filter["FilterPattern"].as_str().unwrap()),
            metric: text(&transformation["MetricName"]),
            value: text(&transformation["MetricValue"]),
            dimensions: transformation["Dimensions"].as_array().cloned().unwrap_or_default(),
        }
    }

    /// What a line adds to the metric.
    pub fn count(&self, line: &Line) -> Option<f64> {
        self.reads(&line.group(), line.json().as_ref())
    }

    /// The same of a line that is read already, by its log group.
    pub fn reads(&self, group: &str, line: Option<&Value>) -> Option<f64> {
        let reads = self.group == group && self.pattern.matches(line);
        reads.then(|| metric_value(&self.value, line.unwrap()))
    }

    /// Whether the metric has a dimension, and so no total.
    pub fn is_divided(&self) -> bool {
        !self.dimensions.is_empty()
    }
}

/// What a line counts as: a number for each metric.
pub fn counts(filters: &[Filter], line: &Line) -> BTreeMap<String, f64> {
    let found = filters.iter().filter_map(|filter| Some((filter.metric.clone(), filter.count(line)?)));
    found.collect()
}

async fn filters() -> Vec<Filter> {
    Filter::all(Variant::Production.expanded().await)
}

#[tokio::test]
async fn every_line_counts_in_the_metrics_that_it_should_and_in_no_other() {
    let filters = filters().await;
    for line in lines::recorded().await {
        let expected = lines::expected(line).into_iter().map(|(metric, value)| (metric.to_owned(), value));
        assert_eq!(counts(&filters, line), expected.collect(), "{} of {}: {}", line.kind, line.of, line.text);
    }
}

#[tokio::test]
async fn every_filter_counts_a_line_that_was_written_and_passes_over_another() {
    let lines = lines::recorded().await;
    for filter in filters().await {
        let here: Vec<_> = lines.iter().filter(|line| line.group() == filter.group).collect();
        let counted = here.iter().filter(|line| filter.count(line).is_some()).count();
        assert!(counted > 0 && counted < here.len(), "{}: {counted} of {}", filter.id, here.len());
    }
}

/// So that a change of what a line says fails here, and not on the day on which nobody is woken.
#[tokio::test]
async fn a_request_is_counted_by_its_route() {
    let divided: BTreeSet<_> =
        filters().await.into_iter().filter(Filter::is_divided).map(|filter| filter.metric).collect();
    assert_eq!(divided, ["Errors", "Requests"].map(String::from).into());
    let routes = lines::recorded().await.iter().filter_map(|line| {
        let line: Value = serde_json::from_str(&line.text).ok()?;
        (line["message"] == "request").then(|| line["route"].as_str().unwrap().to_owned())
    });
    assert_eq!(routes.collect::<BTreeSet<_>>().len(), 5);
}

/// The table of docs/alarms.md: the kinds of lines, and what each counts as.
pub async fn table() -> String {
    let mut rows = BTreeMap::<&str, BTreeMap<&str, BTreeSet<&str>>>::new();
    for line in lines::recorded().await {
        let of = rows.entry(line.kind).or_default();
        for (metric, _) in lines::expected(line) {
            of.entry(metric).or_default().insert(line.of);
        }
    }
    let mut table = vec!["| line | counts as |\n|---|---|\n".to_owned()];
    for kind in lines::kinds().await {
        let metrics: Vec<_> = rows[kind].keys().map(|metric| format!("`{metric}`")).collect();
        let metrics = if metrics.is_empty() { "nothing".into() } else { metrics.join(", ") };
        table.push(format!("| {kind} | {metrics} |\n"));
    }
    table.concat()
}
