//! What a change of the sources replaces: cargo-lambda, the functions' instances, and the gateway in front of them.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::watch;

use crate::compile::Executables;
use crate::data::Data;
use crate::emulators::Emulators;
use crate::functions::{Functions, Launch, Services};
use crate::gateway::Gateway;
use crate::lambda::Lambda;
use crate::server::Server;
use crate::template::Stack;
use crate::terminal::{self, BAD};
use crate::tokens::Tokens;

/// What a backend is started from.
pub struct Plan {
    pub stack: Stack,
    pub executables: Executables,
    pub port: Option<u16>,
    pub listener: TcpListener,
    pub identity: Tokens,
    pub held: watch::Receiver<Option<String>>,
}

/// A running one.
pub struct Backend {
    lambda: Lambda,
    functions: Option<Functions>,
    gateway: Option<Server>,
}

impl Backend {
    pub async fn start(
        plan: Plan,
        emulators: &Emulators,
        cargo_lambda: &Path,
        root: &Path,
        data: &Arc<Data>,
    ) -> Result<Self> {
        let lambda = Lambda::start(cargo_lambda, root, plan.port, data).await?;
        let services =
            Services { dynamodb: emulators.dynamodb_url(), kms: emulators.kms_url(), lambda: lambda.port() };
        let functions = Functions::start(launches(&plan, &services)?, data)?;
        let gateway = gateway(plan, lambda.port())?;
        Ok(Self { lambda, functions: Some(functions), gateway: Some(gateway) })
    }

    pub fn lambda_port(&self) -> u16 {
        self.lambda.port()
    }

    /// Waits for the end of cargo-lambda, without which nothing works.
    pub async fn failed(&mut self) -> anyhow::Error {
        self.lambda.ended().await
    }

    /// Lets requests under way end, then stops all, the gateway first.
    pub async fn stop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop().await;
        }
        if let Some(functions) = self.functions.take() {
            functions.stop().await;
        }
        if let Err(error) = self.lambda.stop().await {
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
    let gateway = Gateway::new(plan.stack.api, plan.identity, timeouts.collect(), url, plan.held);
    plan.listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(plan.listener)?;
    Server::start(listener, |listener, shutdown| async {
        if let Err(error) = gateway.serve(listener, shutdown).await {
            terminal::complain(BAD, "API", error);
        }
    })
}
