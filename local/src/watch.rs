//! Sees when sources of the functions change.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    time::timeout,
};

/// Folders whose files the functions are built from.
const FOLDERS: [&str; 2] = ["functions", "shared"];
/// Files beside them that say what is built and how it runs.
const FILES: [&str; 3] = ["Cargo.toml", "Cargo.lock", "template.yaml"];
/// An editor or a version control system writes several files at once: a change is over after this much rest.
const REST: Duration = Duration::from_millis(250);

/// The sources under watch.
#[derive(Debug)]
pub struct Sources {
    changes: UnboundedReceiver<PathBuf>,
    _watcher: RecommendedWatcher,
}

impl Sources {
    /// Watches the sources of the workspace at `root`.
    ///
    /// # Errors
    /// When the system can't watch them.
    pub fn watch(root: &Path) -> Result<Self> {
        let root = root.canonicalize()?;
        let (sender, changes) = mpsc::unbounded_channel();
        let base = root.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // What can't be seen is no change; and nobody listens any more when the run stops.
            for path in event.map(|event| changed(&base, event)).unwrap_or_default() {
                drop(sender.send(path));
            }
        })
        .context("this system can't watch files")?;
        // The folder, not the files: editors replace a file by another of its name.
        watcher.watch(&root, RecursiveMode::NonRecursive)?;
        for folder in FOLDERS {
            watcher.watch(&root.join(folder), RecursiveMode::Recursive)?;
        }
        Ok(Self { changes, _watcher: watcher })
    }

    /// Waits for a change and for the rest after it; gives one of the files that changed, relative to the root.
    ///
    /// # Errors
    /// When the watch has ended.
    pub async fn changed(&mut self) -> Result<PathBuf> {
        let first = self.changes.recv().await.context("the watch of the sources has ended")?;
        while let Ok(Some(_)) = timeout(REST, self.changes.recv()).await {}
        Ok(first)
    }
}

/// The sources that an event is about, relative to the root.
fn changed(root: &Path, event: Event) -> Vec<PathBuf> {
    if matches!(event.kind, EventKind::Access(_)) {
        return Vec::new();
    }
    let relative = |path: PathBuf| path.strip_prefix(root).ok().map(Path::to_path_buf);
    event.paths.into_iter().filter_map(relative).filter(|path| is_source(path)).collect()
}

fn is_source(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    let in_folder = FOLDERS.iter().any(|folder| path.starts_with(folder));
    let is_file = FILES.iter().any(|file| path == Path::new(file));
    !hidden && (in_folder || is_file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("functions/a/src")).unwrap();
        fs::create_dir_all(root.path().join("shared")).unwrap();
        root
    }

    #[tokio::test]
    async fn a_changed_source_is_seen() {
        let root = workspace();
        let mut sources = Sources::watch(root.path()).unwrap();
        fs::write(root.path().join("functions/a/src/lib.rs"), "//!").unwrap();
        assert_eq!(sources.changed().await.unwrap(), Path::new("functions/a/src/lib.rs"));
    }

    #[tokio::test]
    async fn a_replaced_template_is_seen_and_other_files_are_not() {
        let root = workspace();
        let mut sources = Sources::watch(root.path()).unwrap();
        fs::write(root.path().join("README.md"), "").unwrap();
        fs::write(root.path().join("shared/.lib.rs.swp"), "").unwrap();
        fs::write(root.path().join("new"), "").unwrap();
        fs::rename(root.path().join("new"), root.path().join("template.yaml")).unwrap();
        assert_eq!(sources.changed().await.unwrap(), Path::new("template.yaml"));
    }
}
