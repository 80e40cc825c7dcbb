//! How many instructions a start and a warm request take: what a busy machine doesn't change.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};

use crate::{
    measured::{Kind, kinds},
    scene::Scene,
};

/// Warm requests of which one is the mean.
const WARM: u64 = 40;

/// Most shares of a fetch whose instructions are counted. Valgrind makes a function fifty times slower: with more, calls are
/// cut off and made again.
const SHARES: usize = 8;

/// Instructions by what takes them.
pub async fn count(scene: &Scene) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for kind in kinds()?.into_iter().filter(|kind| kind.shares.is_none_or(|shares| shares <= SHARES)) {
        let start = of(scene, &kind, 0).await?;
        let warm = (of(scene, &kind, WARM + 1).await? - of(scene, &kind, 1).await?) / WARM;
        counts.insert(format!("start of {}", kind.function), start);
        counts.insert(kind.what.clone(), warm);
    }
    Ok(counts)
}

/// Those of an instance that serves so many requests.
async fn of(scene: &Scene, kind: &Kind, requests: u64) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("callgrind");
    let mut instance = scene.launch_counted(kind.function, &file).await?;
    for _ in 0..requests {
        instance.call(&kind.event()?).await?;
    }
    instance.end().await?;
    let written = fs::read_to_string(file)?;
    let total = written.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.context("callgrind counted nothing")?.trim().parse()?)
}
