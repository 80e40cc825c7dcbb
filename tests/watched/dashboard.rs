//! The dashboard: one screen, a question a row, and nothing in it that isn't there. docs/dashboard.svg is a picture of it.

mod picture;

use std::collections::BTreeSet;

use serde_json::Value;

use super::metrics::Filter;
use crate::stack::template::{Stack, Variant};

/// Units of height that a screen of 1080 lines shows.
const SCREEN: u32 = 19;
const WIDTH: u32 = 24;

const QUESTIONS: [&str; 4] =
    ["Is Portal served?", "Is the app served?", "Is anything wrong with shares?", "Is anybody at the keys?"];

/// The widgets of a stack's dashboard.
fn widgets(stack: &Stack) -> Vec<Value> {
    let body = stack.properties("Dashboard")["DashboardBody"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    body["widgets"].as_array().unwrap().clone()
}

/// Its left, its upper edge, its width and its height.
fn place(widget: &Value) -> [u32; 4] {
    ["x", "y", "width", "height"].map(|name| widget[name].as_u64().unwrap().try_into().unwrap())
}

/// The metrics that a widget shows: namespace, name, and a dimension's value where there is one.
fn metrics(widget: &Value) -> Vec<[&str; 3]> {
    let metrics = widget["properties"]["metrics"].as_array().into_iter().flatten();
    metrics
        .filter(|metric| metric[0].is_string())
        .map(|metric| [0, 1, 3].map(|index| metric[index].as_str().unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn it_is_one_screen_without_gaps_whose_rows_ask_four_questions() {
    let widgets = widgets(Variant::Production.expanded().await);
    let mut covered = BTreeSet::new();
    for widget in &widgets {
        let [x, y, width, height] = place(widget);
        for cell in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            assert!(covered.insert(cell), "two widgets at {cell:?}");
        }
    }
    assert_eq!(covered, (0..WIDTH).flat_map(|x| (0..SCREEN).map(move |y| (x, y))).collect());
    let titles = widgets.iter().filter(|widget| widget["x"] == 0 && widget["type"] == "metric");
    let titles: Vec<_> = titles.map(|widget| widget["properties"]["title"].as_str().unwrap()).collect();
    assert!(titles.iter().zip(QUESTIONS).all(|(title, question)| title.starts_with(question)), "{titles:?}");
    assert_eq!(titles.len(), QUESTIONS.len());
}

#[tokio::test]
async fn it_shows_every_metric_of_ours_every_rule_and_every_alarm_and_none_that_is_not_there() {
    let stack = Variant::Production.expanded().await;
    let widgets = widgets(stack);
    let shown: Vec<_> = widgets.iter().flat_map(metrics).collect();
    let ours: BTreeSet<&str> =
        shown.iter().filter(|[space, ..]| *space == "backups").map(|[_, name, _]| *name).collect();
    let filters = Filter::all(stack);
    let (divided, total): (Vec<_>, Vec<_>) = filters.iter().partition(|filter| filter.is_divided());
    assert_eq!(ours, total.iter().map(|filter| filter.metric.as_str()).collect());
    let all = serde_json::to_string(&widgets).unwrap();
    for filter in divided {
        let search = format!(r#"SEARCH('{{backups,route}} MetricName=\"{}\"'"#, filter.metric);
        assert!(all.contains(&search), "{search}");
    }
    let rules: BTreeSet<&str> =
        shown.iter().filter(|[space, ..]| *space == "AWS/Events").map(|[.., rule]| *rule).collect();
    assert_eq!(rules, stack.of_type("AWS::Events::Rule").into_keys().collect());
    for [space, _, of] in shown.iter().filter(|[space, ..]| space.starts_with("AWS/")) {
        assert!(stack.properties(of).is_object(), "{space} of {of}");
    }
    let alarms = widgets.iter().find(|widget| widget["type"] == "alarm").unwrap();
    let alarms = alarms["properties"]["alarms"].as_array().unwrap().iter();
    let alarms: BTreeSet<_> = alarms.map(|arn| arn.as_str().unwrap().rsplit(':').next().unwrap()).collect();
    assert_eq!(alarms, stack.of_type("AWS::CloudWatch::Alarm").into_keys().collect());
}

/// Above everything else.
#[tokio::test]
async fn it_says_when_nobody_is_told_and_when_changes_of_roles_are_not_watched() {
    let says =
        |stack: &'static Stack| widgets(stack)[0]["properties"]["markdown"].as_str().unwrap().to_owned();
    let blind = says(Variant::Production.expanded().await);
    assert!(blind.contains("Nobody is told") && blind.contains("Role changes are not watched"), "{blind}");
    let seeing = says(Variant::Everything.expanded().await);
    assert!(seeing.contains("Somebody is told") && seeing.contains("Role changes are watched"), "{seeing}");
}
