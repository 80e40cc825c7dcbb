//! The whole system in one process: embedded DynamoDB and KMS on free ports, and the functions with the environment
//! that `template.yaml` gives each.

use std::{
    collections::{BTreeMap, HashMap},
    future::pending,
};

use aws_sdk_dynamodb::{
    config::{Credentials, Region, SharedCredentialsProvider},
    types::AttributeValue,
};
use backup_shares::{
    aws::Aws, client_id_source::ClientIdSource, client_list::ClientList, client_shares::ClientShares,
    config::SharesConfig, custodian_shares::CustodianShares, key_ring::KeyRing, serve::answer,
    webhook_policy::WebhookPolicy,
};
use dynoxide::Database;
use faults::{Fate, Proxy, Seen};
use get_backup::GetBackup;
use lambda_http::request;
use list_backups::ListBackups;
use local::{
    dynamodb,
    kms::{Call, Kms},
    services::Services,
    template::{Function, Stack, Template},
};
use serde_json::{Value, json};
use store_backup::StoreBackup;
use tokio::net::TcpListener;
use webhook_backup::WebhookBackup;
use webhook_fetch::WebhookFetch;

use crate::support::{
    event::{CLIENT, CLIENT_ID_CLAIM, Event, WEBHOOK_SECRET, digest},
    project::root,
};

/// A row as DynamoDB keeps it.
pub type Item = HashMap<String, AttributeValue>;

/// The functions and the AWS that they use.
pub struct System {
    pub aws: Aws,
    pub kms: Kms,
    pub get: GetBackup,
    /// The function that lists client shares.
    pub list: ListBackups,
    pub store: StoreBackup,
    pub backup: WebhookBackup,
    pub fetch: WebhookFetch,
    pub dynamodb_url: String,
    pub kms_url: String,
    stack: Stack,
}

/// What a caller gets.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Answer {
    /// A function's answer as Lambda passes it on to API Gateway.
    pub fn of(response: &Value) -> Self {
        Self {
            status: response["statusCode"].as_u64().unwrap().try_into().unwrap(),
            headers: serde_json::from_value(response["headers"].clone()).unwrap(),
            body: serde_json::from_str(response["body"].as_str().unwrap()).unwrap(),
        }
    }

    /// The custodian shares of a fetch.
    pub fn shares(&self) -> Vec<&str> {
        self.body["backupShares"].as_array().unwrap().iter().map(|share| share.as_str().unwrap()).collect()
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap()
    }
}

impl System {
    /// Starts everything, empty.
    pub async fn start() -> Self {
        Self::over(Kms::memory(), Database::memory().unwrap()).await
    }

    /// Starts everything over what these hold.
    pub async fn over(kms: Kms, database: Database) -> Self {
        let template = Template::read(&root().join("template.yaml")).unwrap();
        let arn = |key: &local::template::Key| {
            kms.key(&format!("alias/{}", key.logical_id), key.multi_region).unwrap()
        };
        let arns = template.keys.iter().map(|key| (key.logical_id.clone(), arn(key))).collect();
        let stack = template.stack(&parameters(), &arns).unwrap();
        let (dynamodb_url, kms_url) = serve_aws(&stack, &kms, database).await;
        let aws = aws_at(&dynamodb_url, &kms_url);
        Self {
            list: ListBackups {
                client_id: client_id(&stack, "list-backups"),
                list: client_list(&stack, &aws),
            },
            get: GetBackup {
                client_id: client_id(&stack, "get-backup"),
                shares: ClientShares::new(&aws, config(&stack, "get-backup")),
            },
            store: StoreBackup {
                client_id: client_id(&stack, "store-backup"),
                shares: ClientShares::new(&aws, config(&stack, "store-backup")),
            },
            backup: WebhookBackup {
                policy: policy(&stack, "webhook-backup"),
                shares: CustodianShares::new(&aws, config(&stack, "webhook-backup")),
            },
            fetch: WebhookFetch {
                policy: policy(&stack, "webhook-fetch"),
                shares: CustodianShares::new(&aws, config(&stack, "webhook-fetch")),
            },
            aws,
            kms,
            dynamodb_url,
            kms_url,
            stack,
        }
    }

