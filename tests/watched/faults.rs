//! The faults of docs/faults.md, each while it lasts: which alarm comes, and after how many requests of an API.

use std::{collections::BTreeMap, thread};

use futures_util::future::join_all;

use super::{
    attacks::{rings, told},
    lines::Line,
    timeline::Happening,
};
use crate::{
    faults::every_fault::{CASES, Case, ROUTES, Service, broken, call},
    secrecy::logs::Lines,
    support::project::{FUNCTIONS, USERS, WEBHOOKS, routed},
};

/// A request every so many seconds.
const EVERY: f64 = 10.0;
/// In all a quarter of an hour, the longest that an alarm on these looks back.
const TIMES: usize = 90;
/// So many wait for AWS at a time.
const AT_ONCE: usize = 8;

/// The line that each route writes under a fault. Lines are caught by thread, so each fault has its own.
fn lines_under(case: &'static Case, service: Service) -> Vec<Line> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (lines, _guard) = Lines::capture();
    runtime.block_on(async {
        let (system, _stand) = broken(case, service).await;
        lines.take();
        join_all((0..ROUTES.len()).map(|route| call(&system, route))).await;
    });
    let routes = routed();
    let serves = |route: &str, function: &str| routes.contains(&(function.to_owned(), route.to_owned()));
    let of = |route: &str| FUNCTIONS.into_iter().find(|function| serves(route, function)).expect(route);
    let requests = lines.take().into_iter().filter(|line| line["message"] == "request");
    let line = |line: serde_json::Value| {
        let of = of(line["route"].as_str().unwrap());
        Line { kind: case.does, of, text: line.to_string() }
    };
    requests.map(line).collect()
}

type Faults = Vec<(&'static Case, [Vec<Line>; 2])>;

/// The lines under every fault of KMS and of DynamoDB.
fn all_lines() -> Faults {
    let both = |case: &'static Case| {
        [Service::Kms, Service::DynamoDb].map(|service| thread::spawn(move || lines_under(case, service)))
    };
    let batches = CASES.chunks(AT_ONCE / 2).flat_map(|cases| {
        let running: Vec<_> = cases.iter().map(|case| (case, both(case))).collect();
        running.into_iter().map(|(case, both)| (case, both.map(|one| one.join().unwrap())))
    });
    batches.collect()
}

/// Requests of one API alone, which its functions take in turn. What is given up takes 4.5 to 8 s, on both sides of
/// the 5 s of `WebhookSlowAlarm`: whether that one comes too is the machine's affair.
async fn rung(lines: &[Line], api: &[&str]) -> BTreeMap<String, usize> {
    let of = |function: &str| lines.iter().find(|line| line.of == function).expect(function).clone();
    let requests: Vec<_> = api.iter().map(|function| Happening::Line(of(function))).collect();
    let mut rung = rings(&requests, TIMES, EVERY).await;
    rung.remove("WebhookSlow");
    rung
}

async fn cell(lines: &[Line]) -> [String; 2] {
    [told(&rung(lines, &WEBHOOKS).await), told(&rung(lines, &USERS).await)]
}

/// The table of docs/alarms.md.
pub async fn table() -> String {
    let mut table = vec!["| | at the webhook | at the client API |\n|---|---|---|\n".to_owned()];
    for (case, [kms, dynamodb]) in all_lines() {
        let cells = [cell(&kms).await, cell(&dynamodb).await];
        let rows = if cells[0] == cells[1] {
            vec![("KMS or DynamoDB", &cells[0])]
        } else {
            vec![("KMS", &cells[0]), ("DynamoDB", &cells[1])]
        };
        for (services, [webhook, client]) in rows {
            table.push(format!("| {services} {} | {webhook} | {client} |\n", case.does));
        }
    }
    table.concat()
}
