//! The functions' instances: a few processes of each, as Lambda runs them.

mod environment;
mod lines;

use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub use self::environment::{Environment, Services};
use crate::data::Data;
use crate::terminal::{self, BAD, WARN};

/// How many invocations of one function can run at the same time.
const INSTANCES: usize = 3;
/// An instance that dies sooner than this has a fault that a restart alone won't mend.
const HEALTHY: Duration = Duration::from_secs(10);
/// How often such an instance is restarted, after 1, 2, 4 and 8 s.
const RESTARTS: u32 = 4;

/// One function: its executable, and the environment of each of its instances.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The binary's name.
    pub name: String,
    /// The binary's path.
    pub executable: PathBuf,
    /// All that an instance gets.
    pub environment: Environment,
}

/// All instances of all functions; they end when it is dropped.
#[derive(Debug)]
pub struct Functions {
    stop: watch::Sender<()>,
    instances: JoinSet<()>,
}

impl Functions {
    /// Starts the instances, and keeps them running.
    ///
    /// # Errors
    /// When a log can't be written.
    pub fn start(launches: Vec<Launch>, data: &Arc<Data>) -> Result<Self> {
        let (stop, stopped) = watch::channel(());
        let mut instances = JoinSet::new();
        for launch in launches {
            let log = Arc::new(Mutex::new(data.open_log(&launch.name)?));
            for _ in 0..INSTANCES {
                let instance = Instance { launch: launch.clone(), log: log.clone(), data: data.clone() };
                instances.spawn(instance.keep_running(stopped.clone()));
            }
        }
        Ok(Self { stop, instances })
    }

    /// Ends all instances and waits for their ends.
    pub async fn stop(self) {
        drop(self.stop);
        self.instances.join_all().await;
    }
}

struct Instance {
    launch: Launch,
    log: Arc<Mutex<File>>,
    data: Arc<Data>,
}

impl Instance {
    async fn keep_running(self, mut stopped: watch::Receiver<()>) {
        let name = &self.launch.name;
        let mut failures = 0;
        loop {
            let start = Instant::now();
            let end = match self.run(&mut stopped).await {
                Ok(None) => return,
                Ok(Some(status)) => status.to_string(),
                Err(error) => format!("{error:#}"),
            };
            failures = if start.elapsed() < HEALTHY { failures + 1 } else { 0 };
            if failures > RESTARTS {
                terminal::complain(
                    BAD,
                    name,
                    format_args!("ended ({end}) once too often: this instance stays down"),
                );
                return;
            }
            let pause = Duration::from_secs(1 << failures.saturating_sub(1));
            terminal::complain(WARN, name, format_args!("ended ({end}): restarts in {} s", pause.as_secs()));
            tokio::select! {
                () = sleep(pause) => {}
                _ = stopped.changed() => return,
            }
        }
    }

    /// Runs until the process ends, which gives its status, or until it is to stop.
    async fn run(&self, stopped: &mut watch::Receiver<()>) -> Result<Option<ExitStatus>> {
        let mut command = Command::new(&self.launch.executable);
        command
            .env_clear()
            .envs(&self.launch.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.data.spawn(command).context("doesn't start")?;
        let lines = lines::follow(&self.launch.name, &mut child, &self.log);
        let status = tokio::select! {
            status = child.wait() => Some(status?),
            _ = stopped.changed() => {
                child.kill().await?;
                None
            }
        };
        lines.join_all().await;
        Ok(status)
    }
}
