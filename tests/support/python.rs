//! Runs Python scripts of the tests, each in a virtual environment that is made once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use local::{python, workspace::Workspace};
use tokio::{io::AsyncWriteExt, join, process::Command};

use crate::support::project::root;

/// A script, beside the pinned packages that it needs.
pub struct Script {
    /// Its name, which is its environment's too.
    pub name: &'static str,
    /// The folder of `{name}.py` and `requirements.txt`, seen from the project's.
    pub folder: &'static str,
}

impl Script {
    /// What the script prints, given these arguments and this input.
    pub async fn run(&self, arguments: &[&str], input: &[u8]) -> String {
        printed(self.command(arguments).await, input).await
    }

    /// The script with these arguments, all three of its streams piped.
    pub async fn command(&self, arguments: &[&str]) -> Command {
        self.beside(&format!("{}/{}.py", self.folder, self.name), arguments).await
    }

    /// Another script, by its path, with this one's packages.
    pub async fn beside(&self, path: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs().await.join("python3"));
        command.arg(root().join(path)).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The folder of Python and of the programs that the packages bring.
    pub async fn programs(&self) -> PathBuf {
        let requirements = root().join(self.folder).join("requirements.txt");
        environment(self.name, &requirements).await.join("bin")
    }
}

/// What a script prints that comes to a good end.
pub async fn printed(script: Command, input: &[u8]) -> String {
    let output = ended(script, input).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// How a script ends that is given this input.
pub async fn ended(mut script: Command, input: &[u8]) -> Output {
    let mut child = script.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let write = async move { stdin.write_all(input).await };
    // A script that doesn't read its input closes it early.
    let (_written, output) = join!(write, child.wait_with_output());
    output.unwrap()
}

/// The environment of that name, with what the requirements pin. One process makes it, and leaves the pins in it once it is
/// whole.
pub async fn environment(name: &str, requirements: &Path) -> PathBuf {
    let tools = Workspace::read().unwrap().target.join("tools");
    fs::create_dir_all(&tools).unwrap();
    let _one_at_a_time = python::lock(&tools.join(name).with_extension("lock")).await.unwrap();
    let environment = tools.join(name);
    let (whole, pins) = (environment.join("whole"), fs::read_to_string(requirements).unwrap());
    if fs::read_to_string(&whole).ok().as_ref() != Some(&pins) {
        python::environment(&environment, requirements).await.unwrap();
        fs::write(whole, pins).unwrap();
    }
    environment
}
