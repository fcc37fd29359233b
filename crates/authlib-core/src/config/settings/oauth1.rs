//! The settings of an OAuth 1.0a client: how it signs.

use std::sync::Arc;

use super::ClientSettings;
use super::validator::Validator;
use crate::config::ClientConfig;
use crate::hooks::OAuth1Signature;
use crate::oauth1::credentials::{ClientCredentials, RsaKey};
use crate::oauth1::temporary_credentials::CallbackConfirmation;
use crate::oauth1::{RSA_SHA1_FEATURE, SignatureLocation, SignatureMethod};
use crate::params::Params;
use crate::secret::Secret;

pub(crate) struct OAuth1Settings {
    pub(crate) request_token_params: Params,
    pub(crate) credentials: ClientCredentials,
    pub(crate) method: Method,
    pub(crate) placement: SignatureLocation,
    pub(crate) realm: Option<String>,
    pub(crate) confirmation: CallbackConfirmation,
}

pub(crate) enum Method {
    Custom(Arc<dyn OAuth1Signature>),
    Known(SignatureMethod),
}

impl ClientConfig {
    pub(super) fn oauth1(&self, check: &mut Validator) -> Option<OAuth1Settings> {
        let settings = [
            ("issuer", self.issuer.is_some()),
            ("issuer_aliases", !self.issuer_aliases.is_empty()),
            ("accepted_issuers", !self.accepted_issuers.is_empty()),
            ("allowed_tenants", !self.allowed_tenants.is_empty()),
            ("any_tenant", self.any_tenant),
            ("dangerous_http_hosts", !self.dangerous_http_hosts.is_empty()),
            ("server_metadata_url", self.server_metadata_url.is_some()),
        ];
        let problem = "is not used by OAuth 1.0a, which `request_token_url` selects: remove one";
        check.unused(&settings, problem);
        let method = match &self.extensions.oauth1_signature {
            Some(custom) => Method::Custom(custom.clone()),
            None => Method::Known(self.signature_method.unwrap_or_default()),
        };
        Some(OAuth1Settings {
            request_token_params: self.request_token_params.clone(),
            credentials: ClientCredentials {
                identifier: self.client_id.clone().unwrap_or_default(),
                secret: self.client_secret.clone().unwrap_or_default(),
                rsa_key: self.checked_rsa_key(&method, check),
            },
            placement: self.signature_location.unwrap_or_default(),
            realm: self.realm.clone(),
            confirmation: if self.dangerous_allow_missing_callback_confirmed {
                CallbackConfirmation::DangerousOptional
            } else {
                CallbackConfirmation::Required
            },
            method,
        })
    }

    fn checked_rsa_key(&self, method: &Method, check: &mut Validator) -> Option<RsaKey> {
        use SignatureMethod::{RsaSha1, RsaSha256, RsaSha512};
        let by_rsa = matches!(method, Method::Known(RsaSha1 | RsaSha256 | RsaSha512));
        if matches!(method, Method::Known(method) if !method.is_compiled()) {
            check.problem("signature_method", RSA_SHA1_FEATURE);
        }
        if matches!(method, Method::Known(_)) && !by_rsa && !self.has_secret() {
            check.missing("client_secret", "OAuth 1.0a requests are signed with it");
        }
        match self.private_key.as_ref().filter(|key| !key.is_empty()) {
            None if by_rsa => {
                check.missing("private_key", "OAuth 1.0a requests are signed with it");
                None
            }
            None => None,
            Some(_) if !by_rsa => {
                let problem = "is not used by this `signature_method`: remove one of them";
                check.problem("private_key", problem);
                None
            }
            Some(key) => RsaKey::parse(key)
                .map_err(|cause| check.problem("private_key", cause.to_string()))
                .ok(),
        }
    }
}

impl ClientSettings {
    pub(crate) fn oauth1(&self) -> Option<&OAuth1Settings> {
        self.oauth1.as_ref()
    }
}

impl OAuth1Settings {
    pub(crate) fn secret(&self) -> &Secret {
        &self.credentials.secret
    }
}

debug_fields!(OAuth1Settings { placement, realm });
