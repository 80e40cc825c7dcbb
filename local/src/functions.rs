//! The functions' instances: a few processes of each, as Lambda runs them.

mod lines;

use std::{
    fs::File,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{process::Command, sync::watch, task::JoinSet, time::sleep};

use crate::{
    data::Data,
    services::Environment,
    terminal::{self, WARN},
};

/// How many invocations of one function can run at the same time.
const INSTANCES: usize = 3;
/// Before an instance that has ended is started again. Its fault may be one that a restart won't mend: the terminal stays
/// readable.
const PAUSE: Duration = Duration::from_secs(5);

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
        loop {
            let end = match self.run(&mut stopped).await {
                Ok(None) => return,
                Ok(Some(status)) => status.to_string(),
                Err(error) => format!("{error:#}"),
            };
            let line = format!("ended ({end}): restarts in {} s", PAUSE.as_secs());
            terminal::complain(WARN, &self.launch.name, line);
            tokio::select! {
                () = sleep(PAUSE) => {}
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
