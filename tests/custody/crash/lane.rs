//! The real binaries and the emulators, each in a process of its own that is started again when it has been
//! killed, and proxies between them that know the moment.

use std::{
    collections::{BTreeSet, HashMap},
    process::Stdio,
};

use aws_sdk_dynamodb::types::AttributeValue;
use faults::Proxy;
use instance::Instance;
use local::{process::Process, services::Services, template::Stack};
use tempfile::TempDir;
use tokio::{select, time::timeout};

use super::{
    emulated::{Emulated, deploy},
    trigger::{Point, Trigger},
};
use crate::{
    custody::history::{
        operation::{Action, Half, Operation, Outcome},
        run::{event, outcome, reach},
    },
    support::{
        event::Event,
        runtime::{self, PATIENCE, executables},
        system::{Answer, Item, aws_at},
    },
};

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    Function,
    Emulators,
}

/// One system of processes, for one request at a time.
pub struct Lane {
    pub history: Vec<Operation>,
    stack: Stack,
    emulated: Emulated,
    functions: HashMap<String, Instance>,
    trigger: Trigger,
    dynamodb: Proxy,
    kms: Proxy,
    folder: TempDir,
}

impl Lane {
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let stack = deploy(folder.path()).await;
        let emulated = Emulated::start(folder.path()).await;
        let trigger = Trigger::default();
        let proxy = |service| {
            let trigger = trigger.clone();
            Proxy::start(service, move |_, call| trigger.fate(call))
        };
        let dynamodb = proxy(&emulated.dynamodb_url).await.unwrap();
        let kms = proxy(&emulated.kms_url).await.unwrap();
        let (history, functions) = (Vec::new(), HashMap::new());
        Self { history, stack, emulated, functions, trigger, dynamodb, kms, folder }
    }

    /// Sends a request in calm weather and writes it down.
    pub async fn ask(&mut self, client: &str, half: Half, action: &Action) -> &Outcome {
        let answer = self.answer(event(client, half, action), None).await;
        self.note(client, half, action, answer).await
    }

    /// Sends a request, kills at that point, and writes it down. Whether a process was killed.
    pub async fn kill(
        &mut self,
        client: &str,
        half: Half,
        action: &Action,
        (point, victim): (Point, Victim),
    ) -> bool {
        let event = event(client, half, action);
        let function = self.function_of(&event);
        let process = match victim {
            Victim::Function => self.process(&function).await,
            Victim::Emulators => self.emulated.process(),
        };
        let answer = match point {
            Point::Call(call, moment) => {
                self.trigger.arm(call, moment, process.clone());
                self.answer(event, Some(victim)).await
            }
            Point::Answered => {
                let answer = self.answer(event, None).await;
                process.end().unwrap();
                // A caller hears nothing of a function that has died.
                answer.filter(|_| victim == Victim::Emulators)
            }
        };
        let killed = !self.trigger.disarm();
        self.note(client, half, action, answer).await;
        if killed {
            self.bury(&function, victim, &process).await;
        }
        killed
    }

    /// Writes down what came of a request. A list is no more than its first answer: what it names is asked for then.
    async fn note(&mut self, client: &str, half: Half, action: &Action, answer: Option<Answer>) -> &Outcome {
        let outcome = match (answer, half, action) {
            (None, ..) => Outcome::Unknown,
            (Some(page), Half::Client, Action::Fetch) => {
                reach(client, page, async |event| self.answer(event, None).await.unwrap()).await
            }
            (Some(answer), ..) => outcome(action, &answer),
        };
        // One request at a time: the next starts after this has ended.
        let start = 2 * self.history.len() as u64;
        let operation =
            Operation { client: client.into(), half, action: action.clone(), start, end: start + 1, outcome };
        self.history.push(operation);
        &self.history.last().unwrap().outcome
    }

    fn function_of(&self, event: &Event) -> String {
        let key = event.0["routeKey"].as_str();
        let route = self.stack.routes().find(|route| Some(&*route.key()) == key);
        route.unwrap().function.clone()
    }

    /// The function's answer; `None` if it was killed. The emulators are started again while it waits for them.
    async fn answer(&mut self, event: Event, victim: Option<Victim>) -> Option<Answer> {
        let function = self.function_of(&event);
        self.process(&function).await;
        let mut instance = self.functions.remove(&function).unwrap();
        instance.hand(event.0.to_string()).unwrap();
        let report = {
            let report = timeout(PATIENCE, runtime::report(&mut instance));
            tokio::pin!(report);
            select! {
                report = &mut report => report,
                _ended = self.emulated.child.wait(), if victim == Some(Victim::Emulators) => {
                    self.start_emulators().await;
                    report.await
                }
            }
        };
        let report = report.expect("an answer in time");
        assert!(report.is_some() || victim == Some(Victim::Function), "{function} died of itself");
        self.functions.insert(function, instance);
        report.map(|(outcome, answer)| {
            assert_eq!(outcome, "response", "{answer}");
            Answer::of(&answer)
        })
    }

    /// The function's process, started if it doesn't run.
    async fn process(&mut self, function: &str) -> Process {
        let executable = &executables().await[function];
        if !self.functions.contains_key(function) {
            let services =
                Services { dynamodb: self.dynamodb.url.clone(), kms: self.kms.url.clone(), lambda: 0 };
            let known = self.stack.functions.iter().find(|known| known.binary == function).unwrap();
            let instance = runtime::start(executable, &services.environment(known), Stdio::null).await;
            self.functions.insert(function.into(), instance);
        }
        let path = executable.display().to_string();
        Process::new(self.functions[function].child.id().unwrap(), path)
    }

    /// Waits for the end of what has been killed, and sees to it that it is started again.
    async fn bury(&mut self, function: &str, victim: Victim, process: &Process) {
        if victim == Victim::Function {
            let mut instance = self.functions.remove(function).unwrap();
            timeout(PATIENCE, instance.child.wait()).await.expect("the function has ended").unwrap();
        } else if self.emulated.process() == *process {
            self.kill_emulators().await;
        }
    }

    /// Kills the emulators between two requests, and starts them again.
    pub async fn kill_emulators(&mut self) {
        self.emulated.process().end().unwrap();
        timeout(PATIENCE, self.emulated.child.wait()).await.expect("the emulators have ended").unwrap();
        self.start_emulators().await;
    }

    async fn start_emulators(&mut self) {
        self.emulated = Emulated::start(self.folder.path()).await;
        self.dynamodb.move_to(&self.emulated.dynamodb_url);
        self.kms.move_to(&self.emulated.kms_url);
    }

    /// Method and pair of each of a client's shares that is stored. Every row is whole, and no time row is without its
    /// share. (A share without its time row was never acknowledged.)
    pub async fn stored(&self, client: &str, half: Half) -> Vec<[String; 2]> {
        let function = if half == Half::Client { "store-backup" } else { "webhook-backup" };
        let known = self.stack.functions.iter().find(|known| known.binary == function).unwrap();
        let aws = aws_at(&self.emulated.dynamodb_url, &self.emulated.kms_url);
        let query = aws.dynamodb.query().table_name(&known.environment["SHARES_TABLE"]);
        let query = query.key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", AttributeValue::S(client.into()));
        let rows: Vec<Item> = query.into_paginator().items().send().try_collect().await.unwrap();
        let text = |row: &Item, name: &str| row[name].as_s().unwrap().clone();
        let (times, shares): (Vec<Item>, Vec<Item>) =
            rows.into_iter().partition(|row| text(row, "sk").starts_with("time#"));
        let whole = |row: &Item, names: &[&str]| names.iter().all(|name| row.contains_key(*name));
        let mut keys = BTreeSet::new();
        for row in shares {
            assert!(whole(&row, &["method", "pair", "at", "sealed", "key_id"]), "half a row: {row:?}");
            let at: u64 = row["at"].as_n().unwrap().parse().unwrap();
            keys.insert(text(&row, "sk").replace("share#", &format!("time#{at:016}#")));
        }
        let of_time = |row: Item| {
            assert!(whole(&row, &["method", "pair"]), "half a row: {row:?}");
            assert!(keys.contains(&text(&row, "sk")), "a time row without its share: {row:?}");
            ["method", "pair"].map(|name| text(&row, name))
        };
        times.into_iter().map(of_time).collect()
    }
}
