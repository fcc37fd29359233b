//! What makes a client an OAuth 1.0a one, and how it signs.

use std::fmt;
use std::sync::Arc;

use super::validate::Validator;
use crate::config::ClientConfig;
use crate::hooks::OAuth1Signature;
use crate::oauth1::credentials::{ClientCredentials, RsaKey};
use crate::oauth1::temporary_credentials::CallbackConfirmation;
use crate::oauth1::{SignatureMethod, SignaturePlacement};
use crate::params::Params;
use crate::secret::Secret;

/// The settings of an OAuth 1.0a client, parsed and checked.
pub(crate) struct OAuth1Settings {
    pub(crate) request_token_params: Params,
    pub(crate) credentials: ClientCredentials,
    pub(crate) method: Method,
    pub(crate) placement: SignaturePlacement,
    pub(crate) realm: Option<String>,
    pub(crate) confirmation: CallbackConfirmation,
}

/// How requests are signed.
pub(crate) enum Method {
    Custom(Arc<dyn OAuth1Signature>),
    Known(SignatureMethod),
}

impl ClientConfig {
    pub(super) fn is_oauth1(&self) -> bool {
        self.request_token_url.is_some() || self.extensions.oauth1
    }

    pub(super) fn oauth1(&self, check: &mut Validator<'_>) -> Option<OAuth1Settings> {
        if !self.is_oauth1() {
            for (key, given) in [
                ("dangerous_unconfirmed_callback", self.dangerous_unconfirmed_callback),
                ("realm", self.realm.is_some()),
                ("request_token_params", !self.request_token_params.is_empty()),
                ("signature_method", self.signature_method.is_some()),
                ("signature_type", self.signature_type.is_some()),
            ] {
                if given {
                    check
                        .problem(key, "is OAuth 1.0a's: it has no use without `request_token_url`");
                }
            }
            return None;
        }
        for (key, given) in [
            ("issuer", self.issuer.is_some()),
            ("server_metadata_url", self.server_metadata_url.is_some()),
        ] {
            if given {
                check.problem(key, "has no use in OAuth 1.0a, which `request_token_url` asks for");
            }
        }
        let method = self.signature(check);
        let rsa_key = self.rsa_key(&method, check);
        Some(OAuth1Settings {
            request_token_params: self.request_token_params.clone(),
            credentials: ClientCredentials {
                identifier: self.client_id.clone().unwrap_or_default(),
                secret: self.client_secret.clone().unwrap_or_default(),
                rsa_key,
            },
            placement: check
                .one_of(
                    "signature_type",
                    self.signature_type.as_ref(),
                    "`HEADER`, `BODY` and `QUERY`",
                    SignaturePlacement::from_name,
                )
                .unwrap_or_default(),
            realm: self.realm.clone(),
            confirmation: if self.dangerous_unconfirmed_callback {
                CallbackConfirmation::DangerousOptional
            } else {
                CallbackConfirmation::Required
            },
            method,
        })
    }

    fn signature(&self, check: &mut Validator<'_>) -> Method {
        if let Some(custom) = &self.extensions.oauth1_signature {
            return Method::Custom(custom.clone());
        }
        let accepted = "`HMAC-SHA1`, `HMAC-SHA256`, `HMAC-SHA512`, `RSA-SHA1`, `RSA-SHA256`, `RSA-SHA512` and \
             `PLAINTEXT`";
        let named = self.signature_method.as_ref();
        let method = check.one_of("signature_method", named, accepted, SignatureMethod::from_name);
        Method::Known(method.unwrap_or_default())
    }

    fn rsa_key(&self, method: &Method, check: &mut Validator<'_>) -> Option<RsaKey> {
        use SignatureMethod::{RsaSha1, RsaSha256, RsaSha512};
        let by_rsa = matches!(method, Method::Known(RsaSha1 | RsaSha256 | RsaSha512));
        let key = self.private_key.as_ref().filter(|key| !key.is_empty());
        let plain_secret = matches!(method, Method::Known(_)) && !by_rsa && !self.has_secret();
        if plain_secret {
            check.problem("client_secret", "is missing: the requests are signed with it");
        }
        match key {
            None if by_rsa => {
                check.problem("private_key", "is missing: the requests are signed with it");
                None
            }
            None => None,
            Some(_) if !by_rsa => {
                check
                    .problem("private_key", "is not used by this `signature_method`: leave it out");
                None
            }
            Some(key) => RsaKey::parse(key)
                .map_err(|cause| check.problem("private_key", cause.to_string()))
                .ok(),
        }
    }

    /// Signs OAuth 1.0a requests in a way of its own.
    #[must_use]
    pub fn oauth1_signature(mut self, signature: impl OAuth1Signature + 'static) -> Self {
        self.extensions.oauth1_signature = Some(Arc::new(signature));
        self
    }

    /// Sets where a login gets its temporary credentials (RFC 5849 §2.1), which makes this an
    /// OAuth 1.0a client.
    #[must_use]
    pub fn request_token_url(mut self, url: impl Into<String>) -> Self {
        self.request_token_url = Some(url.into());
        self
    }

    /// Adds a parameter of the request for temporary credentials.
    #[must_use]
    pub fn request_token_param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.request_token_params.set(name, value);
        self
    }

    /// Sets how OAuth 1.0a requests are signed, such as `HMAC-SHA256`; `HMAC-SHA1` by default.
    #[must_use]
    pub fn signature_method(mut self, name: impl Into<String>) -> Self {
        self.signature_method = Some(name.into());
        self
    }

    /// Sets where the signature stands: `HEADER`, which is the default, `BODY` or `QUERY`.
    #[must_use]
    pub fn signature_type(mut self, name: impl Into<String>) -> Self {
        self.signature_type = Some(name.into());
        self
    }

    /// Sets the realm of the signature's header.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Takes temporary credentials from a provider that does not say `oauth_callback_confirmed`, as
    /// RFC 5849 §2.1 demands. Who starts a login can then end it in another's browser (the session
    /// fixation of OAuth 1.0).
    #[must_use]
    pub fn dangerous_unconfirmed_callback(mut self) -> Self {
        self.dangerous_unconfirmed_callback = true;
        self
    }
}

impl OAuth1Settings {
    /// The client's shared secret.
    pub(crate) fn secret(&self) -> &Secret {
        &self.credentials.secret
    }
}

impl fmt::Debug for OAuth1Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth1Settings")
            .field("placement", &self.placement)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}
