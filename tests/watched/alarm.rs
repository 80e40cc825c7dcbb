//! When an alarm of the template rings (AWS's pages "Using Amazon CloudWatch alarms" and "Using math expressions"). Of
//! expressions, those that the template has are known here; any other panics.

use serde_json::Value;

use super::timeline::{Timeline, name_of};
use crate::stack::template::Stack;

/// An alarm of the template.
pub struct Alarm {
    /// Its logical id without `Alarm`.
    pub name: String,
    pub properties: Value,
}

/// The share of failed requests, in percent, once two have failed.
const SHARE: &str = "IF(failed >= 2, 100 * failed / requests, 0)";
const TOTAL: &str = "SUM(FILL(METRICS(), 0))";
/// AWS learns what is usual. Nothing here does.
const USUAL: &str = "ANOMALY_DETECTION_BAND(";

impl Alarm {
    /// All alarms of a stack, in the order of their names.
    pub fn all(stack: &Stack) -> Vec<Self> {
        let alarms = stack.of_type("AWS::CloudWatch::Alarm").into_iter();
        let name = |id: &str| id.strip_suffix("Alarm").expect(id).to_owned();
        alarms.map(|(id, alarm)| Self { name: name(id), properties: alarm["Properties"].clone() }).collect()
    }

    /// Whether it compares with what AWS has learnt.
    pub fn is_learnt(&self) -> bool {
        self.expression().is_some_and(|expression| expression.starts_with(USUAL))
    }

    fn metrics(&self) -> impl Iterator<Item = &Value> {
        self.properties["Metrics"].as_array().into_iter().flatten()
    }

    fn expression(&self) -> Option<&str> {
        self.metrics().find_map(|metric| metric["Expression"].as_str())
    }

    /// The metrics that it reads: itself, or those of its expression.
    pub fn read(&self) -> Vec<&Value> {
        if self.properties["MetricName"].is_string() {
            return vec![&self.properties];
        }
        self.metrics()
            .map(|metric| &metric["MetricStat"]["Metric"])
            .filter(|metric| metric.is_object())
            .collect()
    }

    /// Seconds of one period.
    pub fn period(&self) -> f64 {
        let own = self.properties["Period"].as_f64();
        let own = own.or_else(|| self.metrics().find_map(|metric| metric["MetricStat"]["Period"].as_f64()));
        own.unwrap()
    }

    fn threshold(&self) -> f64 {
        match &self.properties["Threshold"] {
            Value::String(text) => text.parse().unwrap(),
            number => number.as_f64().unwrap(),
        }
    }

    /// Periods that it looks at, and those of them that must be over the threshold.
    fn periods(&self) -> (u32, usize) {
        let number = |name: &str| self.properties[name].as_u64();
        let all = number("EvaluationPeriods").unwrap();
        let over = number("DatapointsToAlarm").unwrap_or(all);
        (all.try_into().unwrap(), over.try_into().unwrap())
    }

    /// Whether it rings in the period in which this second lies. Missing data never alarms.
    pub fn rings(&self, timeline: &Timeline, now: f64) -> bool {
        let period = self.period();
        let start = (now / period).floor() * period;
        let (all, over) = self.periods();
        let breaching = (0..all).map(|number| start - f64::from(number) * period);
        breaching.filter(|from| self.is_over(timeline, *from, from + period)).count() >= over
    }

    fn is_over(&self, timeline: &Timeline, from: f64, to: f64) -> bool {
        self.value(timeline, from, to).is_some_and(|value| {
            let operator = self.properties["ComparisonOperator"].as_str().unwrap();
            match operator {
                "GreaterThanThreshold" => value > self.threshold(),
                "GreaterThanOrEqualToThreshold" => value >= self.threshold(),
                other => panic!("{other}"),
            }
        })
    }

    fn value(&self, timeline: &Timeline, from: f64, to: f64) -> Option<f64> {
        let values = |metric: &Value| -> Vec<f64> { timeline.between(&name(metric), from, to).collect() };
        match (self.expression(), &self.read()[..]) {
            (Some(SHARE), [failed, requests]) => {
                let [failed, requests] = [failed, requests].map(|metric| sum(&values(metric)));
                Some(if failed? >= 2.0 { 100.0 * failed? / requests? } else { 0.0 })
            }
            (Some(TOTAL), all) => Some(all.iter().filter_map(|metric| sum(&values(metric))).sum()),
            (None, [metric]) if metric["ExtendedStatistic"] == "p99" => percentile(values(metric)),
            (None, [metric]) if metric["Statistic"] == "Sum" => sum(&values(metric)),
            other => panic!("{}: not known here: {other:?}", self.name),
        }
    }
}

fn name(metric: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    name_of(
        &text(&metric["Namespace"]),
        &text(&metric["MetricName"]),
        &text(&metric["Dimensions"][0]["Value"]),
    )
}

fn sum(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum())
}

/// The smallest value that 99 of a hundred don't exceed.
fn percentile(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * 99).div_ceil(100).checked_sub(1)?;
    values.get(rank).copied()
}
