//! What a change of the sources replaces: cargo-lambda, the functions' instances, and the gateway in front of them.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::watch;

use crate::cargo_lambda::CargoLambda;
use crate::compile::Executables;
use crate::data::Data;
use crate::emulators::Emulators;
use crate::functions::{Functions, Launch, Services};
use crate::gateway::Gateway;
use crate::server::Server;
use crate::template::Stack;
use crate::terminal::{self, BAD};
use crate::tokens::Tokens;

/// What a backend is started from: the template is understood, and its keys and tables are there.
pub struct Plan {
    pub(super) stack: Stack,
    pub(super) executables: Executables,
    pub(super) port: Option<u16>,
    pub(super) listener: TcpListener,
    pub(super) identity: Tokens,
    pub(super) held: watch::Receiver<Option<String>>,
}

/// A running one.
pub struct Backend {
    cargo_lambda: CargoLambda,
    functions: Option<Functions>,
    gateway: Option<Server>,
}

impl Backend {
    pub async fn start(
        plan: Plan,
        emulators: &Emulators,
        executable: &Path,
        root: &Path,
        data: &Arc<Data>,
    ) -> Result<Self> {
        let cargo_lambda = CargoLambda::start(executable, root, plan.port, data).await?;
        let services = Services {
            dynamodb: emulators.dynamodb_url(),
            kms: emulators.kms_url(),
            lambda: cargo_lambda.port(),
        };
        let functions = Functions::start(launches(&plan, &services)?, data)?;
        let gateway = gateway(plan, cargo_lambda.port())?;
        Ok(Self { cargo_lambda, functions: Some(functions), gateway: Some(gateway) })
    }

    pub fn lambda_port(&self) -> u16 {
        self.cargo_lambda.port()
    }

    /// Waits for the end of cargo-lambda, without which nothing works.
    pub async fn failed(&mut self) -> anyhow::Error {
        self.cargo_lambda.ended().await
    }

    /// Stops all, the gateway first: requests under way get the moment that [`Server::stop`] gives them.
    pub async fn stop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop().await;
        }
        if let Some(functions) = self.functions.take() {
            functions.stop().await;
        }
        if let Err(error) = self.cargo_lambda.stop().await {
            terminal::complain(BAD, "cargo-lambda", format_args!("can't be ended: {error:#}"));
        }
    }
}

fn launches(plan: &Plan, services: &Services) -> Result<Vec<Launch>> {
    let launch = |function: &crate::template::Function| {
        let executable = plan.executables.get(&function.binary);
        Ok(Launch {
            name: function.binary.clone(),
            executable: executable.with_context(|| format!("no executable of {}", function.binary))?.clone(),
            environment: services.environment(function),
        })
    };
    plan.stack.functions.iter().map(launch).collect()
}

fn gateway(plan: Plan, lambda_port: u16) -> Result<Server> {
    let timeouts = plan.stack.functions.iter().map(|function| (function.binary.clone(), function.timeout));
    let url = format!("http://127.0.0.1:{lambda_port}");
    let gateway = Gateway::new(plan.stack.apis, plan.identity, timeouts.collect(), url, plan.held);
    plan.listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(plan.listener)?;
    Server::start(listener, |listener, shutdown| async {
        if let Err(error) = gateway.serve(listener, shutdown).await {
            terminal::complain(BAD, "API", error);
        }
    })
}
