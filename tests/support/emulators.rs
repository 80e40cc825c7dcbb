//! The emulators in a process of their own, on the data of a folder: for tests that kill it.

use std::{
    env,
    io::{copy, sink, stdin},
    path::Path,
};

use anyhow::{Context, Result};
use local::{data::Data, emulators::Emulators, terminal::say};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let folder = env::args_os().nth(1).context("the folder is missing: it is the argument")?;
    let data = Data::take(Path::new(&folder))?;
    let emulators = Emulators::start(&data).await?;
    say(json!([emulators.dynamodb_url(), emulators.kms_url()]));
    // Standard input ends with the process that started this one.
    tokio::task::spawn_blocking(|| copy(&mut stdin(), &mut sink())).await??;
    Ok(())
}
