//! TLS: the CA certificates that a client trusts besides those of the system, and its own certificate (RFC 8705).

use super::validator::Validator;
use crate::config::ClientConfig;
use crate::endpoint_url::HttpHosts;
use crate::jose::pem::{self, CERTIFICATE};
use crate::oauth2::AuthMethod;
use crate::transport::{ClientCertificate, Tls};

/// The TLS connections of a client, and what they are for.
#[derive(Clone, Debug)]
pub(crate) struct TlsSettings {
    pub(crate) connections: Tls,
    /// Whether the client authenticates or gets its tokens by mutual TLS.
    pub(crate) is_mutual: bool,
    /// Whether the provider must bind access tokens to the certificate (RFC 8705 §3).
    pub(crate) requires_bound_tokens: bool,
}

impl TlsSettings {
    pub(crate) fn has_certificate(&self) -> bool {
        self.connections.certificate.is_some()
    }
}

impl ClientConfig {
    /// The connections, without what is not valid; that is an error of its own when the registry is built.
    pub(crate) fn tls(&self) -> Tls {
        let mut check = Validator {
            client: self.name.clone(),
            problems: Vec::new(),
            http_hosts: HttpHosts::default(),
        };
        self.tls_connections(&mut check)
    }

    pub(super) fn tls_settings(&self, check: &mut Validator) -> TlsSettings {
        let connections = self.tls_connections(check);
        TlsSettings {
            is_mutual: self.uses_mutual_tls(),
            requires_bound_tokens: self.tls_client_certificate_bound_access_tokens == Some(true),
            connections,
        }
    }

    /// Whether the settings are for mutual TLS, with a certificate of their own or of the application's HTTP client.
    pub(in crate::config) fn uses_mutual_tls(&self) -> bool {
        let methods = [
            self.token_endpoint_auth_method,
            self.introspection_endpoint_auth_method,
            self.revocation_endpoint_auth_method,
        ];
        self.has_tls_certificate()
            || self.tls_client_certificate_bound_access_tokens == Some(true)
            || methods.into_iter().flatten().any(AuthMethod::is_mutual_tls)
    }

    fn tls_connections(&self, check: &mut Validator) -> Tls {
        Tls {
            ca_certificates: self.checked_ca_certificate(check),
            certificate: self.checked_certificate(check),
        }
    }

    fn checked_certificate(&self, check: &mut Validator) -> Option<ClientCertificate> {
        let Some(text) = self.tls_client_certificate.as_ref().filter(|text| !text.is_empty())
        else {
            let settings = [("tls_client_key", self.tls_client_key.is_some())];
            check.unused(&settings, "is not used without `tls_client_certificate`");
            return None;
        };
        let certificate = ClientCertificate::new(text.expose(), self.tls_client_key.as_ref());
        let loaded = certificate.load().map(|_| certificate);
        loaded.map_err(|(setting, why)| check.problem(setting, why)).ok()
    }

    /// The PEM text of the setting, or of the file that it names.
    fn checked_ca_certificate(&self, check: &mut Validator) -> Option<String> {
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
