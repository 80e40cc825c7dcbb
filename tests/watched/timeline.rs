//! What CloudWatch has of metrics, of the lines that came and when, and of what AWS itself counts with each.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    lines::{Line, camel},
    metrics::Filter,
};

/// Something that happens to a stack.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A function or an API writes a line.
    Line(Line),
    /// A function ends before it answers.
    Crash(&'static str),
    /// Lambda has no instance for a function.
    Throttle(&'static str),
}

/// The points of every metric, each a second and a value, in the order of time.
pub struct Timeline {
    filters: Vec<Filter>,
    points: BTreeMap<String, Vec<(f64, f64)>>,
}

/// How a metric is named here: namespace, name, and its dimension's value: a logical id, or for a route its function.
pub fn name_of(namespace: &str, metric: &str, dimension: &str) -> String {
    format!("{namespace} {metric} {dimension}")
}

impl Timeline {
    /// An empty one, of a stack's filters.
    pub fn of(filters: Vec<Filter>) -> Self {
        Self { filters, points: BTreeMap::new() }
    }

    fn push(&mut self, at: f64, namespace: &str, metric: &str, dimension: &str, value: f64) {
        self.points.entry(name_of(namespace, metric, dimension)).or_default().push((at, value));
    }

    /// Counts what happens at a second. Later ones come later.
    pub fn add(&mut self, at: f64, happening: &Happening) {
        match happening {
            Happening::Line(line) => {
                let (group, said) = (line.group(), line.json());
                let count = |filter: &Filter| {
                    let dimension = if filter.is_divided() { line.of } else { "" };
                    Some((filter.metric.clone(), dimension, filter.reads(&group, said.as_ref())?))
                };
                let counted: Vec<_> = self.filters.iter().filter_map(count).collect();
                for (metric, dimension, value) in counted {
                    self.push(at, "backups", &metric, dimension, value);
                }
                let said = said.expect("a line of JSON");
                self.request(at, line.of, status(&said["status"]), said["ms"].as_f64());
            }
            Happening::Crash(function) => {
                self.push(at, "AWS/Lambda", "Errors", &format!("{}Function", camel(function)), 1.0);
                self.request(at, function, 500, None);
            }
            Happening::Throttle(function) => {
                self.push(at, "AWS/Lambda", "Throttles", &format!("{}Function", camel(function)), 1.0);
                self.request(at, function, 503, None);
            }
        }
    }

    /// What API Gateway counts. Its own latency is left out.
    fn request(&mut self, at: f64, of: &str, status: u64, ms: Option<f64>) {
        let api = if of.starts_with("webhook") { "WebhookApi" } else { "ClientApi" };
        self.push(at, "AWS/ApiGateway", "Count", api, 1.0);
        for (metric, of_hundred) in [("4xx", 4), ("5xx", 5)] {
            self.push(at, "AWS/ApiGateway", metric, api, f64::from(u8::from(status / 100 == of_hundred)));
        }
        if let Some(ms) = ms {
            self.push(at, "AWS/ApiGateway", "Latency", api, ms);
        }
    }

    /// The values of a metric between two seconds.
    pub fn between(&self, name: &str, from: f64, to: f64) -> impl Iterator<Item = f64> {
        let points = self.points.get(name).map_or(&[][..], Vec::as_slice);
        let start = points.partition_point(|(at, _)| *at < from);
        points[start..].iter().take_while(move |(at, _)| *at < to).map(|(_, value)| *value)
    }
}

/// Functions write a number, and API Gateway a text.
fn status(written: &Value) -> u64 {
    written.as_str().map_or_else(|| written.as_u64().unwrap(), |text| text.parse().unwrap())
}
