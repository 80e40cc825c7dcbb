//! The project's folder, its files, and its functions.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use local::template::{Stack, Template};

use crate::support::system::parameters;

/// Every function, by its folder, its binary and its event. What goes over all functions goes over these.
pub const FUNCTIONS: [&str; 5] =
    ["get-backup", "list-backups", "store-backup", "webhook-backup", "webhook-fetch"];

/// Those that a user's app calls, with the user's login.
pub const USERS: [&str; 3] = ["get-backup", "list-backups", "store-backup"];

/// Those that Portal calls, with the webhook secret.
pub const WEBHOOKS: [&str; 2] = ["webhook-backup", "webhook-fetch"];

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Folders whose files are made, or kept for a machine to read.
const SKIPPED: [&str; 6] = [".git", ".aws-sam", "target", "corpus", "node_modules", "__pycache__"];

/// The files that end so, in order: their texts by their paths, seen from the project's folder.
pub fn texts(extension: &str) -> Vec<(String, String)> {
    let paths = files().into_iter().filter(|path| path.extension().is_some_and(|found| found == extension));
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    let mut texts: Vec<_> = paths.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect();
    texts.sort();
    texts
}

/// Every file of the project.
pub fn files() -> Vec<PathBuf> {
    files_in(root())
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kept = entries.filter(|path| !SKIPPED.iter().any(|name| path.ends_with(name)));
    kept.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

/// The binaries and routes of the template.
pub fn routed() -> BTreeSet<(String, String)> {
    stack().routes().map(|route| (route.function.clone(), route.key())).collect()
}

/// The functions, by their binaries and by what they are called in the template.
pub fn functions() -> Vec<(String, String)> {
    stack().functions.into_iter().map(|function| (function.binary, function.logical_id)).collect()
}

fn stack() -> Stack {
    let template = Template::read(&root().join("template.yaml")).unwrap();
    let arns =
        template.keys.iter().map(|key| (key.logical_id.clone(), "arn:aws:kms:a:0:key/b".into())).collect();
    template.stack(&parameters(), &arns).unwrap()
}
