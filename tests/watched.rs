//! Who is told what: the metrics that CloudWatch reads from real lines, the alarms on them, the changes that EventBridge
//! sees, the dashboard, and the page that says what to do.

mod alarm;
mod alarms;
mod attacks;
mod changes;
mod cost;
mod dashboard;
mod event_pattern;
mod faults;
mod filter_pattern;
mod lines;
mod metrics;
mod page;
mod runbook;
mod timeline;
mod week;
