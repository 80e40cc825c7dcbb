//! The key file.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::{error::FileError, keys::Keyring};
use crate::durable;

const WARNING: &str = "UNSAFE FOR PRODUCTION: these are the keys of a KMS emulator, in plain text. \
                       Without this file nothing that they encrypted can be read.";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents<K> {
    warning: String,
    keyring: K,
}

/// Reads the keys of that file; there is none yet: no keys.
pub fn load(file: &Path) -> Result<Keyring, FileError> {
    let bytes = match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Keyring::default()),
        read => read.map_err(|error| failed(file, format!("can't be read: {error}")))?,
    };
    // The text where reading stops could be a key: only its place is told.
    let damaged = |error: serde_json::Error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let way_out = "put a copy of it back, or delete it together with all data sealed under its keys, which \
                       nothing can open then";
        failed(file, format!("is damaged at {place}: {way_out}"))
    };
    let contents = serde_json::from_slice::<Contents<Keyring>>(&bytes).map_err(damaged)?;
    Ok(contents.keyring)
}

/// Puts these keys in the place of those in the file, durably.
pub fn save(file: &Path, keyring: &Keyring) -> Result<(), FileError> {
    let contents = Contents { warning: WARNING.to_owned(), keyring };
    let written = serde_json::to_vec_pretty(&contents).map_err(io::Error::from);
    written
        .and_then(|json| durable::write(file, &json))
        .map_err(|error| failed(file, format!("can't be written: {error}")))
}

fn failed(file: &Path, problem: String) -> FileError {
    FileError { file: file.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn saved(path: &Path) -> Keyring {
        let mut keyring = load(path).unwrap();
        keyring.create("shares", false).unwrap();
        save(path, &keyring).unwrap();
        keyring
    }

    #[test]
    fn the_file_is_its_owners_and_says_that_it_is_unsafe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        saved(&path);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("UNSAFE FOR PRODUCTION"));
    }

    #[test]
    fn a_file_cut_short_anywhere_is_damaged_and_never_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        saved(&path);
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let error = load(&path).err().unwrap();
            assert!(error.problem.starts_with("is damaged at line "), "{end}: {error}");
        }
    }

    #[test]
    fn a_damaged_file_is_named_without_showing_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        fs::write(&path, r#"{"warning":"","keyring":"5ec2e7"}"#).unwrap();
        let message = load(&path).err().unwrap().to_string();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        assert!(!message.contains("5ec2e7"), "{message}");
    }
}
