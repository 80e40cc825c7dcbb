//! A certificate authority of this run, which only the functions that it starts trust.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result};
use pem::Pem;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::rustls::{ServerConfig, pki_types::PrivateKeyDer};

/// Where systems keep the roots that they trust. A function reads as many roots here as it does on Lambda.
const BUNDLES: [&str; 2] = ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"];

/// Writes a new root, and a bundle of the system's roots and that; gives the configuration of a server at 127.0.0.1 that
/// it vouches for.
pub fn certify(bundle: &Path, root: &Path) -> Result<Arc<ServerConfig>> {
    let mut params = CertificateParams::new([])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "bench");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let system = BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok());
    let system = system.context("the system's bundle of roots isn't where it is looked for")?;
    let new = pem::encode(&Pem::new("CERTIFICATE", authority.der().to_vec()));
    fs::write(bundle, system + &new)?;
    fs::write(root, new)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let server = ServerConfig::builder().with_no_client_auth();
    Ok(Arc::new(server.with_single_cert(vec![certificate.der().clone()], key)?))
}
