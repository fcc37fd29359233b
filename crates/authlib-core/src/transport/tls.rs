//! [`Tls`]: what the TLS connections of one client use, and its certificate (RFC 8705).

#[cfg(feature = "reqwest")]
use std::path::Path;
use std::path::PathBuf;
#[cfg(feature = "reqwest")]
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::jose::pem::{self, CERTIFICATE, PRIVATE_KEY, PemError};
use crate::secret::Secret;

/// What the TLS connections of one client use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    /// CA certificates (PEM) to trust besides those of the system.
    pub(crate) ca_certificates: Option<String>,
    /// The client's own certificate, sent to servers that ask for one.
    pub(crate) certificate: Option<ClientCertificate>,
}

/// The certificate of a client with its chain, and its private key.
#[derive(Clone, Debug)]
pub(crate) struct ClientCertificate {
    certificate: Source,
    /// The key, unless it is with the certificate.
    key: Option<Source>,
}

/// Where a PEM text is.
#[derive(Clone, Debug)]
enum Source {
    File(PathBuf),
    Text(Secret),
}

/// When the files were changed, and their sizes.
#[cfg(feature = "reqwest")]
pub(super) type Stamp = Vec<Option<(SystemTime, u64)>>;

/// What is wrong with a certificate: the setting and the reason, which has nothing of the key.
type CertificateProblem = (&'static str, String);

const CERTIFICATE_SETTING: &str = "tls_client_certificate";
const KEY_SETTING: &str = "tls_client_key";

impl Tls {
    /// When the files of the certificate were changed; empty if there are none.
    #[cfg(feature = "reqwest")]
    pub(super) fn stamp(&self) -> Stamp {
        self.certificate.as_ref().map(ClientCertificate::stamp).unwrap_or_default()
    }
}

impl ClientCertificate {
    /// `certificate` and `key` are PEM texts or the paths of PEM files. Without `key`, it is with the certificate.
    pub(crate) fn new(certificate: &str, key: Option<&Secret>) -> Self {
        let key = key.map(Secret::expose).filter(|key| *key != certificate);
        Self { certificate: Source::of(certificate), key: key.map(Source::of) }
    }

    /// The certificate, its chain and its key as one PEM text.
    pub(crate) fn load(&self) -> Result<Zeroizing<String>, CertificateProblem> {
        let mut pem = self.certificate.read().map_err(|why| (CERTIFICATE_SETTING, why))?;
        if pem::decode(&pem, CERTIFICATE).is_err() {
            let why = "has no certificate: set PEM text, or the path of a PEM file";
            return Err((CERTIFICATE_SETTING, why.to_owned()));
        }
        if let Some(source) = &self.key {
            pem.push('\n');
            let key = source.read().map_err(|why| (KEY_SETTING, why))?;
            check_key(&key)?;
            pem.push_str(&key);
        } else if !pem.contains("PRIVATE KEY-----") {
            let why = "is missing: `tls_client_certificate` has no private key";
            return Err((KEY_SETTING, why.to_owned()));
        } else {
            check_key(&pem)?;
        }
        Ok(pem)
    }

    #[cfg(feature = "reqwest")]
    fn stamp(&self) -> Stamp {
        let files = [Some(&self.certificate), self.key.as_ref()].into_iter().flatten();
        files.filter_map(Source::path).map(stamp_of).collect()
    }
}

impl Source {
    fn of(text: &str) -> Self {
        if text.contains("-----BEGIN ") {
            // Environment variables often have a literal `\n` between the lines.
            Self::Text(Secret::new(text.replace("\\n", "\n")))
        } else {
            Self::File(text.into())
        }
    }

    #[cfg(feature = "reqwest")]
    fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Text(_) => None,
        }
    }

    fn read(&self) -> Result<Zeroizing<String>, String> {
        match self {
            Self::Text(text) => Ok(Zeroizing::new(text.expose().to_owned())),
            Self::File(path) => std::fs::read_to_string(path)
                .map(Zeroizing::new)
                .map_err(|cause| format!("could not be read from the file {path:?}: {cause}")),
        }
    }
}

fn check_key(text: &str) -> Result<(), CertificateProblem> {
    let why = match pem::decode(text, PRIVATE_KEY) {
        Ok(_) => return Ok(()),
        Err(PemError::Encrypted) => "is encrypted: store it without a password",
        Err(PemError::Format) => "has no private key: set PEM text, or the path of a PEM file",
    };
    Err((KEY_SETTING, why.to_owned()))
}

#[cfg(feature = "reqwest")]
fn stamp_of(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
