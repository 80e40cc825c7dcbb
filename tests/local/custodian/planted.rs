//! Rows for the operators' commands to look at: made up, as real ones would lie there.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use dynoxide::Database;
use faults::{Fate, Fault, Proxy, Seen};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Custodian;
use crate::support::{
    half::Half,
    many::{self, as_json},
    runtime::PATIENCE,
    system::System,
};

/// Before every test, in milliseconds since 1970.
pub const LONG_AGO: u64 = 1_700_000_000_000;

/// A share and its time row that a half's function has stored, to make others of.
pub struct Like {
    share: Value,
    time: Value,
    table: String,
}

/// A system whose half holds so many stored shares of the client that events are about.
pub async fn stored(half: Half, shares: usize) -> (System, Database, Like) {
    let (system, database) = many::start().await;
    half.fill(&system, 0..shares, 600).await;
    let [share, time] = half.newest_rows(&system).await;
    let like = Like { share: as_json(&share), time: as_json(&time), table: system.table(half.stores).into() };
    (system, database, like)
}

impl Like {
    /// A share of a client and its time row.
    pub fn pair(&self, client: &str, number: usize, at: u64) -> [Value; 2] {
        let (mut share, mut time) = (self.share.clone(), self.time.clone());
        [share["pk"], time["pk"]] = [json!({ "S": client }), json!({ "S": client })];
        share["at"] = json!({ "N": at.to_string() });
        share["sk"] = json!({ "S": format!("share#{number:064x}") });
        time["sk"] = json!({ "S": format!("time#{at:016}#{number:064x}") });
        [share, time]
    }

    /// Puts so many shares of each client into the table.
    pub fn spread(&self, database: &Database, clients: std::ops::Range<usize>, shares: usize) {
        for client in clients {
            for number in 0..shares {
                for row in self.pair(&format!("client-{client}"), number, LONG_AGO + number as u64) {
                    self.put(database, &row);
                }
            }
        }
    }

    /// Puts a row into the table.
    pub fn put(&self, database: &Database, row: &Value) {
        let put = json!({ "TableName": self.table, "Item": row });
        database.put_item(serde_json::from_value(put).unwrap()).unwrap();
    }

    /// Puts these into the table.
    pub fn put_all(&self, database: &Database, rows: &[Value]) {
        for row in rows {
            self.put(database, row);
        }
    }

    /// Removes these from the table.
    pub fn remove_all(&self, database: &Database, rows: &[Value]) {
        for row in rows {
            self.remove(database, row);
        }
    }

    /// Removes a row from the table.
    pub fn remove(&self, database: &Database, row: &Value) {
        let delete = json!({ "TableName": self.table, "Key": { "pk": row["pk"], "sk": row["sk"] } });
        database.delete_item(serde_json::from_value(delete).unwrap()).unwrap();
    }
}

impl Custodian {
    /// As fast as it goes.
    pub fn fast(&self) -> Self {
        self.with(["--read-units", "1000000"])
    }

    /// Runs it until its scan asks for that page, and ends it there by `kill -9`. Gives what it had said.
    pub async fn is_killed_at(&self, system: &System, page: usize) -> String {
        let pid = Arc::new(AtomicU32::new(0));
        let of = Arc::clone(&pid);
        let kills = move |_: usize, call: &Seen| {
            let pid = of.load(Ordering::SeqCst);
            let is_there = call.operation == "Scan" && call.nth == page;
            if is_there { Fate::Before(Fault::Run(Box::new(move || kill(pid)))) } else { Fate::Pass }
        };
        let proxy = Proxy::start(&system.dynamodb_url, kills).await.unwrap();
        let mut command = self.setting("AWS_ENDPOINT_URL_DYNAMODB", &proxy.url).command().await;
        let child = command.spawn().unwrap();
        pid.store(child.id().unwrap(), Ordering::SeqCst);
        let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
        assert_eq!(output.status.code(), None, "it was not killed: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Ends a process as a crash would.
pub fn kill(pid: u32) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
}
