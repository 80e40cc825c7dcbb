//! What a change of the sources replaces: cargo-lambda, the functions' instances, and the gateway in front of them.

use anyhow::{Context, Result};
use tokio::net::TcpListener;

use super::site::Site;
use crate::{
    cargo_lambda::CargoLambda,
    compile::Executables,
    functions::{Functions, Launch},
    gateway::{self, Gateway},
    server::Server,
    services::{Environment, Services},
    template::{Function, Stack},
    terminal::{self, BAD},
};

/// What a backend is started from: the template is understood, and its keys and tables are there.
pub struct Plan {
    pub(super) stack: Stack,
    pub(super) executables: Executables,
}

/// A running one.
pub struct Backend {
    /// What `custodian` is told of both halves.
    pub operators: Environment,
    cargo_lambda: CargoLambda,
    functions: Option<Functions>,
    gateway: Option<Server>,
}

impl Backend {
    /// Starts it, with cargo-lambda on that port or else on a free one.
    pub async fn start(site: &Site, plan: Plan, port: Option<u16>) -> Result<Self> {
        let cargo_lambda = CargoLambda::start(&site.cargo_lambda, &site.root, port, &site.data).await?;
        let services = services(site, &cargo_lambda);
        let functions = Functions::start(launches(&plan, &services)?, &site.data)?;
        let operators = operators(&plan.stack);
        let gateway = serve(site, plan.stack, cargo_lambda.port())?;
        Ok(Self { operators, cargo_lambda, functions: Some(functions), gateway: Some(gateway) })
    }

    /// What stands in for AWS behind it.
    pub fn services(&self, site: &Site) -> Services {
        services(site, &self.cargo_lambda)
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

fn services(site: &Site, cargo_lambda: &CargoLambda) -> Services {
    Services {
        dynamodb: site.emulators.dynamodb_url(),
        kms: site.emulators.kms_url(),
        lambda: cargo_lambda.port(),
    }
}

/// Table and keys of each half, as the function that opens has them (docs/operating.md, "Operators").
fn operators(stack: &Stack) -> Environment {
    let of = |half: &str, opens: &str| {
        let function = stack.functions.iter().find(|function| function.binary == opens);
        let variable = |name: &str| function.and_then(|function| function.environment.get(name)).cloned();
        let told = [("TABLE", variable("SHARES_TABLE")), ("KEYS", variable("SHARES_KEYS"))];
        told.map(|(what, value)| (format!("{half}_{what}"), value.unwrap_or_default()))
    };
    of("CLIENT", "get-backup").into_iter().chain(of("CUSTODIAN", "webhook-fetch")).collect()
}

fn launches(plan: &Plan, services: &Services) -> Result<Vec<Launch>> {
    let launch = |function: &Function| {
        let executable = plan.executables.get(&function.binary);
        Ok(Launch {
            name: function.binary.clone(),
            executable: executable.with_context(|| format!("no executable of {}", function.binary))?.clone(),
            environment: services.environment(function),
        })
    };
    plan.stack.functions.iter().map(launch).collect()
}

fn serve(site: &Site, stack: Stack, lambda_port: u16) -> Result<Server> {
    let functions = stack.functions.into_iter().map(|function| (function.binary, function.timeout));
    let gateway = Gateway::new(gateway::Settings {
        apis: stack.apis,
        tokens: site.identity.clone(),
        authorizer: site.authorizer.clone(),
        functions: functions.collect(),
        invoke_url: format!("http://127.0.0.1:{lambda_port}"),
        held: site.held.subscribe(),
        keeps_rates: site.keeps_rates,
        logs: site.data.logs(),
    })?;
    let listener = site.listener.try_clone()?;
    listener.set_nonblocking(true)?;
    Server::start(TcpListener::from_std(listener)?, |listener, shutdown| async {
        if let Err(error) = gateway.serve(listener, shutdown).await {
            terminal::complain(BAD, "API", error);
        }
    })
}
