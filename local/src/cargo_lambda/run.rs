//! A running cargo-lambda, which takes invocations and hands them to the functions' instances.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::data::Data;

/// A port that was free can be taken by someone else before cargo-lambda listens on it.
const TRIES: usize = 3;
const START_LIMIT: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What the pinned version logs right before it binds its port.
const ABOUT_TO_LISTEN: &str = "starting Runtime server";
/// It ends within milliseconds when it can't bind: whoever listens then is someone else.
const SETTLED: Duration = Duration::from_millis(200);

/// A running cargo-lambda.
#[derive(Debug)]
pub struct CargoLambda {
    child: Child,
    port: u16,
    log: PathBuf,
    /// How long the log was before this start.
    logged_before: usize,
}

impl CargoLambda {
    /// Starts it, for the functions of the workspace at `root`, on the port if one is given, else on a free one.
    pub async fn start(executable: &Path, root: &Path, port: Option<u16>, data: &Data) -> Result<Self> {
        let mut tries = TRIES;
        loop {
            let mut started = Self::spawn(executable, root, port.map_or_else(free_port, Ok)?, data)?;
            tries -= 1;
            match started.listens().await {
                Ok(()) => return Ok(started),
                Err(error) if tries == 0 => return Err(error),
                Err(_) => started.stop().await?,
            }
        }
    }

    fn spawn(executable: &Path, root: &Path, port: u16, data: &Data) -> Result<Self> {
        let log = data.log("cargo-lambda");
        let file = data.open_log("cargo-lambda")?;
        let logged_before = usize::try_from(file.metadata()?.len())?;
        let child =
            data.spawn(command(executable, root, port, file)?).context("cargo-lambda doesn't start")?;
        Ok(Self { child, port, log, logged_before })
    }

    /// Waits until it takes connections: it, and not another program on the same port.
    async fn listens(&mut self) -> Result<()> {
        let limit = Instant::now() + START_LIMIT;
        while Instant::now() < limit {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.ended_with(status));
            }
            if self.is_about_to_listen()? && self.is_listened_to().await {
                return match timeout(SETTLED, self.child.wait()).await {
                    Ok(status) => Err(self.ended_with(status?)),
                    Err(_settled) => Ok(()),
                };
            }
            sleep(LOOK_AGAIN).await;
        }
        bail!("cargo-lambda doesn't listen after {} s, see {}", START_LIMIT.as_secs(), self.log.display())
    }

    fn is_about_to_listen(&self) -> Result<bool> {
        let log = fs::read(&self.log).with_context(|| format!("{} can't be read", self.log.display()))?;
        let said = String::from_utf8_lossy(log.get(self.logged_before..).unwrap_or_default());
        Ok(said.contains(ABOUT_TO_LISTEN))
    }

    async fn is_listened_to(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok()
    }

    /// Where functions are invoked, and their instances ask for work.
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
        anyhow!("cargo-lambda ended ({status}), see {}", self.log.display())
    }

    /// Ends it, unless it has ended by itself. It has nothing to save.
    pub async fn stop(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

fn command(executable: &Path, root: &Path, port: u16, log: File) -> Result<Command> {
    let mut command = Command::new(executable);
    command
        .args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"])
        .args(["--invoke-port", &port.to_string()])
        .current_dir(root)
        // A higher level would hide the line that is waited for.
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(command)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `echo` says the arguments and ends, as cargo-lambda says its line and ends when it can't bind.
    async fn start_beside_a_listener(said: &str) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::take(folder.path()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        fs::write(data.log("cargo-lambda"), said).unwrap();
        let started = CargoLambda::start(Path::new("echo"), folder.path(), Some(port), &data).await;
        (started.unwrap_err().to_string(), fs::read_to_string(data.log("cargo-lambda")).unwrap())
    }

    #[tokio::test]
    async fn the_listener_of_another_program_is_not_taken_for_cargo_lambdas() {
        let (error, _) = start_beside_a_listener("").await;
        assert!(error.starts_with("cargo-lambda ended (exit status: 0), see "), "{error}");
    }

    #[tokio::test]
    async fn every_try_of_a_run_stays_in_the_log() {
        let (_, log) = start_beside_a_listener(ABOUT_TO_LISTEN).await;
        assert!(log.starts_with(ABOUT_TO_LISTEN), "{log}");
        assert_eq!(log.matches("--only-lambda-apis").count(), TRIES, "{log}");
    }
}
