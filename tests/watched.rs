//! A system whose every call to AWS is seen, and can be broken.

use std::sync::{Arc, Mutex};

use backup_shares::{
    client_shares::ClientShares,
    config::{KeyRing, SharesConfig},
    custodian_shares::CustodianShares,
};
use local::faults::{Fate, Proxy, Seen};

use crate::system::{System, aws_at};

/// A system behind a proxy for each service.
pub struct Watched {
    pub system: System,
    dynamodb: Proxy,
    kms: Proxy,
    fate: Arc<Mutex<fn() -> Fate>>,
}

impl Watched {
    /// Starts it; every call goes through.
    pub async fn start() -> Self {
        let mut system = System::start().await;
        let fate = Arc::new(Mutex::new((|| Fate::Pass) as fn() -> Fate));
        let decide = || {
            let fate = Arc::clone(&fate);
            move |_, _: &Seen| fate.lock().unwrap()()
        };
        let dynamodb = Proxy::start(&system.dynamodb_url, decide()).await.unwrap();
        let kms = Proxy::start(&system.kms_url, decide()).await.unwrap();
        let aws = aws_at(&dynamodb.url, &kms.url).await;
        let config = |function: &str| SharesConfig {
            table: system.table(function).into(),
            keys: KeyRing::parse(system.keys(function)).unwrap(),
        };
        let (client, custodian) = (config("store-backup"), config("webhook-backup"));
        system.get.shares = ClientShares::new(&aws, client.clone());
        system.store.shares = ClientShares::new(&aws, client);
        system.backup.shares = CustodianShares::new(&aws, custodian.clone());
        system.fetch.shares = CustodianShares::new(&aws, custodian);
        Self { system, dynamodb, kms, fate }
    }

    /// From now on this becomes of each call.
    pub fn break_by(&self, fate: fn() -> Fate) {
        *self.fate.lock().unwrap() = fate;
    }

    /// How many calls AWS has had so far.
    pub fn calls(&self) -> usize {
        self.dynamodb.seen().len() + self.kms.seen().len()
    }
}
