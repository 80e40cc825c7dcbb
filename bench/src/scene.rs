//! The embedded AWS behind its fronts, with the tables and keys of the template, and shares in them.

use std::{
    collections::BTreeMap,
    env, fs,
    future::pending,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use dynoxide::Database;
use local::{
    dynamodb,
    kms::Kms,
    run::parameters,
    services::Services,
    template::{Stack, Template},
    workspace::Workspace,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, process::Command};

use crate::{
    authority,
    events::{self, CLIENT, WEBHOOK_SECRET},
    front::{Counts, Front},
    shares,
    timed::Timed,
};

/// What a call to DynamoDB takes.
pub const DYNAMODB: Duration = Duration::from_millis(5);
/// What a call to KMS takes.
pub const KMS: Duration = Duration::from_millis(10);

/// The roots that functions trust, and the one of them that is this run's.
const BUNDLE: &str = "bundle.pem";
const ROOT: &str = "root.pem";

/// How many custodian shares a client has who is asked for.
pub const HELD: [usize; 3] = [2, 8, 128];

/// A running AWS, and where the functions' binaries lie.
pub struct Scene {
    binaries: PathBuf,
    stack: Stack,
    fast: Services,
    dynamodb: Front,
    kms: Front,
    folder: TempDir,
}

impl Scene {
    /// Starts it, and stores what the requests will ask for.
    pub async fn start(workspace: &Workspace, binaries: PathBuf) -> Result<Self> {
        let (kms, database) = (Kms::memory(), Database::memory()?);
        let stack = deploy(workspace, &kms, &database)?;
        let (dynamodb_listener, dynamodb) = listen().await?;
        let (kms_listener, kms_url) = listen().await?;
        tokio::spawn(dynoxide::server::serve_with_shutdown(dynamodb_listener, database, pending()));
        tokio::spawn(kms.serve(kms_listener, pending()));
        let folder = tempfile::tempdir()?;
        let tls = authority::certify(&folder.path().join(BUNDLE), &folder.path().join(ROOT))?;
        let scene = Self {
            binaries,
            stack,
            dynamodb: Front::start(dynamodb.clone(), DYNAMODB, tls.clone()).await?,
            kms: Front::start(kms_url.clone(), KMS, tls).await?,
            fast: Services { dynamodb, kms: kms_url, lambda: 0 },
            folder,
        };
        scene.fill().await?;
        Ok(scene)
    }

    async fn fill(&self) -> Result<()> {
        let mut webhook = self.instance("webhook-backup").await?;
        for held in HELD {
            let client = client(held);
            for share in shares::custodian(&client, held) {
                webhook.call(&events::handover(&client, &share)?).await?;
            }
        }
        let mut store = self.instance("store-backup").await?;
        store.call(&events::store(&shares::client(CLIENT)?)?).await?;
        Ok(())
    }

    /// Starts a function that calls AWS through the fronts and trusts as many roots as on Lambda.
    pub async fn launch(&self, function: &str) -> Result<Timed> {
        let mut command = Command::new(self.binaries.join(function));
        command.env_clear().env("SSL_CERT_FILE", self.folder.path().join(BUNDLE));
        self.start_by(command, function, &self.slow()).await
    }

    /// The same under callgrind, which writes how many instructions it counted to that file. It trusts one root, so that
    /// the count is not another one where the system has others.
    pub async fn launch_counted(&self, function: &str, file: &Path) -> Result<Timed> {
        let mut command = Command::new("valgrind");
        command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", file.display()));
        command.arg(self.binaries.join(function)).env_clear();
        command
            .envs(["PATH", "VALGRIND_LIB"].into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.env("SSL_CERT_FILE", self.folder.path().join(ROOT));
        self.start_by(command, function, &self.slow()).await
    }

    fn slow(&self) -> Services {
        Services { dynamodb: self.dynamodb.url.clone(), kms: self.kms.url.clone(), lambda: 0 }
    }

    async fn instance(&self, function: &str) -> Result<Timed> {
        self.start_by(Command::new(self.binaries.join(function)), function, &self.fast).await
    }

    async fn start_by(&self, command: Command, function: &str, services: &Services) -> Result<Timed> {
        let mut functions = self.stack.functions.iter();
        // The trivial function has no environment of its own: any will do.
        let known = functions.find(|known| known.binary == function).or(self.stack.functions.first());
        let environment = known.map(|known| services.environment(known)).unwrap_or_default();
        Timed::start(command, &environment).await.with_context(|| format!("starting {function}"))
    }

    /// The size of a function's binary, in bytes.
    pub fn size(&self, function: &str) -> Result<u64> {
        Ok(fs::metadata(self.binaries.join(function))?.len())
    }

    /// What came through both fronts so far.
    pub fn counts(&self) -> [Counts; 2] {
        [self.dynamodb.counts(), self.kms.counts()]
    }
}

/// The client who has so many custodian shares.
pub fn client(held: usize) -> String {
    format!("client-of-{held}")
}

fn deploy(workspace: &Workspace, kms: &Kms, database: &Database) -> Result<Stack> {
    let template = Template::read(&workspace.template())?;
    let arns = template.keys.iter().map(|key| {
        let arn = kms.key(&format!("alias/{}", key.logical_id), key.multi_region)?;
        Ok((key.logical_id.clone(), arn))
    });
    let arns = arns.collect::<Result<BTreeMap<_, _>>>()?;
    let stack = template.stack(&parameters::values(WEBHOOK_SECRET, false), &arns)?;
    dynamodb::create_missing(database, &stack.tables)?;
    Ok(stack)
}

async fn listen() -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}