    /// Sends an event to the function that the template routes it to.
    pub async fn call(&self, event: Event) -> Answer {
        let key = event.0["routeKey"].as_str().unwrap();
        let route = self.stack.routes().find(|route| route.key() == key);
        let function = route.expect("a route of the template");
        let request = request::from_str(&event.0.to_string()).unwrap();
        let response = match function.function.as_str() {
            "get-backup" => Box::pin(answer(&|request| self.get.handle(request), request)).await,
            "list-backups" => Box::pin(answer(&|request| self.list.handle(request), request)).await,
            "store-backup" => Box::pin(answer(&|request| self.store.handle(request), request)).await,
            "webhook-backup" => Box::pin(answer(&|request| self.backup.handle(request), request)).await,
            "webhook-fetch" => Box::pin(answer(&|request| self.fetch.handle(request), request)).await,
            other => panic!("{other} is a function that the tests don't know"),
        };
        let text = |value: &lambda_http::http::HeaderValue| value.to_str().unwrap().to_owned();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: serde_json::from_slice(response.body().as_ref()).unwrap(),
        }
    }

    /// The app asks for its share, with an encoded query.
    pub async fn get(&self, query: &str) -> Answer {
        self.call(Event::of("get-backup").query(query)).await
    }

    /// The app asks which shares there are, with an encoded query.
    pub async fn list(&self, query: &str) -> Answer {
        self.call(Event::of("list-backups").query(query)).await
    }

    /// The app hands over its share.
    pub async fn store(&self, body: Value) -> Answer {
        self.call(Event::of("store-backup").body(body)).await
    }

    /// Portal hands over a custodian share.
    pub async fn backup(&self, body: Value) -> Answer {
        self.call(Event::of("webhook-backup").body(body)).await
    }

    /// Portal asks for the custodian shares.
    pub async fn fetch(&self) -> Answer {
        self.call(Event::of("webhook-fetch").body(json!({ "clientId": CLIENT }))).await
    }

    /// Makes the client functions learn client ids from there.
    pub fn takes_client_id_from(&mut self, source: &ClientIdSource) {
        self.get.client_id = source.clone();
        self.list.client_id = source.clone();
        self.store.client_id = source.clone();
    }

    /// All rows of the table that a function uses.
    pub async fn rows(&self, function: &str) -> Vec<Item> {
        let scan = self.aws.dynamodb.scan().table_name(self.table(function));
        scan.into_paginator().items().send().try_collect().await.unwrap()
    }

    /// The rows of shares.
    pub async fn shares(&self, function: &str) -> Vec<Item> {
        self.rows_of("share#", function).await
    }

    /// The rows that say since when shares are stored.
    pub async fn times(&self, function: &str) -> Vec<Item> {
        self.rows_of("time#", function).await
    }

    /// Of one kind, in the order of their keys.
    async fn rows_of(&self, prefix: &str, function: &str) -> Vec<Item> {
        let mut rows = self.rows(function).await;
        rows.retain(|row| row["sk"].as_s().unwrap().starts_with(prefix));
        rows.sort_by_key(|row| row["sk"].as_s().unwrap().clone());
        rows
    }

    /// Writes a row as only an operator could.
    pub async fn put(&self, function: &str, row: Item) {
        let put = self.aws.dynamodb.put_item().table_name(self.table(function));
        put.set_item(Some(row)).send().await.unwrap();
    }

    /// Removes a row as only an operator could.
    pub async fn delete(&self, function: &str, row: &Item) {
        let delete = self.aws.dynamodb.delete_item().table_name(self.table(function));
        delete.key("pk", row["pk"].clone()).key("sk", row["sk"].clone()).send().await.unwrap();
    }

    /// The table that the template gives a function.
    pub fn table(&self, function: &str) -> &str {
        &environment(&self.stack, function)["SHARES_TABLE"]
    }

    /// The keys that the template gives a function.
    pub fn keys(&self, function: &str) -> &str {
        &environment(&self.stack, function)["SHARES_KEYS"]
    }

    /// The custodian's table through these clients, under these keys.
    pub fn custodian_shares(&self, aws: &Aws, keys: &str) -> CustodianShares {
        let config =
            SharesConfig { keys: KeyRing::parse(keys).unwrap(), table: self.table("webhook-backup").into() };
        CustodianShares::new(aws, config)
    }

    /// Makes the functions open with these keys, whatever the template gives them.
    pub fn opens_with(&mut self, keys: &str) {
        let config =
            SharesConfig { keys: KeyRing::parse(keys).unwrap(), table: self.table("get-backup").into() };
        self.get.shares = ClientShares::new(&self.aws, config);
        self.fetch.shares = self.custodian_shares(&self.aws, keys);
    }

    /// The name of a function in the template.
    pub fn logical_id(&self, function: &str) -> &str {
        &known(&self.stack, function).logical_id
    }

    /// The same functions, through these clients.
    pub fn reach_by(&mut self, aws: &Aws) {
        let config = |function| config(&self.stack, function);
        self.get.shares = ClientShares::new(aws, config("get-backup"));
        self.list.list = client_list(&self.stack, aws);
        self.store.shares = ClientShares::new(aws, config("store-backup"));
        self.backup.shares = CustodianShares::new(aws, config("webhook-backup"));
        self.fetch.shares = CustodianShares::new(aws, config("webhook-fetch"));
    }

    /// Puts a proxy between the functions and DynamoDB.
    pub async fn intercept(&mut self, fate: impl Fn(usize, &Seen) -> Fate + Send + Sync + 'static) -> Proxy {
        let dynamodb = Proxy::start(&self.dynamodb_url, fate).await.unwrap();
        self.reach_by(&aws_at(&dynamodb.url, &self.kms_url));
        dynamodb
    }

    /// Puts a proxy before each service: DynamoDB's and KMS's.
    pub async fn intercept_both(
        &mut self,
        dynamodb: impl Fn(usize, &Seen) -> Fate + Send + Sync + 'static,
        kms: impl Fn(usize, &Seen) -> Fate + Send + Sync + 'static,
    ) -> [Proxy; 2] {
        let dynamodb = Proxy::start(&self.dynamodb_url, dynamodb).await.unwrap();
        let kms = Proxy::start(&self.kms_url, kms).await.unwrap();
        self.reach_by(&aws_at(&dynamodb.url, &kms.url));
        [dynamodb, kms]
    }

    /// The environment of a function's real binary.
    pub fn environment(&self, function: &str) -> BTreeMap<String, String> {
        let services = Services { dynamodb: self.dynamodb_url.clone(), kms: self.kms_url.clone(), lambda: 0 };
        services.environment(known(&self.stack, function))
    }

    /// What KMS was asked for: operation and encryption context of each call.
    pub fn kms_calls(&self, operation: &str) -> Vec<Call> {
        self.kms.calls().into_iter().filter(|call| call.operation == operation).collect()
    }
}

