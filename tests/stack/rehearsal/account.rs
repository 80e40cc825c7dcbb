//! An account of AWS, and the terminal in which commands are typed.

use std::{collections::BTreeMap, ffi::OsString, path::Path, process::Stdio, time::Duration, time::Instant};

use local::terminal::{DIM, say_in};
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

/// A deployment takes seconds on the stand-in and minutes on AWS.
const PATIENCE: Duration = Duration::from_mins(30);

/// What a terminal needs to reach an account: these variables and no others.
#[derive(Clone)]
pub struct Account {
    pub name: &'static str,
    pub variables: BTreeMap<String, OsString>,
    pub is_stand_in: bool,
}

/// What a script printed, and whether it came to a good end.
pub struct Typed {
    pub good: bool,
    pub said: String,
}

impl Account {
    /// Types a script, which has to come to a good end, and gives what it prints.
    pub async fn types(&self, folder: &Path, script: &str) -> String {
        let typed = self.tries(folder, script).await;
        assert!(typed.good, "{script}\n{}", typed.said);
        typed.said.trim_end().to_owned()
    }

    /// Types a script, which has to be refused, and gives what is said then.
    pub async fn is_refused(&self, folder: &Path, script: &str) -> String {
        let typed = self.tries(folder, script).await;
        assert!(!typed.good, "{script}\nis not refused:\n{}", typed.said);
        typed.said
    }

    /// Types a script; questions are answered with yes. Says what was typed and how long it took.
    pub async fn tries(&self, folder: &Path, script: &str) -> Typed {
        let start = Instant::now();
        let mut child = self.bash(folder, script).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        tokio::spawn(async move { stdin.write_all(b"y\ny\ny\n").await });
        let output = timeout(PATIENCE, child.wait_with_output()).await.expect("ends in time").unwrap();
        let first = script.trim().lines().next().unwrap_or_default().trim_start_matches("# ");
        say_in(DIM, format_args!("{}: {first} ({} s)", self.name, start.elapsed().as_secs()));
        let said = [output.stdout, if output.status.success() { Vec::new() } else { output.stderr }].concat();
        Typed { good: output.status.success(), said: String::from_utf8_lossy(&said).into_owned() }
    }

    fn bash(&self, folder: &Path, script: &str) -> Command {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", script]).current_dir(folder);
        bash.env_clear().envs(&self.variables);
        bash.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        bash
    }
}
