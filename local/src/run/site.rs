//! What a run keeps while the functions are built and started again.

use std::{collections::BTreeMap, net::TcpListener, path::PathBuf, sync::Arc};

use anyhow::Result;
use tokio::sync::watch;

use super::identity;
use crate::{
    data::Data,
    emulators::Emulators,
    template::{Stack, Template},
    tokens::Tokens,
};

/// What a run keeps.
pub struct Site {
    /// Where the workspace lies.
    pub root: PathBuf,
    /// Path of cargo-lambda.
    pub cargo_lambda: PathBuf,
    pub data: Arc<Data>,
    /// The API's listener.
    pub listener: TcpListener,
    /// The template's parameters for this computer.
    pub parameters: BTreeMap<String, String>,
    /// The user's own authorizer, instead of tokens.
    pub authorizer: Option<PathBuf>,
    /// Whether the API takes no more requests than the template says.
    pub keeps_rates: bool,
    pub identity: Tokens,
    pub emulators: Emulators,
    /// What every request is answered with meanwhile.
    pub held: watch::Sender<Option<String>>,
}

impl Site {
    /// The template resolved for this computer, with its keys and tables: those that aren't there are made.
    pub fn deploy(&self, template: &Template) -> Result<Stack> {
        self.emulators.deploy(template, &self.parameters)
    }

    /// A bearer token of that user.
    pub fn token(&self, client: &str) -> Result<String> {
        identity::issue(&self.identity, &[client.to_owned()])
    }
}
