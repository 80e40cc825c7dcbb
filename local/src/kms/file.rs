//! The key file, which survives `kill -9` at any moment.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::{error::FileError, keys::Keyring};

const WARNING: &str = "UNSAFE FOR PRODUCTION: these are the keys of a KMS emulator, in plain text. \
                       Without this file nothing that they encrypted can be read.";

/// A key file that no other emulator has open.
pub struct KeyFile {
    path: PathBuf,
    /// Released by the system when this closes, however the process ends. Beside the key file,
    /// since every save puts a new file in that one's place.
    _lock: File,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents<K> {
    warning: String,
    keyring: K,
}

impl KeyFile {
    /// Opens the file and reads it; there is none yet: no keys. Its folder must exist.
    pub fn open(path: &Path) -> Result<(Self, Keyring), FileError> {
        let file = Self { path: path.to_owned(), _lock: lock(path)? };
        let keyring = file.load()?;
        Ok((file, keyring))
    }

    fn load(&self) -> Result<Keyring, FileError> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Keyring::default()),
            read => read.map_err(failed("read", &self.path))?,
        };
        let contents = serde_json::from_slice::<Contents<Keyring>>(&bytes);
        let Contents { keyring, .. } = contents.map_err(|error| FileError::Damaged {
            file: self.path.clone(),
            line: error.line(),
            column: error.column(),
        })?;
        match keyring.dangling_alias() {
            None => Ok(keyring),
            Some(alias) => Err(FileError::Dangling { file: self.path.clone(), alias: alias.to_owned() }),
        }
    }

    /// Puts these keys in the place of those in the file. On return they are on the disk; if it
    /// fails or dies, the file is the old one or the new one, whole.
    pub fn save(&self, keyring: &Keyring) -> Result<(), FileError> {
        self.replace(keyring).map_err(failed("write", &self.path))
    }

    fn replace(&self, keyring: &Keyring) -> io::Result<()> {
        let warning = WARNING.to_owned();
        let json = serde_json::to_vec_pretty(&Contents { warning, keyring })?;
        let folder = folder(&self.path);
        // Its mode is 0600 from the start.
        let mut new = NamedTempFile::new_in(folder)?;
        new.write_all(&json)?;
        new.as_file().sync_all()?;
        new.persist(&self.path)?;
        File::open(folder)?.sync_all()
    }
}

fn lock(path: &Path) -> Result<File, FileError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let beside = PathBuf::from(beside);
    let file = File::create(&beside).map_err(failed("create", &beside))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FileError::InUse { file: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed("lock", &beside)(error)),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn failed(action: &'static str, file: &Path) -> impl FnOnce(io::Error) -> FileError {
    let file = file.to_owned();
    move |source| FileError::Io { action, file, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn saved(path: &Path) -> Keyring {
        let (file, mut keyring) = KeyFile::open(path).unwrap();
        let arn = keyring.create(false, String::new()).unwrap().arn();
        keyring.add_alias("alias/shares", &arn).unwrap();
        file.save(&keyring).unwrap();
        keyring
    }

    #[test]
    fn what_was_saved_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let keyring = saved(&path);
        let (_, read) = KeyFile::open(&path).unwrap();
        assert!(read == keyring);
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
    fn saving_leaves_nothing_else_behind() {
        let folder = tempfile::tempdir().unwrap();
        saved(&folder.path().join("keys.json"));
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["keys.json", "keys.json.lock"]);
    }

    #[test]
    fn a_file_cut_short_anywhere_is_damaged_and_never_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        saved(&path);
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let error = KeyFile::open(&path).err().unwrap();
            assert!(matches!(error, FileError::Damaged { .. }), "{end}: {error}");
        }
    }

    #[test]
    fn a_damaged_file_is_named_without_showing_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        fs::write(&path, r#"{"warning":"","keyring":"5ec2e7"}"#).unwrap();
        let message = KeyFile::open(&path).err().unwrap().to_string();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        assert!(!message.contains("5ec2e7"), "{message}");
    }

    #[test]
    fn an_alias_without_its_key_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let json = r#"{"warning":"","keyring":{"keys":[],"aliases":{"alias/shares":"gone"}}}"#;
        fs::write(&path, json).unwrap();
        let error = KeyFile::open(&path).err().unwrap();
        assert!(matches!(error, FileError::Dangling { alias, .. } if alias == "alias/shares"));
    }

    #[test]
    fn one_emulator_at_a_time_has_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let first = KeyFile::open(&path).unwrap();
        let second = KeyFile::open(&path).err().unwrap();
        assert!(matches!(second, FileError::InUse { .. }));
        drop(first);
        assert!(KeyFile::open(&path).is_ok());
    }
}