/// What the tests deploy the template with.
pub fn parameters() -> BTreeMap<String, String> {
    let digest = digest(WEBHOOK_SECRET);
    [
        ("TokenIssuer", "https://identity.local"),
        ("TokenAudience", "backup"),
        ("ClientIdClaim", CLIENT_ID_CLAIM),
        ("WebhookSecretDigests", digest.as_str()),
        ("WebhookAllowedIps", "127.0.0.1/32"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into()
}

/// Serves both emulators, and gives their URLs.
async fn serve_aws(stack: &Stack, kms: &Kms, database: Database) -> (String, String) {
    dynamodb::create_missing(&database, &stack.tables).unwrap();
    let (dynamodb, dynamodb_url) = listen().await;
    let (kms_listener, kms_url) = listen().await;
    tokio::spawn(dynoxide::server::serve_with_shutdown(dynamodb, database, pending()));
    tokio::spawn(kms.clone().serve(kms_listener, pending()));
    (dynamodb_url, kms_url)
}

/// The clients as the functions make them, pointed at these two endpoints.
pub fn aws_at(dynamodb_url: &str, kms_url: &str) -> Aws {
    let credentials = Credentials::new("local", "local", None, None, "tests");
    let credentials = SharedCredentialsProvider::new(credentials);
    let settings = Aws::settings().region(Region::from_static("us-east-1")).credentials_provider(credentials);
    let config = settings.build();
    let dynamodb = aws_sdk_dynamodb::config::Builder::from(&config).endpoint_url(dynamodb_url);
    Aws::new(dynamodb, aws_sdk_kms::config::Builder::from(&config).endpoint_url(kms_url))
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn environment<'a>(stack: &'a Stack, function: &str) -> &'a BTreeMap<String, String> {
    &known(stack, function).environment
}

fn known<'a>(stack: &'a Stack, function: &str) -> &'a Function {
    stack.functions.iter().find(|known| known.binary == function).unwrap()
}

fn client_id(stack: &Stack, function: &str) -> ClientIdSource {
    let environment = environment(stack, function);
    ClientIdSource::parse(&environment["CLIENT_ID_CLAIM"], &environment["CLIENT_AUTHORIZER_ARN"]).unwrap()
}

fn client_list(stack: &Stack, aws: &Aws) -> ClientList {
    ClientList::new(aws.dynamodb.clone(), environment(stack, "list-backups")["SHARES_TABLE"].clone())
}

fn policy(stack: &Stack, function: &str) -> WebhookPolicy {
    let environment = environment(stack, function);
    WebhookPolicy::parse(&environment["WEBHOOK_SECRET_SHA256"], &environment["WEBHOOK_ALLOWED_IPS"]).unwrap()
}

fn config(stack: &Stack, function: &str) -> SharesConfig {
    let environment = environment(stack, function);
    let keys = KeyRing::parse(&environment["SHARES_KEYS"]).unwrap();
    SharesConfig { table: environment["SHARES_TABLE"].clone(), keys }
}
