//! The Lambda service: cargo-lambda, which takes invocations and hands them to the functions' instances.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::data::Data;

/// A port that was free can be taken by someone else before cargo-lambda listens on it.
const TRIES: usize = 3;
const START_LIMIT: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A running cargo-lambda.
#[derive(Debug)]
pub struct Lambda {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Lambda {
    /// Starts it, for the functions of the workspace at `root`, on the port if one is given, else on a free one.
    ///
    /// # Errors
    /// When it ends at once, or doesn't listen within some seconds.
    pub async fn start(executable: &Path, root: &Path, port: Option<u16>, data: &Data) -> Result<Self> {
        let mut tries = TRIES;
        loop {
            let mut lambda = Self::spawn(executable, root, port.map_or_else(free_port, Ok)?, data)?;
            tries -= 1;
            match lambda.listens().await {
                Ok(()) => return Ok(lambda),
                Err(error) if tries == 0 => return Err(error),
                Err(_) => lambda.stop().await?,
            }
        }
    }

    fn spawn(executable: &Path, root: &Path, port: u16, data: &Data) -> Result<Self> {
        let log = data.log("cargo-lambda")?;
        let file = File::create(&log).with_context(|| format!("{} can't be written", log.display()))?;
        let mut command = Command::new(executable);
        command
            .args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &port.to_string()])
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let child = data.spawn(command).context("cargo-lambda doesn't start")?;
        Ok(Self { child, port, log })
    }

    /// Waits until it takes connections.
    async fn listens(&mut self) -> Result<()> {
        let limit = Instant::now() + START_LIMIT;
        while Instant::now() < limit {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.ended_with(status));
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return Ok(());
            }
            sleep(LOOK_AGAIN).await;
        }
        bail!("cargo-lambda doesn't listen after {} s, see {}", START_LIMIT.as_secs(), self.log.display())
    }

    /// Where functions are invoked, and their instances ask for work.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for its end, which nobody asked for.
    pub async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => self.ended_with(status),
            Err(error) => error.into(),
        }
    }

    fn ended_with(&self, status: ExitStatus) -> anyhow::Error {
        anyhow::anyhow!("cargo-lambda ended ({status}), see {}", self.log.display())
    }

    /// Ends it. It has nothing to save.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn stop(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
