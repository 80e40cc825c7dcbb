//! DynamoDB and KMS in a process of their own, that can be killed and started again on the same files.

use std::{path::Path, process::Stdio};

use local::{
    data::Data,
    emulators::Emulators,
    process::Process,
    template::{Stack, Template},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::support::{project::root, runtime::PATIENCE, system::parameters};

const PROGRAM: &str = env!("CARGO_BIN_EXE_emulators");

/// The running process.
pub struct Emulated {
    pub child: Child,
    pub dynamodb_url: String,
    pub kms_url: String,
}

impl Emulated {
    /// Starts it on the data of a folder; the one before must have ended.
    pub async fn start(folder: &Path) -> Self {
        let mut command = Command::new(PROGRAM);
        command.arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        timeout(PATIENCE, stdout.read_line(&mut said)).await.expect("starts in time").unwrap();
        let [dynamodb_url, kms_url] =
            serde_json::from_str(&said).expect("starts on data that a kill has left");
        Self { child, dynamodb_url, kms_url }
    }

    /// The process; once its end has been waited for there is none, which is no process at all.
    pub fn process(&self) -> Process {
        Process::new(self.child.id().unwrap_or(0), PROGRAM.into())
    }
}

/// Makes the template's keys and tables in a folder.
pub async fn deploy(folder: &Path) -> Stack {
    let emulators = Emulators::start(&Data::take(folder).unwrap()).await.unwrap();
    let template = Template::read(&root().join("template.yaml")).unwrap();
    let stack = emulators.deploy(&template, &parameters()).unwrap();
    emulators.stop().await;
    stack
}
