//! The functions, on one AWS in memory, and the rules that hold for every answer.

use std::{cell::LazyCell, panic};

use backup_shares::{
    client_id_source::ClientIdSource, client_list::ClientList, client_shares::ClientShares,
    config::SharesConfig, custodian_shares::CustodianShares, key_ring::KeyRing, serve::answer,
    webhook_policy::WebhookPolicy,
};
use get_backup::GetBackup;
use lambda_http::{Request, request};
use list_backups::ListBackups;
use serde_json::{Value, json};
use store_backup::StoreBackup;
use tokio::runtime::{Builder, Runtime};
use webhook_backup::WebhookBackup;
use webhook_fetch::WebhookFetch;

use crate::aws::Memory;

/// The claim that holds the user's client id.
pub const CLAIM: &str = "portal_client_id";

/// What the webhook functions take for Portal's.
pub const SECRET: &str = "an-example-of-32-bytes-not-kept.";

/// A user, and a wallet.
pub const CLIENT: &str = "c19vjk2158y5o9bhedinl6agl";

/// All functions.
pub struct Functions {
    pub memory: Memory,
    get: GetBackup,
    list: ListBackups,
    store: StoreBackup,
    backup: WebhookBackup,
    fetch: WebhookFetch,
    runtime: Runtime,
}

/// What a caller gets.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// A function, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// A user's app takes back a share.
    Get,
    /// It sees which there are.
    List,
    /// It hands one over.
    Store,
    /// Portal hands one over.
    Backup,
    /// It asks for all.
    Fetch,
}

impl Function {
    /// All of them, in the order of their folders.
    pub const ALL: [Self; 5] = [Self::Get, Self::List, Self::Store, Self::Backup, Self::Fetch];

    /// Its folder under `functions/`.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Get => "get-backup",
            Self::List => "list-backups",
            Self::Store => "store-backup",
            Self::Backup => "webhook-backup",
            Self::Fetch => "webhook-fetch",
        }
    }
}

/// Hands `work` the functions, with nothing stored.
pub fn with<T>(work: impl FnOnce(&Functions) -> T) -> T {
    thread_local! {
        static FUNCTIONS: LazyCell<Functions> = LazyCell::new(Functions::new);
    }
    FUNCTIONS.with(|functions| {
        functions.memory.clear();
        work(functions)
    })
}

impl Functions {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let memory = Memory::default();
        let aws = memory.clients();
        let config = |half: &str| SharesConfig {
            table: half.into(),
            keys: KeyRing::parse(&format!("arn:aws:kms:us-east-1:000000000000:key/{half}")).unwrap(),
        };
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, SECRET.as_bytes());
        let policy = WebhookPolicy::parse(&hex::encode(digest), "127.0.0.1/32").unwrap();
        let client_id = ClientIdSource::Claim(CLAIM.into());
        Self {
            get: GetBackup {
                client_id: client_id.clone(),
                shares: ClientShares::new(&aws, config("client")),
            },
            list: ListBackups {
                client_id: client_id.clone(),
                list: ClientList::new(aws.dynamodb.clone(), "client".into()),
            },
            store: StoreBackup {
                client_id: client_id.clone(),
                shares: ClientShares::new(&aws, config("client")),
            },
            backup: WebhookBackup {
                policy: policy.clone(),
                shares: CustodianShares::new(&aws, config("custodian")),
            },
            fetch: WebhookFetch { policy, shares: CustodianShares::new(&aws, config("custodian")) },
            memory,
            runtime,
        }
    }

    /// Sends an event that `lambda_http` can take.
    pub fn send(&self, function: Function, event: &Value) -> Answer {
        self.call(function, request(&event.to_string()).unwrap())
    }

    /// Calls a function, and holds its answer to what every answer is.
    pub fn call(&self, function: Function, request: Request) -> Answer {
        let rows = self.memory.rows();
        self.memory.take_calls();
        let response = self.runtime.block_on(async {
            match function {
                Function::Get => Box::pin(answer(&|request| self.get.handle(request), request)).await,
                Function::List => Box::pin(answer(&|request| self.list.handle(request), request)).await,
                Function::Store => Box::pin(answer(&|request| self.store.handle(request), request)).await,
                Function::Backup => Box::pin(answer(&|request| self.backup.handle(request), request)).await,
                Function::Fetch => Box::pin(answer(&|request| self.fetch.handle(request), request)).await,
            }
        });
        let body = serde_json::from_slice(response.body().as_ref()).unwrap();
        let answer = Answer { status: response.status().as_u16(), body };
        answer.check(function, &self.memory.take_calls());
        assert!(answer.status == 200 || self.memory.rows() == rows, "a refused request has stored something");
        answer
    }
}

