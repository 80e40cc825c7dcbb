//! Whatever KMS and DynamoDB do, a caller gets an honest answer in time. [`CASES`] is what docs/faults.md says.

use std::time::{Duration, Instant};

use faults::{Exception, Fate, Fault, Proxy, Seen};
use futures_util::{
    StreamExt,
    future::{join_all, ready},
    stream,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use webhook_fetch::answer::MAX_SHARES;

use crate::{
    documents::made::assert_made,
    support::{
        event::{CLIENT, Event},
        project::FUNCTIONS,
        runtime::invoke,
        system::{Answer, Item, System, aws_at},
    },
};

const SECOND: Duration = Duration::from_secs(1);
const NOWHERE: &str = "http://127.0.0.1:1";

/// A client of whom nothing is stored yet.
const NEW: &str = "new";

/// What one of the services does, and what the routes then answer, in the order of [`ROUTES`].
pub struct Case {
    pub does: &'static str,
    fault: Broken,
    kms: Outcomes,
    dynamodb: Outcomes,
}

/// The routes; the last has no business with KMS.
pub const ROUTES: [&str; 5] = [
    "`GET /portal/…/backup`",
    "`POST /portal/…/backup`",
    "`POST /webhook/backup`",
    "`POST /webhook/backup/fetch`",
    "`GET /portal/…/backups`",
];

pub enum Broken {
    /// This becomes of each call.
    Calls(fn(&Seen) -> Fate),
    /// No port is open.
    Unreachable,
    /// Connections come about, and nobody ever looks at them.
    Ignored,
}

/// A status, and the seconds within which it comes, with room for a busy machine.
type Outcome = (u16, u64);

/// Of each route.
type Outcomes = [Outcome; ROUTES.len()];

/// By the first answer, or by a retry.
const SERVED: Outcomes = [(200, 4); _];
/// The service has refused three times.
const REFUSED: Outcomes = [(503, 4); _];
/// It has kept silent for three attempts of 1.5 s, or the whole request has come to its end at 8 s.
const GIVEN_UP: Outcomes = [(503, 9); _];

const fn case(does: &'static str, fate: fn(&Seen) -> Fate, answers: Outcomes) -> Case {
    both(does, Broken::Calls(fate), answers)
}

/// Either service does it, and the list is served whatever KMS does.
const fn both(does: &'static str, fault: Broken, answers: Outcomes) -> Case {
    let [get, store, backup, fetch, _] = answers;
    Case { does, fault, kms: [get, store, backup, fetch, SERVED[4]], dynamodb: answers }
}

pub const CASES: [Case; 16] = [
    case("answers after 1 s", |_| Fate::Slow(SECOND), SERVED),
    case("throttles two calls", |call| first(call, 2, || refuse(Exception::THROTTLES)), SERVED),
    case("throttles every call", |_| refuse(Exception::THROTTLES), REFUSED),
    case("fails twice with 500", |call| first(call, 2, || refuse(Exception::DYNAMODB_FAILS)), SERVED),
    case("fails with 500", |_| refuse(Exception::DYNAMODB_FAILS), REFUSED),
    case("answers what is no JSON", |_| Fate::Before(Fault::Answer("{".into())), REFUSED),
    case("ends every answer in its middle", |_| Fate::Truncate, REFUSED),
    case("resets every connection", |_| Fate::Before(Fault::Reset), REFUSED),
    case(
        "does what is asked and resets the first connection",
        |call| first(call, 1, || Fate::After(Fault::Reset)),
        SERVED,
    ),
    case("does what is asked and resets every connection", |_| Fate::After(Fault::Reset), REFUSED),
    case(
        "does what is asked and leaves the first call without an answer",
        |call| first(call, 1, || Fate::After(Fault::Hang)),
        SERVED,
    ),
    case("does what is asked and never answers", |_| Fate::After(Fault::Hang), GIVEN_UP),
    case("hears of a call after 2 s", |_| Fate::Late(2 * SECOND), GIVEN_UP),
    Case {
        does: "answers a byte every 100 ms",
        fault: Broken::Calls(|_| Fate::Trickle(SECOND / 10)),
        kms: [GIVEN_UP[0], GIVEN_UP[1], GIVEN_UP[2], GIVEN_UP[3], SERVED[4]],
        // To an insert it answers with a dozen bytes.
        dynamodb: [GIVEN_UP[0], SERVED[1], SERVED[2], GIVEN_UP[3], GIVEN_UP[4]],
    },
    both("refuses connections", Broken::Unreachable, REFUSED),
    both("takes connections and never answers", Broken::Ignored, GIVEN_UP),
];

fn refuse(refusal: Exception) -> Fate {
    Fate::Before(Fault::Refuse(refusal))
}

/// So the first calls of an operation, and the others pass.
fn first(call: &Seen, count: usize, fate: impl Fn() -> Fate) -> Fate {
    if call.nth < count { fate() } else { Fate::Pass }
}

/// A service as a case has it.
pub enum Stand {
    Proxy(Proxy),
    Nothing,
    Listener(TcpListener),
}

impl Stand {
    async fn start(fault: &Broken, service: &str) -> Self {
        match fault {
            Broken::Calls(fate) => {
                let fate = *fate;
                Self::Proxy(Proxy::start(service, move |_, call| fate(call)).await.unwrap())
            }
            Broken::Unreachable => Self::Nothing,
            Broken::Ignored => Self::Listener(TcpListener::bind("127.0.0.1:0").await.unwrap()),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Proxy(proxy) => proxy.url.clone(),
            Self::Nothing => NOWHERE.into(),
            Self::Listener(listener) => format!("http://{}", listener.local_addr().unwrap()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Service {
    Kms,
    DynamoDb,
}

impl Case {
    const fn expected(&self, service: Service) -> Outcomes {
        match service {
            Service::Kms => self.kms,
            Service::DynamoDb => self.dynamodb,
        }
    }
}

/// A system that holds three custodian shares and a client share, one of whose services is then broken.
pub async fn broken(case: &Case, service: Service) -> (System, Stand) {
    let mut system = System::start().await;
    for share in ["one", "two", "three"] {
        assert_eq!(system.backup(json!({"clientId": CLIENT, "share": share})).await.status, 200);
    }
    assert_eq!(system.store(json!({"cipherText": "ours"})).await.status, 200);
    let (kms, dynamodb) = (system.kms_url.clone(), system.dynamodb_url.clone());
    let stand = Stand::start(&case.fault, if service == Service::Kms { &kms } else { &dynamodb }).await;
    let aws = match service {
        Service::Kms => aws_at(&dynamodb, &stand.url()),
        Service::DynamoDb => aws_at(&stand.url(), &kms),
    };
    system.reach_by(&aws);
    (system, stand)
}

/// Calls a route, and holds its answer to be honest: what it gives is all and nothing else, and what it acknowledges is
/// in the table by then.
pub async fn call(system: &System, route: usize) -> Outcome {
    let start = Instant::now();
    let answer = match route {
        0 => system.get("").await,
        1 => system.call(Event::of("store-backup").client(NEW).body(json!({"cipherText": "new"}))).await,
        2 => system.backup(json!({"clientId": NEW, "share": "new"})).await,
        3 => system.fetch().await,
        _ => system.list("").await,
    };
    let took = start.elapsed().as_secs() + 1;
    if answer.status == 200 {
        assert!(holds(system, route, &answer).await, "{}: {answer:?}", ROUTES[route]);
    } else {
        assert_eq!((answer.code(), answer.headers["retry-after"].as_str()), ("unavailable", "1"));
    }
    (answer.status, took)
}

async fn holds(system: &System, route: usize, answer: &Answer) -> bool {
    let is_new = |row: &Item| row["pk"].as_s().unwrap() == NEW;
    match route {
        0 => answer.body == json!({"cipherText": "ours", "backupShare": "ours"}),
        1 => system.rows("store-backup").await.iter().any(is_new),
        2 => system.rows("webhook-backup").await.iter().any(is_new),
        3 => answer.shares() == ["three", "two", "one"],
        _ => answer.body["backups"].as_array().unwrap().len() == 1,
    }
}

/// What of a case is not as expected.
async fn misses(case: &Case, service: Service) -> Vec<String> {
    let (system, _stand) = broken(case, service).await;
    let found = join_all((0..ROUTES.len()).map(|route| call(&system, route))).await;
    let missed =
        found.into_iter().zip(case.expected(service)).zip(ROUTES).filter(|((found, expected), _)| {
            let ((status, within), (expected_status, expected_within)) = (found, expected);
            status != expected_status || within > expected_within
        });
    missed.map(|((found, _), route)| format!("{service:?} {}, {route}: {found:?}", case.does)).collect()
}

/// The cases of which something is not as expected, with what that is.
async fn missed(
    cases: impl Iterator<Item = (&'static Case, Service)>,
    at_once: usize,
) -> Vec<(&'static Case, Service, Vec<String>)> {
    let run = stream::iter(cases)
        .map(async |(case, service)| (case, service, misses(case, service).await))
        .buffer_unordered(at_once);
    run.filter(|(.., misses)| ready(!misses.is_empty())).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_honestly_and_in_time_whatever_a_service_does() {
    let cases = CASES.iter().flat_map(|case| [(case, Service::Kms), (case, Service::DynamoDb)]);
    let busy = missed(cases, 10).await;
    // What took too long beside the others gets a second chance, alone.
    let missed = missed(busy.into_iter().map(|(case, service, _)| (case, service)), 1).await;
    assert!(missed.is_empty(), "{:#?}", missed.into_iter().map(|(.., misses)| misses).collect::<Vec<_>>());
}

/// The table of docs/faults.md. Where only the list tells the two services apart, its cell is of DynamoDB.
fn table() -> String {
    let head = format!("| | {} |\n|{}\n", ROUTES.join(" | "), "---|".repeat(ROUTES.len() + 1));
    let rows = CASES.iter().flat_map(|case| {
        let row = |services: &str, answers: Outcomes| {
            let cells = answers.map(|(status, within)| format!("{status}, under {within} s"));
            format!("| {services} {} | {} |\n", case.does, cells.join(" | "))
        };
        if case.kms[..4] == case.dynamodb[..4] {
            vec![row("KMS or DynamoDB", case.dynamodb)]
        } else {
            vec![row("KMS", case.kms), row("DynamoDB", case.dynamodb)]
        }
    });
    head + &rows.collect::<String>()
}

#[test]
fn docs_faults_md_shows_what_every_route_is_held_to() {
    assert_made("docs/faults.md", &[("answers", table())]);
}

#[tokio::test]
async fn a_fetch_of_128_shares_from_slow_services_is_all_of_them_or_503_and_never_a_part() {
    let mut system = System::start().await;
    for number in 0..MAX_SHARES {
        let body = json!({"clientId": CLIENT, "share": format!("share {number}")});
        assert_eq!(system.backup(body).await.status, 200);
    }
    // Where KMS is slow, four rounds of 32; where both are, seven rounds: over five seconds, or nine.
    let slow = || Proxy::start(&system.kms_url, |_, _| Fate::Slow(SECOND * 13 / 10));
    let kms = slow().await.unwrap();
    let dynamodb = slow().await.unwrap();
    dynamodb.move_to(&system.dynamodb_url);
    let (url, both) = (system.dynamodb_url.clone(), aws_at(&dynamodb.url, &kms.url));
    system.reach_by(&aws_at(&url, &kms.url));
    let answer = system.fetch().await;
    assert!(answer.status == 503 || answer.shares().len() == MAX_SHARES, "{answer:?}");
    system.reach_by(&both);
    let start = Instant::now();
    assert_eq!(system.fetch().await.status, 503);
    assert!(start.elapsed() < 9 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_binary_whose_services_never_answer_starts_all_the_same_and_answers_in_time() {
    let system = System::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let invoked = FUNCTIONS.map(async |function| {
        let mut environment = system.environment(function);
        for service in ["DYNAMODB", "KMS"] {
            environment.insert(format!("AWS_ENDPOINT_URL_{service}"), url.clone());
        }
        invoke(function, &environment, Event::of(function)).await
    });
    for invoked in join_all(invoked).await {
        assert_eq!((invoked.outcome, &invoked.answer["statusCode"]), ("response", &json!(503)));
        let line = invoked.written.lines().find(|line| line.contains(r#""message":"request""#)).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["ms"].as_u64().unwrap() < 9000, "{line}");
    }
}
