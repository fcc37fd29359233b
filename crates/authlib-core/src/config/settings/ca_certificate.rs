//! The CA certificates that a client trusts besides those of the system.

use super::validator::Validator;
use crate::config::ClientConfig;
use crate::endpoint_url::HttpHosts;
use crate::jose::pem::{self, CERTIFICATE};

impl ClientConfig {
    /// The PEM text, if it is valid; what is wrong with it is an error of its own when the registry is built.
    pub(crate) fn ca_certificate_pem(&self) -> Option<String> {
        let mut check = Validator {
            client: self.name.clone(),
            problems: Vec::new(),
            http_hosts: HttpHosts::default(),
        };
        self.checked_ca_certificate(&mut check)
    }

    /// The PEM text of the setting, or of the file that it names.
    pub(super) fn checked_ca_certificate(&self, check: &mut Validator) -> Option<String> {
        let text = self.ca_certificate.as_deref()?;
        let pem = if text.contains("-----BEGIN ") {
            // Environment variables often have a literal `\n` between the lines.
            Ok(text.replace("\\n", "\n"))
        } else {
            std::fs::read_to_string(text)
                .map_err(|cause| format!("could not be read from the file {text:?}: {cause}"))
        };
        let pem = pem.and_then(|pem| match pem::decode(&pem, CERTIFICATE) {
            Ok(_) => Ok(pem),
            Err(_) => Err("has no certificate: set PEM text, or the path of a PEM file".to_owned()),
        });
        pem.map_err(|problem| check.problem("ca_certificate", problem)).ok()
    }
}
