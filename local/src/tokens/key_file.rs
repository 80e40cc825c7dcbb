//! The file that holds the private key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use pem::Pem;

pub(super) fn read_or_make(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        result => result,
    }
}

/// Writes the key beside its place and links it in: whole or not at all, and the first of two processes wins.
fn make(path: &Path) -> io::Result<Vec<u8>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("{:016x}.new", fastrand::u64(..)));
    let linked = write(&draft).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => removed.and_then(|()| fs::read(path)),
    }
}

fn write(path: &Path) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(generate()?.as_bytes())?;
    file.sync_all()
}

fn generate() -> io::Result<String> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(io::Error::other)?;
    let pkcs8 = pair.as_der().map_err(io::Error::other)?;
    Ok(pem::encode(&Pem::new("PRIVATE KEY", pkcs8.as_ref())))
}
