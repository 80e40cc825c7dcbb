//! What it costs to be told: the table of docs/cost.md, counted in the template.

use std::collections::BTreeSet;

use super::{alarm::Alarm, metrics::Filter};
use crate::{documents::made::assert_made, stack::template::Variant, support::project::FUNCTIONS};

/// Cents a month, from the page "Amazon CloudWatch pricing".
const ALARM: usize = 10;
const DASHBOARD: usize = 300;
const METRIC: usize = 30;
/// An alarm on what is usual is three: the metric and both edges of its band.
const LEARNT: usize = 3;

fn dollars(cents: usize) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[tokio::test]
async fn docs_cost_md_says_what_it_costs_to_be_told() {
    let stack = Variant::Production.expanded().await;
    let read = |alarm: &Alarm| if alarm.is_learnt() { LEARNT } else { alarm.read().len() };
    let alarms: usize = Alarm::all(stack).iter().map(read).sum();
    let idle = alarms * ALARM + DASHBOARD;
    assert!(idle < 1500, "an idle stack pays {}", dollars(idle));
    let filters = Filter::all(stack);
    let metrics: BTreeSet<_> = filters.iter().map(|filter| (&filter.metric, filter.is_divided())).collect();
    let metrics: usize = metrics.iter().map(|(_, divided)| if *divided { FUNCTIONS.len() } else { 1 }).sum();
    let table = format!(
        "| | number | each | a month |\n|---|---|---|---|\n\
         | metrics that alarms read | {alarms} | {} | {} |\n\
         | the dashboard | 1 | {} | {} |\n\
         | **an idle stack** | | | **{}** |\n\
         | metrics of ours, for each hour in which a line counts | at most {metrics} | {} | at most {} |\n",
        dollars(ALARM),
        dollars(alarms * ALARM),
        dollars(DASHBOARD),
        dollars(DASHBOARD),
        dollars(idle),
        dollars(METRIC),
        dollars(metrics * METRIC)
    );
    assert_made("docs/cost.md", &[("told", table)]);
}
