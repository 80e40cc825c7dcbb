//! An instance of a function, with a clock beside it.

use std::{
    collections::BTreeMap,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use instance::{Instance, Said};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{process::Command, time::timeout};

/// Long enough for a function on a busy machine, also while its instructions are counted.
const PATIENCE: Duration = Duration::from_mins(3);

/// A running instance that waits for an event.
pub struct Timed {
    instance: Instance,
    /// What it took to become ready.
    pub start: Took,
}

/// What something took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// Time on the clock.
    pub clock: Duration,
    /// Time on a processor, by the function's process alone.
    pub processor: Duration,
}

impl Timed {
    /// Starts a function, and waits until it asks for its first event.
    pub async fn start(mut command: Command, environment: &BTreeMap<String, String>) -> Result<Self> {
        command.envs(environment).stdout(Stdio::null()).stderr(Stdio::null());
        let mut instance = Instance::start(command).await?;
        let at = ready(&mut instance).await?;
        let start = Took { clock: at - instance.begun, processor: instance.usage()?.processor };
        Ok(Self { instance, start })
    }

    /// Hands it an event; gives the answer's body, which has to bear status 200, and what it took until the instance
    /// was ready for the next.
    pub async fn call(&mut self, event: &Value) -> Result<(Value, Took)> {
        let before = self.instance.usage()?.processor;
        let event = event.to_string();
        let begun = Instant::now();
        self.instance.hand(event)?;
        let (at, Said::Answered(answer)) = hear(&mut self.instance).await? else {
            bail!("the function asks for the next event before it has answered");
        };
        ready(&mut self.instance).await?;
        let processor = self.instance.usage()?.processor.saturating_sub(before);
        Ok((body(&answer)?, Took { clock: at - begun, processor }))
    }

    /// Asks the process to end, and waits until it has.
    pub async fn end(mut self) -> Result<()> {
        let id = self.instance.child.id().context("the function has ended")?;
        let id = Pid::from_raw(id.try_into()?).context("no process has the id 0")?;
        kill_process(id, Signal::TERM)?;
        self.instance.child.wait().await?;
        Ok(())
    }

    /// The most memory that it has had, in bytes.
    pub fn peak_memory(&self) -> Result<u64> {
        Ok(self.instance.usage()?.peak_memory)
    }
}

async fn ready(instance: &mut Instance) -> Result<Instant> {
    match hear(instance).await? {
        (at, Said::Ready) => Ok(at),
        _ => bail!("the function answers what it was not asked"),
    }
}

async fn hear(instance: &mut Instance) -> Result<(Instant, Said)> {
    let heard = timeout(PATIENCE, instance.hear()).await.context("the function says nothing")?;
    match heard {
        None => bail!("the function has ended: {}", instance.child.wait().await?),
        Some((_, Said::Failed(what))) => bail!("the function fails: {}", String::from_utf8_lossy(&what)),
        Some(said) => Ok(said),
    }
}

/// The body of an answer in payload format 2.0.
fn body(answer: &[u8]) -> Result<Value> {
    let answer: Value = serde_json::from_slice(answer)?;
    ensure!(answer["statusCode"] == 200, "the function answers {answer}");
    Ok(serde_json::from_str(answer["body"].as_str().context("no body")?)?)
}
