//! What the real SAM CLI does with samconfig.toml, up to the point where it would need AWS. In cargo-lambda's place stands
//! a program that notes its arguments and leaves a file with the head of an ELF program.

use std::{ffi::OsString, fs, process::Stdio};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    stack::rehearsal::programs,
    support::project::{FUNCTIONS, root},
};

/// Of an ELF file (elf(5), `e_machine`).
const X86_64: &str = "3e";
const ARM64: &str = "b7";

/// A copy of what SAM reads, with programs of ours for `cargo` and `cargo-lambda`.
struct Checkout {
    folder: TempDir,
    path: OsString,
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    well: bool,
    printed: String,
}

impl Ended {
    #[track_caller]
    fn is_refused(&self, why: &str) {
        assert!(!self.well && self.printed.contains(why), "{self:?}");
    }
}

impl Checkout {
    /// On a computer whose own programs are for that machine.
    async fn on(machine: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let copy = |name: &str| fs::copy(root().join(name), folder.path().join(name)).unwrap();
        fs::create_dir(folder.path().join("tools")).unwrap();
        for name in ["Cargo.toml", "samconfig.toml", "template.yaml", "watched.yaml", "tools/check-build"] {
            copy(name);
        }
        let script = cargo(machine);
        let wrappers = programs::wrap(folder.path(), ["cargo", "cargo-lambda"].map(|name| (name, &*script)));
        Self { path: programs::path([wrappers, programs::sam().await]), folder }
    }

    fn set(&self, from: &str, to: &str) {
        let file = self.folder.path().join("samconfig.toml");
        let list = fs::read_to_string(&file).unwrap();
        assert!(list.contains(from), "samconfig.toml has no {from}");
        fs::write(file, list.replace(from, to)).unwrap();
    }

    async fn run(&self, command: &str) -> Ended {
        let output = Command::new("bash")
            .args(["-c", command])
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .env("SAM_CLI_TELEMETRY", "0")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let printed = [output.stdout, output.stderr].concat();
        Ended { well: output.status.success(), printed: String::from_utf8(printed).unwrap() }
    }

    async fn build(&self, what: &str) {
        let built = self.run(&format!("sam build {what} --config-env production")).await;
        assert!(built.well, "{}", built.printed);
    }

    async fn check(&self) -> Ended {
        self.run("tools/check-build production").await
    }

    /// The arguments of every build so far.
    fn builds(&self) -> Vec<String> {
        let noted = fs::read_to_string(self.folder.path().join("noted")).unwrap();
        noted.lines().map(str::to_owned).collect()
    }
}

/// A stand-in for cargo that builds for the computer that it runs on, unless it is told `--arm64`.
fn cargo(machine: &str) -> String {
    format!(
        r#"#!/usr/bin/env bash
set -eu
if [ "$1" = metadata ]; then
    echo "{{\"target_directory\":\"$PWD/target\",\"packages\":[],\"workspace_members\":[]}}"
    exit
fi
echo "$*" >> noted
machine={machine}
while [ $# -gt 0 ]; do
    case $1 in --arm64) machine={ARM64} ;; --bin) binary=$2 ;; esac
    shift
done
mkdir -p "target/lambda/$binary"
printf "\\x7fELF\\x02\\x01\\x01\\0\\0\\0\\0\\0\\0\\0\\0\\0\\x03\\0\\x$machine\\0" > "target/lambda/$binary/bootstrap"
"#
    )
}

#[tokio::test]
async fn a_build_is_for_the_processor_that_the_stages_list_names() {
    let checkout = Checkout::on(X86_64).await;
    for (architecture, flag) in [("arm64", " --arm64"), ("x86_64", "")] {
        checkout.set("Architecture=arm64", &format!("Architecture={architecture}"));
        fs::write(checkout.folder.path().join("noted"), "").unwrap();
        checkout.build("").await;
        let mut builds = checkout.builds();
        builds.sort_unstable();
        assert_eq!(builds, FUNCTIONS.map(|name| format!("lambda build --release{flag} --bin {name}")));
        let checked = checkout.check().await;
        assert!(checked.well, "{architecture}: {}", checked.printed);
    }
}

/// SAM names no target for `x86_64`, so cargo-lambda takes the computer's own.
#[tokio::test]
async fn a_build_for_another_processor_is_refused() {
    let checkout = Checkout::on(ARM64).await;
    checkout.set("Architecture=arm64", "Architecture=x86_64");
    checkout.build("").await;
    checkout.check().await.is_refused("is no program for x86_64");
}

#[tokio::test]
async fn a_build_of_one_function_is_refused() {
    let checkout = Checkout::on(ARM64).await;
    checkout.build("GetBackupFunction").await;
    checkout.check().await.is_refused("is not built");
}

/// Otherwise the sources would be uploaded as the functions' code.
#[tokio::test]
async fn what_was_not_built_can_not_be_deployed() {
    let checkout = Checkout::on(ARM64).await;
    checkout.check().await.is_refused("there is no build of production");
    for (stage, why) in
        [("--config-env production", "Template file not found"), ("", "Missing option '--stack-name'")]
    {
        checkout.run(&format!("sam deploy {stage}")).await.is_refused(why);
    }
}

#[tokio::test]
async fn a_check_of_nothing_or_of_a_list_without_a_processor_says_what_to_do() {
    let checkout = Checkout::on(ARM64).await;
    checkout.run("tools/check-build").await.is_refused("which stage?");
    checkout.build("").await;
    checkout.set("'Architecture=", "'Processor=");
    checkout.check().await.is_refused("'Architecture=arm64'");
}
