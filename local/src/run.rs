//! The whole system in one process and its children: what `cargo local` and the tests start.

mod backend;
mod parameters;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;

use self::backend::Backend;
pub use self::backend::Plan;
use crate::compile::Executables;
use crate::data::{Data, Reach};
use crate::emulators::Emulators;
use crate::functions::Services;
use crate::kms::Kms;
use crate::template::Template;
use crate::tokens::Tokens;
use crate::workspace::Workspace;

/// What a run needs. Installing cargo-lambda and building the functions is the caller's, as are the template's changes.
#[derive(Debug)]
pub struct Settings {
    /// Where the template lies, and what cargo-lambda looks at.
    pub workspace: Workspace,
    /// Where tables, keys, secrets and logs are kept.
    pub data: Data,
    /// The API's listener; 127.0.0.1 is for the caller to choose.
    pub listener: TcpListener,
    /// Path of cargo-lambda.
    pub cargo_lambda: PathBuf,
    /// Paths of the functions.
    pub executables: Executables,
    /// The secret that Portal's calls carry; `None` for the one kept with the data.
    pub webhook_secret: Option<String>,
}

/// A running system. Dropping it ends its children too, but doesn't wait for them.
pub struct Running {
    /// Base URL of the API.
    pub url: String,
    /// The secret that Portal's calls carry.
    pub webhook_secret: String,
    held: watch::Sender<Option<String>>,
    identity: Tokens,
    data: Arc<Data>,
    workspace: Workspace,
    cargo_lambda: PathBuf,
    listener: TcpListener,
    emulators: Emulators,
    backend: Backend,
}

impl Running {
    /// Starts the system, ready for requests.
    ///
    /// # Errors
    /// When a part of it doesn't start: the message says which, and why.
    pub async fn start(settings: Settings) -> Result<Self> {
        let Settings { workspace, data, listener, cargo_lambda, executables, webhook_secret } = settings;
        let data = Arc::new(data);
        let address: SocketAddr = listener.local_addr().context("the API's listener has no address")?;
        let webhook_secret = webhook_secret.map_or_else(|| data.webhook_secret(), Ok)?;
        let identity = identity(&data)?;
        let held = watch::Sender::new(None);
        let emulators = Emulators::start(&data).await?;
        let plan = Plan {
            stack: emulators
                .deploy(&Template::read(&workspace.template())?, &parameters::values(&webhook_secret))?,
            executables,
            port: None,
            listener: listener.try_clone()?,
            identity: identity.clone(),
            held: held.subscribe(),
        };
        let backend = Backend::start(plan, &emulators, &cargo_lambda, &workspace.root, &data).await?;
        let running = Self {
            url: format!("http://{address}"),
            webhook_secret,
            held,
            identity,
            data,
            workspace,
            cargo_lambda,
            listener,
            emulators,
            backend,
        };
        running.reach().announce(&running.data)?;
        Ok(running)
    }

    /// Answers every request with 503 and this message, until [`Running::reload`].
    pub fn hold(&self, message: &str) {
        self.held.send_replace(Some(message.to_owned()));
    }

    /// What [`Running::reload`] is to start: these executables and the template as it is now, on the same data and
    /// ports.
    ///
    /// # Errors
    /// When the template isn't understood, or a key or table can't be made. What ran before runs on.
    pub fn plan(&self, executables: Executables) -> Result<Plan> {
        let template = Template::read(&self.workspace.template())?;
        Ok(Plan {
            stack: self.emulators.deploy(&template, &parameters::values(&self.webhook_secret))?,
            executables,
            port: Some(self.backend.lambda_port()),
            listener: self.listener.try_clone()?,
            identity: self.identity.clone(),
            held: self.held.subscribe(),
        })
    }

    /// Starts again, as planned.
    ///
    /// # Errors
    /// When something doesn't start. Nothing runs then.
    pub async fn reload(&mut self, plan: Plan) -> Result<()> {
        self.backend.stop().await;
        let root = &self.workspace.root;
        self.backend = Backend::start(plan, &self.emulators, &self.cargo_lambda, root, &self.data).await?;
        self.held.send_replace(None);
        Ok(())
    }

    /// A bearer token of that user.
    ///
    /// # Errors
    /// When it can't be signed.
    pub fn token(&self, client: &str) -> Result<String> {
        issue(&self.identity, &[client.to_owned()])
    }

    /// The embedded KMS: what it was asked for, and what it is to refuse.
    #[must_use]
    pub fn kms(&self) -> &Kms {
        self.emulators.kms()
    }

    /// The folder of the functions' log lines.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.data.logs()
    }

    /// Where everything can be reached.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach {
            api: self.url.clone(),
            services: Services {
                dynamodb: self.emulators.dynamodb_url(),
                kms: self.emulators.kms_url(),
                lambda: self.backend.lambda_port(),
            },
        }
    }

    /// Waits until the system can't go on, and says why.
    pub async fn failed(&mut self) -> anyhow::Error {
        self.backend.failed().await
    }

    /// Stops all that it started, and waits until it has.
    ///
    /// # Errors
    /// When what the next start looks for can't be removed.
    pub async fn stop(mut self) -> Result<()> {
        self.backend.stop().await;
        self.emulators.stop().await;
        self.data.forget()
    }
}

/// The binaries of the template's functions.
///
/// # Errors
/// When the template isn't understood.
pub fn binaries(workspace: &Workspace) -> Result<Vec<String>> {
    let template = Template::read(&workspace.template())?;
    // No name of a binary hangs on a key.
    let arns = template.keys().into_iter().map(|key| (key.logical_id.clone(), key.logical_id)).collect();
    let stack = template.stack(&parameters::values(""), &arns)?;
    Ok(stack.functions.into_iter().map(|function| function.binary).collect())
}

/// A bearer token of the user whose wallets these are, from the identity provider of a data folder.
///
/// # Errors
/// When its key can't be read, or can't sign.
pub fn token(folder: &Path, clients: &[String]) -> Result<String> {
    issue(&Tokens::open(&folder.join(IDENTITY_FILE))?, clients)
}

const IDENTITY_FILE: &str = "identity.pem";
const TOKEN_LIFETIME: Duration = Duration::from_hours(24);

fn identity(data: &Data) -> Result<Tokens> {
    Ok(Tokens::open(&data.file(IDENTITY_FILE))?)
}

fn issue(identity: &Tokens, clients: &[String]) -> Result<String> {
    use parameters::{AUDIENCE, CLAIM, ISSUER};
    Ok(identity.issue(clients, CLAIM, ISSUER, AUDIENCE, TOKEN_LIFETIME)?)
}
