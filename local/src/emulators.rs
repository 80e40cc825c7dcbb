//! The AWS services that hold data: the embedded DynamoDB and KMS, with what the template declares in them.

use std::{collections::BTreeMap, net::Ipv4Addr};

use anyhow::{Context, Result};
use dynoxide::Database;
use tokio::net::TcpListener;

use crate::{
    data::Data,
    dynamodb,
    kms::Kms,
    server::Server,
    template::{Key, Stack, Template},
    terminal::{self, BAD},
};

/// Both services, serving the data of one folder.
pub struct Emulators {
    kms: Kms,
    database: Database,
    kms_server: Server,
    dynamodb_server: Server,
}

impl Emulators {
    /// Starts both on free ports.
    ///
    /// # Errors
    /// When their files can't be opened.
    pub async fn start(data: &Data) -> Result<Self> {
        let kms = Kms::open(&data.file("kms.json")).context("the KMS keys can't be opened")?;
        let database = dynamodb::open(&data.file("dynamodb.sqlite"))?;
        let (served_kms, served_database) = (kms.clone(), database.clone());
        let kms_server = Server::start(listener().await?, |listener, shutdown| async {
            report("KMS", served_kms.serve(listener, shutdown).await);
        })?;
        let dynamodb_server = Server::start(listener().await?, |listener, shutdown| async {
            let served = dynoxide::server::serve_with_shutdown(listener, served_database, shutdown).await;
            report("DynamoDB", served);
        })?;
        Ok(Self { kms, database, kms_server, dynamodb_server })
    }

    /// Resolves the template, with its keys and tables: those that aren't there are made.
    ///
    /// # Errors
    /// When the template isn't understood, or a key or table can't be made.
    pub fn deploy(&self, template: &Template, parameters: &BTreeMap<String, String>) -> Result<Stack> {
        let arn = |key: &Key| {
            let arn = self.kms.key(&format!("alias/{}", key.logical_id), key.multi_region)?;
            Ok((key.logical_id.clone(), arn))
        };
        let arns = template.keys.iter().map(arn).collect::<Result<_>>()?;
        let stack = template.stack(parameters, &arns)?;
        dynamodb::create_missing(&self.database, &stack.tables)?;
        Ok(stack)
    }

    /// The KMS itself, which knows what it was asked for.
    #[must_use]
    pub fn kms(&self) -> &Kms {
        &self.kms
    }

    /// Base URL of KMS.
    #[must_use]
    pub fn kms_url(&self) -> String {
        self.kms_server.url()
    }

    /// Base URL of DynamoDB.
    #[must_use]
    pub fn dynamodb_url(&self) -> String {
        self.dynamodb_server.url()
    }

    /// Stops both.
    pub async fn stop(self) {
        tokio::join!(self.kms_server.stop(), self.dynamodb_server.stop());
    }
}

async fn listener() -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")
}

fn report(service: &str, served: Result<(), impl std::fmt::Display>) {
    if let Err(error) = served {
        terminal::complain(BAD, service, error);
    }
}
