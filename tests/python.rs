//! Runs the independent implementation of the envelope, in a virtual environment that is made once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use local::{python, workspace::Workspace};
use tokio::{io::AsyncWriteExt, join, process::Command};

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/requirements.txt");
const IMPLEMENTATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/envelope.py");

/// What the implementation prints, given these arguments and this input.
pub async fn run(arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new(interpreter().await)
        .arg(IMPLEMENTATION)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let write = async move { stdin.write_all(input).await };
    // An implementation that doesn't read its input closes it early.
    let (_written, output) = join!(write, child.wait_with_output());
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Python with the pinned packages. One process makes the environment, and leaves the pins in it once it is whole.
async fn interpreter() -> PathBuf {
    let tools = Workspace::read().unwrap().target.join("tools");
    fs::create_dir_all(&tools).unwrap();
    let _one_at_a_time = python::lock(&tools.join("envelope.lock")).await.unwrap();
    let environment = tools.join("envelope");
    let (whole, pins) = (environment.join("whole"), fs::read_to_string(REQUIREMENTS).unwrap());
    if fs::read_to_string(&whole).ok().as_ref() != Some(&pins) {
        python::environment(&environment, Path::new(REQUIREMENTS)).await.unwrap();
        fs::write(whole, pins).unwrap();
    }
    environment.join("bin/python3")
}
