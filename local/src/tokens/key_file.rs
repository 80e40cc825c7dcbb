//! The file that holds the private key.

use std::{fs, io, path::Path};

use aws_lc_rs::{encoding::AsDer, rsa::KeySize, signature::RsaKeyPair};
use pem::Pem;

use crate::durable;

/// The key in that file, made when there is none. One process at a time makes it: the one that has the data folder.
pub(super) fn read_or_make(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = generate()?.into_bytes();
            durable::write(path, &key)?;
            Ok(key)
        }
        read => read,
    }
}

fn generate() -> io::Result<String> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(io::Error::other)?;
    let pkcs8 = pair.as_der().map_err(io::Error::other)?;
    Ok(pem::encode(&Pem::new("PRIVATE KEY", pkcs8.as_ref())))
}
