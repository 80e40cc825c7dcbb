//! What every alarm is: to whom it goes, what it says, and what it stands on.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use super::{alarm::Alarm, metrics::Filter, runbook};
use crate::{
    stack::template::{Stack, Variant},
    support::project::root,
};

/// What a message calls the page that says what to do.
pub const PAGE: &str = "See docs/runbook.md: ";

async fn stack() -> &'static Stack {
    Variant::Production.expanded().await
}

#[tokio::test]
async fn missing_data_never_alarms_and_the_topic_hears_of_the_end_too() {
    let stack = stack().await;
    for alarm in Alarm::all(stack) {
        assert_eq!(alarm.properties["TreatMissingData"], "notBreaching", "{}", alarm.name);
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm.properties[actions], json!(["AlarmTopic"]), "{}", alarm.name);
        }
    }
}

#[tokio::test]
async fn a_topic_of_ones_own_takes_the_place_of_the_stacks() {
    let kinds = ["AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"];
    for (variant, made) in [(Variant::Production, [1, 1, 0]), (Variant::Everything, [1, 1, 1])] {
        let stack = variant.expanded().await;
        assert_eq!(kinds.map(|kind| stack.of_type(kind).len()), made, "{variant:?}");
    }
}

/// CloudWatch and EventBridge publish, and nobody else is let in.
#[tokio::test]
async fn the_topic_lets_alarms_and_rules_publish() {
    let policy = &stack().await.properties("AlarmTopicPolicy")["PolicyDocument"];
    let statements = policy["Statement"].as_array().unwrap().iter();
    let may: Vec<_> = statements.map(|one| (&one["Principal"], &one["Action"], &one["Resource"])).collect();
    let [alarms, rules] =
        ["cloudwatch", "events"].map(|name| json!({"Service": format!("{name}.amazonaws.com")}));
    let (publish, topic) = (json!("sns:Publish"), json!("AlarmTopic"));
    assert_eq!(may, [(&alarms, &publish, &topic), (&rules, &publish, &topic)]);
}

#[tokio::test]
async fn an_alarm_says_which_stack_what_it_means_what_to_do_first_and_where_the_page_is() {
    let headings = runbook::headings();
    for alarm in Alarm::all(stack().await) {
        let text = alarm.properties["AlarmDescription"].as_str().unwrap();
        assert!(text.starts_with("backups: ") && text.contains(" First: ") && text.len() < 1024, "{text}");
        let (_, heading) = text.split_once(PAGE).expect(text);
        assert!(headings.contains(heading), "docs/runbook.md has no heading {heading:?}");
    }
}

#[tokio::test]
async fn no_alarm_stands_on_a_metric_with_dimensions_of_ours_or_on_one_that_no_filter_gives() {
    let stack = stack().await;
    let filters = Filter::all(stack);
    let total: BTreeSet<&str> =
        filters.iter().filter(|filter| !filter.is_divided()).map(|filter| filter.metric.as_str()).collect();
    for alarm in Alarm::all(stack) {
        for metric in alarm.read() {
            if metric["Namespace"] == "backups" {
                assert_eq!(metric["Dimensions"], Value::Null, "{}", alarm.name);
                assert!(total.contains(metric["MetricName"].as_str().unwrap()), "{metric}");
            } else {
                let of = metric["Dimensions"][0]["Value"].as_str().unwrap();
                assert!(stack.properties(of).is_object(), "{metric}");
            }
        }
    }
}

/// AWS's limits: seven days, one for periods under an hour, and ten metrics in an expression (`PutMetricAlarm`, "CloudWatch
/// service quotas").
#[tokio::test]
async fn an_alarm_is_within_what_cloudwatch_takes() {
    for alarm in Alarm::all(stack().await) {
        let periods = alarm.properties["EvaluationPeriods"].as_f64().unwrap();
        let longest = if alarm.period() < 3600.0 { 86_400.0 } else { 604_800.0 };
        assert!(alarm.period() * periods <= longest, "{}", alarm.name);
        assert!(alarm.read().len() <= 10, "{}", alarm.name);
    }
}

#[test]
fn every_number_has_its_reason_beside_it() {
    let text = fs::read_to_string(root().join("watched.yaml")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let numbers = lines.windows(2).filter(|pair| pair[1].starts_with("      Threshold: "));
    let mut count = 0;
    for pair in numbers {
        assert!(pair[0].starts_with("      # "), "{}: {}", pair[1], pair[0]);
        count += 1;
    }
    assert!(count > 10, "{count} numbers were found");
}

/// What it stands on, in words.
fn condition(alarm: &Alarm) -> String {
    let minutes = alarm.period() / 60.0;
    let read: BTreeSet<_> =
        alarm.read().iter().map(|metric| metric["MetricName"].as_str().unwrap()).collect();
    let read: Vec<_> = read.into_iter().map(|name| format!("`{name}`")).collect();
    let threshold = match &alarm.properties["Threshold"] {
        Value::Null => "what is usual".into(),
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    let at_least = alarm.properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold";
    let compared = if at_least { "at least" } else { "over" };
    let percent = if alarm.properties["Metrics"][0]["Id"] == "percent" { " %, and 2" } else { "" };
    let periods = &alarm.properties["EvaluationPeriods"];
    let of = &alarm.properties["DatapointsToAlarm"];
    let times = match (periods, of) {
        (periods, Value::Null) if periods == 1 => String::new(),
        (periods, Value::Null) => format!(", {periods} times in a row"),
        (periods, of) => format!(", {of} times of {periods}"),
    };
    format!("{}: {compared} {threshold}{percent} in {minutes} min{times}", read.join(", "))
}

/// The table of docs/alarms.md.
pub async fn table() -> String {
    let rows = Alarm::all(stack().await).into_iter().map(|alarm| {
        let heading = alarm.properties["AlarmDescription"].as_str().unwrap().split_once(PAGE).unwrap().1;
        format!("| `{}Alarm` | {} | {} |\n", alarm.name, condition(&alarm), runbook::link(heading))
    });
    format!("| alarm | when | then |\n|---|---|---|\n{}", rows.collect::<String>())
}
