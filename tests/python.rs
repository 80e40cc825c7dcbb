//! Runs the independent implementation of the envelope, in a virtual environment that is made once.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use local::workspace::Workspace;

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/requirements.txt");
const IMPLEMENTATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/envelope.py");

/// What the implementation prints, given these arguments and this input.
pub async fn run(arguments: &[&str], input: &[u8]) -> String {
    let (arguments, input) =
        (arguments.iter().map(|&text| text.to_owned()).collect::<Vec<_>>(), input.to_owned());
    let run = move || {
        let mut child = Command::new(interpreter())
            .arg(IMPLEMENTATION)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        // An implementation that doesn't read its input closes it early.
        drop(writer.join().unwrap());
        succeeded(&output);
        String::from_utf8(output.stdout).unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// Python with the pinned packages. One process makes the environment, and leaves the pins in it once it is whole.
fn interpreter() -> PathBuf {
    let tools = Workspace::read().unwrap().target.join("tools");
    fs::create_dir_all(&tools).unwrap();
    let lock = File::create(tools.join("envelope.lock")).unwrap();
    lock.lock().unwrap();
    let environment = tools.join("envelope");
    let (whole, pins) = (environment.join("whole"), fs::read_to_string(REQUIREMENTS).unwrap());
    if fs::read_to_string(&whole).ok().as_ref() != Some(&pins) {
        make(&environment);
        fs::write(whole, pins).unwrap();
    }
    environment.join("bin/python3")
}

fn make(environment: &Path) {
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment).output().unwrap();
    succeeded(&made);
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let only = ["--only-binary", ":all:", "--require-hashes", "--requirement", REQUIREMENTS];
    succeeded(&Command::new(environment.join("bin/python3")).args(pip).args(only).output().unwrap());
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
