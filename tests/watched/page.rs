//! docs/alarms.md, made of what the tests find.

use super::{alarms, attacks, changes, faults, metrics};
use crate::documents::made::assert_made;

#[tokio::test]
async fn docs_alarms_md_shows_what_sets_off_which_alarm() {
    let tables = [
        ("alarms", alarms::table().await),
        ("lines", metrics::table().await),
        ("attacks", attacks::table().await),
        ("faults", faults::table().await),
        ("changes", changes::table().await),
    ];
    assert_made("docs/alarms.md", &tables);
}
