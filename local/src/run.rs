//! The whole system in one process and its children: what `cargo local` and the tests start.

mod backend;
mod identity;
pub mod parameters;
mod site;

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use tokio::sync::watch;

pub use self::backend::Plan;
use self::{backend::Backend, site::Site};
use crate::{
    compile::Executables, data::Data, emulators::Emulators, kms::Kms, reach::Reach, template::Template,
    tokens::Tokens,
};

/// What a run needs. Installing cargo-lambda and building the functions is the caller's, as are the template's changes.
#[derive(Debug)]
pub struct Settings {
    /// Where the workspace lies, which cargo-lambda looks at.
    pub root: PathBuf,
    /// The stack.
    pub template: Template,
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
    /// A program that authorizes users instead of tokens.
    pub authorizer: Option<PathBuf>,
    /// Whether the API takes no more requests than the template says.
    pub keeps_rates: bool,
}

/// A running system. Dropping it ends its children too, but doesn't wait for them.
pub struct Running {
    /// Base URL of the API.
    pub url: String,
    /// The secret that Portal's calls carry.
    pub webhook_secret: String,
    site: Site,
    backend: Backend,
}

impl Running {
    /// Starts the system, ready for requests.
    ///
    /// # Errors
    /// When a part of it doesn't start: the message says which, and why.
    pub async fn start(settings: Settings) -> Result<Self> {
        let Settings { root, template, data, listener, cargo_lambda, executables, .. } = settings;
        let url = format!("http://{}", listener.local_addr().context("the API's listener has no address")?);
        let webhook_secret = settings.webhook_secret.map_or_else(|| data.webhook_secret(), Ok)?;
        let site = Site {
            root,
            cargo_lambda,
            listener,
            parameters: parameters::values(&webhook_secret, settings.authorizer.is_some()),
            authorizer: settings.authorizer,
            keeps_rates: settings.keeps_rates,
            identity: Tokens::open(&data.file(identity::FILE))?,
            emulators: Emulators::start(&data).await?,
            data: Arc::new(data),
            held: watch::Sender::new(None),
        };
        let plan = Plan { stack: site.deploy(&template)?, executables };
        let backend = Backend::start(&site, plan, None).await?;
        let running = Self { url, webhook_secret, site, backend };
        running.reach().announce(&running.site.data)?;
        Ok(running)
    }

    /// Answers every request with 503 and this message, until [`Running::reload`].
    pub fn hold(&self, message: &str) {
        self.site.held.send_replace(Some(message.to_owned()));
    }

    /// What [`Running::reload`] is to start: these executables and this template, on the same data and ports.
    ///
    /// # Errors
    /// When the template isn't understood, or a key or table can't be made. What ran before runs on.
    pub fn plan(&self, template: &Template, executables: Executables) -> Result<Plan> {
        Ok(Plan { stack: self.site.deploy(template)?, executables })
    }

    /// Starts again, as planned.
    ///
    /// # Errors
    /// When something doesn't start. Nothing runs then.
    pub async fn reload(&mut self, plan: Plan) -> Result<()> {
        let port = self.reach().services.lambda;
        self.backend.stop().await;
        self.backend = Backend::start(&self.site, plan, Some(port)).await?;
        self.site.held.send_replace(None);
        Ok(())
    }

    /// A bearer token of that user.
    ///
    /// # Errors
    /// When it can't be signed.
    pub fn token(&self, client: &str) -> Result<String> {
        self.site.token(client)
    }

    /// The embedded KMS, which knows what it was asked for.
    #[must_use]
    pub fn kms(&self) -> &Kms {
        self.site.emulators.kms()
    }

    /// The folder of the log lines.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.site.data.logs()
    }

    /// Where everything can be reached.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach {
            api: self.url.clone(),
            services: self.backend.services(&self.site),
            operators: self.backend.operators.clone(),
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
        self.site.emulators.stop().await;
        Reach::withdraw(&self.site.data)?;
        self.site.data.forget()
    }
}

/// A bearer token of the user whose wallets these are, from the identity provider of a data folder.
///
/// # Errors
/// When its key can't be read, or can't sign.
pub fn token(folder: &Path, clients: &[String]) -> Result<String> {
    identity::issue(&Tokens::open(&folder.join(identity::FILE))?, clients)
}