impl Answer {
    /// Nothing that a caller sends is our failure; a refusal says two things, and comes before any call to AWS.
    fn check(&self, function: Function, calls: &[String]) {
        let codes = [(400, "bad_request"), (401, "unauthorized"), (403, "forbidden"), (413, "too_large")];
        let refused = codes.iter().find(|(status, _)| *status == self.status);
        if let Some((_, code)) = refused {
            assert_eq!(self.body["code"], *code, "{self:?}");
            assert_eq!(self.body.as_object().unwrap().len(), 2, "{self:?}");
            assert!(calls.is_empty(), "{self:?} after {calls:?}");
            return;
        }
        let count = |call: &str| calls.iter().filter(|made| *made == call).count();
        let counts = ["GenerateDataKey", "ExecuteStatement", "Query", "Decrypt"].map(count);
        let batches = calls.len() - counts.iter().sum::<usize>();
        assert_eq!(count("BatchGetItem"), batches, "{function:?} makes the calls {calls:?}");
        let is_expected = match (function, self.status) {
            // Every read takes the stops. The share of an id is one row, and what can be no id is looked for nowhere.
            (Function::Get, 200) => counts == [0, 0, 3, 1] || counts == [0, 0, 2, 1],
            (Function::Get | Function::List, 404) => counts == [0, 0, 2, 0] || calls.is_empty(),
            // A page that goes on from a share looks at that share's row first.
            (Function::List, 200) => counts == [0, 0, 2, 0] || counts == [0, 0, 3, 0],
            (Function::Fetch, 200) if batches == 0 => counts == [0, 0, 2, 0],
            (Function::Fetch, 200) => batches == 1 && [[0, 0, 2, 1], [0, 0, 2, 2]].contains(&counts),
            // Two curves are two shares; of one that is there, both rows are looked at.
            (Function::Store, 200) => {
                [[1, 2, 0, 0], [1, 2, 2, 0], [2, 4, 0, 0], [2, 4, 2, 0], [2, 4, 4, 0]].contains(&counts)
            }
            (Function::Backup, 200) => counts == [1, 2, 0, 0] || counts == [1, 2, 2, 0],
            _ => panic!("{function:?} answers {self:?} after {calls:?}"),
        };
        assert!(
            is_expected && (batches == 0 || function == Function::Fetch),
            "{function:?} makes the calls {calls:?}"
        );
    }
}

/// The request of an event, `None` if `lambda_http` can't take it. It panics at a host or query that is no URI and at wrong
/// base64, which the Lambda runtime reports as an error of the invocation: no function of ours sees it. Under the
/// fuzzer's own hook any panic ends the run.
pub fn request(event: &str) -> Option<Request> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let request = panic::catch_unwind(|| request::from_str(event));
    panic::set_hook(hook);
    request.ok()?.ok()
}

/// What API Gateway sends for Portal and for a user alike; each function reads its part.
pub fn event(body: &[u8]) -> Value {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let text = std::str::from_utf8(body);
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"host": "localhost", "x-webhook-secret": SECRET},
        "pathParameters": {"clientId": CLIENT},
        "requestContext": {
            "authorizer": {"jwt": {"claims": {CLAIM: CLIENT}, "scopes": null}},
            "http": {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "body": text.map_or_else(|_| BASE64_STANDARD.encode(body), String::from),
        "isBase64Encoded": text.is_err(),
    })
}
