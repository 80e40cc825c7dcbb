//! Where a run can be reached: written by the run, read by `cargo local token` and `cargo local env`.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{
    data::{Data, remove},
    durable,
    process::Process,
    services::{Environment, Services},
};

/// The file of the data folder that says so.
const FILE: &str = "run.json";

/// Where a run can be reached.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reach {
    /// The API.
    pub api: String,
    /// What stands in for AWS behind it.
    pub services: Services,
    /// What `custodian` is told of both halves.
    pub operators: Environment,
}

/// The process tells a run from what a killed one left in the file.
#[derive(Deserialize, Serialize)]
struct Run {
    process: Process,
    reach: Reach,
}

impl Reach {
    /// Where the run on that folder can be reached.
    ///
    /// # Errors
    /// When nothing runs on it.
    pub fn of(folder: &Path) -> Result<Self> {
        let run = fs::read(folder.join(FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Run>(&bytes).ok())
            .filter(|run| run.process.runs());
        match run {
            Some(run) => Ok(run.reach),
            None => bail!(
                "nothing runs on {}: start it with `cargo local`, or name its folder with --data",
                folder.display()
            ),
        }
    }

    /// Tells others of this run.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn announce(self, data: &Data) -> Result<()> {
        let (path, run) = (data.file(FILE), Run { process: Process::this(), reach: self });
        durable::write(&path, &serde_json::to_vec(&run)?)
            .with_context(|| format!("{} can't be written", path.display()))
    }

    /// Tells others that the run has ended.
    ///
    /// # Errors
    /// When the file can't be removed.
    pub fn withdraw(data: &Data) -> Result<()> {
        remove(&data.file(FILE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_while_it_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let services = Services { dynamodb: "http://d".into(), kms: "http://k".into(), lambda: 9 };
        let operators = Environment::from([("CLIENT_TABLE".into(), "t".into())]);
        let reach = Reach { api: "http://a".into(), services, operators };
        assert!(Reach::of(folder.path()).is_err());
        let data = Data::take(folder.path()).unwrap();
        reach.clone().announce(&data).unwrap();
        assert_eq!(Reach::of(folder.path()).unwrap(), reach);
        Reach::withdraw(&data).unwrap();
        assert!(Reach::of(folder.path()).is_err());
    }
}
