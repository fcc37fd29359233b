//! Client authentication: its method, the key, and how assertions are signed.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Map;

use super::validator::Validator;
use crate::config::ClientConfig;
use crate::crypto::sha256;
use crate::endpoint::Endpoint;
use crate::jose::{Algorithm, SigningKey, pem};
use crate::oauth2::AuthMethod;
use crate::oauth2::client_assertion::{LIFETIME, Signing};
use crate::signer::{LocalKey, RotatingKey, Signer};

const MAX_LIFETIME: Duration = Duration::from_secs(3600);

impl ClientConfig {
    /// Checks that there are credentials for the method of the token endpoint.
    pub(super) fn check_auth_method(&self, check: &mut Validator) {
        match self.token_endpoint_auth_method {
            None if self.extensions.auth.is_none()
                && self.has_private_key()
                && self.has_secret() =>
            {
                let reason = "there is both a `private_key` and a `client_secret`";
                check.missing("token_endpoint_auth_method", reason);
            }
            None => {}
            Some(method) => {
                let is_used = method == AuthMethod::PrivateKeyJwt
                    || (self.signs_requests_by_key() && method != AuthMethod::ClientSecretJwt);
                if !is_used && self.has_private_key() {
                    let problem = format!("is not used by `{}`: remove one of them", method.name());
                    check.problem("private_key", problem);
                } else {
                    self.check_credentials("token_endpoint_auth_method", method, check);
                }
            }
        }
    }

    /// Checks that there are credentials for the methods of single endpoints, and that custom
    /// authentication is for endpoints where clients authenticate.
    pub(super) fn check_endpoint_auth_methods(&self, check: &mut Validator) {
        use Endpoint::{
            BackchannelAuthentication, DeviceAuthorization, Introspection, Revocation, Token,
        };
        for (endpoint, _) in &self.extensions.auth_at {
            if !matches!(
                endpoint,
                BackchannelAuthentication
                    | DeviceAuthorization
                    | Introspection
                    | Revocation
                    | Token
            ) {
                let name = endpoint.setting();
                let problem = format!("has no effect: clients do not authenticate at `{name}`");
                check.problem("client_auth_for", problem);
            }
        }
        for (key, method) in [
            ("introspection_endpoint_auth_method", self.introspection_endpoint_auth_method),
            ("revocation_endpoint_auth_method", self.revocation_endpoint_auth_method),
        ] {
            if let Some(method) = method {
                self.check_credentials(key, method, check);
            }
        }
    }

    fn check_credentials(&self, key: &str, method: AuthMethod, check: &mut Validator) {
        let missing = match method {
            // The application's own HTTP client may have the certificate.
            AuthMethod::None | AuthMethod::SelfSignedTlsClientAuth | AuthMethod::TlsClientAuth => {
                None
            }
            AuthMethod::PrivateKeyJwt => (!self.has_private_key()).then_some("private_key"),
            AuthMethod::ClientSecretBasic if self.has_empty_secret() => None,
            _ => (!self.has_secret()).then_some("client_secret"),
        };
        if let Some(missing) = missing {
            check.missing(missing, &format!("`{key}` is `{}`", method.name()));
        }
    }

    /// The key for assertions, and how they are signed: with the private key, or else with the secret.
    pub(super) fn signing(&self, check: &mut Validator) -> (Option<Arc<dyn Signer>>, Signing) {
        self.check_assertion_settings(check);
        let alg = self.token_endpoint_auth_signing_alg;
        let signing = Signing {
            alg,
            x5t_s256: self.thumbprint(check),
            audience: self.client_assertion_audience.unwrap_or_default(),
            lifetime: self.client_assertion_lifetime.unwrap_or(LIFETIME),
            claims: self.client_assertion_claims.clone(),
            header: Map::new(),
        };
        if let Some(signer) = &self.extensions.signer {
            let settings = [
                ("private_key", self.private_key.is_some()),
                ("private_key_id", self.private_key_id.is_some()),
                ("next_private_key", self.next_private_key.is_some()),
            ];
            check.unused(&settings, "is not used: the code sets a `signer`");
            return (Some(signer.clone()), signing);
        }
        let Some(key) = self.signing_key(check) else { return (None, signing) };
        if let Some(alg) = alg.filter(|alg| !key.fits(*alg)) {
            let what = if self.has_private_key() { "private_key" } else { "client_secret" };
            let fitting: Vec<_> = key.algorithms().map(Algorithm::name).collect();
            let problem =
                format!("is {alg}, which does not fit `{what}`: use {}", fitting.join(", "));
            check.problem("token_endpoint_auth_signing_alg", problem);
        }
        let current = LocalKey::new(key, self.private_key_id.clone());
        (Some(self.rotating(current, alg, check)), signing)
    }

    /// The signer of the present key, and of the next one if there is one.
    fn rotating(
        &self,
        current: LocalKey,
        alg: Option<Algorithm>,
        check: &mut Validator,
    ) -> Arc<dyn Signer> {
        let Some(next) = self.next_private_key.as_ref().filter(|key| !key.is_empty()) else {
            let settings = [
                ("next_private_key_id", self.next_private_key_id.is_some()),
                ("next_private_key_not_before", self.next_private_key_not_before.is_some()),
            ];
            check.unused(&settings, "is not used without `next_private_key`");
            return Arc::new(current);
        };
        let next = match SigningKey::parse(next) {
            Ok(key) => key,
            Err(cause) => {
                check.problem("next_private_key", cause.to_string());
                return Arc::new(current);
            }
        };
        if alg.is_some_and(|alg| !next.fits(alg)) {
            let problem = "does not fit `token_endpoint_auth_signing_alg`";
            check.problem("next_private_key", problem);
        }
        let next = LocalKey::new(next, self.next_private_key_id.clone());
        let kids = (current.as_key().kid(), next.as_key().kid());
        if kids.0.is_none() || kids.1.is_none() || kids.0 == kids.1 {
            let problem = "needs another `kid` than `private_key`: set `private_key_id` and \
                           `next_private_key_id`, by which the provider tells them apart";
            check.problem("next_private_key", problem);
        }
        let not_before = self.next_private_key_not_before;
        let clock = self.extensions.clock.clone();
        Arc::new(RotatingKey { current, next, not_before, clock })
    }

    fn check_assertion_settings(&self, check: &mut Validator) {
        let methods = [
            self.token_endpoint_auth_method,
            self.introspection_endpoint_auth_method,
            self.revocation_endpoint_auth_method,
        ];
        let signs = self.has_private_key()
            || (self.token_endpoint_auth_method.is_none() && self.has_secret())
            || methods.into_iter().flatten().any(AuthMethod::is_assertion);
        let settings = [
            ("client_assertion_claims", !self.client_assertion_claims.is_empty()),
            ("client_assertion_lifetime", self.client_assertion_lifetime.is_some()),
            ("token_endpoint_auth_signing_alg", self.token_endpoint_auth_signing_alg.is_some()),
            ("client_assertion_audience", self.client_assertion_audience.is_some()),
        ];
        if !signs {
            let problem =
                "is not used: only `private_key_jwt` and `client_secret_jwt` sign assertions";
            check.unused(&settings, problem);
        }
        let settings = [
            ("private_key_id", self.private_key_id.is_some()),
            ("private_key_certificate", self.private_key_certificate.is_some()),
        ];
        if !self.has_private_key() {
            check.unused(&settings, "is not used without `private_key`");
            let next = [("next_private_key", self.next_private_key.is_some())];
            check.unused(&next, "is not used without `private_key`");
        }
        for name in ["jti", "iat", "exp"] {
            if self.client_assertion_claims.contains_key(name) {
                let problem = format!("must not hold `{name}`, which is new in each assertion");
                check.problem("client_assertion_claims", problem);
            }
        }
        let lifetime = self.client_assertion_lifetime.unwrap_or(LIFETIME);
        if !(Duration::from_secs(1)..=MAX_LIFETIME).contains(&lifetime) {
            let problem = "must be between one second and one hour";
            check.problem("client_assertion_lifetime", problem);
        }
    }

    /// The SHA-256 thumbprint of the certificate (RFC 7515 §4.1.8).
    fn thumbprint(&self, check: &mut Validator) -> Option<String> {
        let text = self.private_key_certificate.as_deref()?;
        let der = pem::decode(text, pem::CERTIFICATE).ok().filter(|der| !der.is_empty());
        if der.is_none() {
            check.problem("private_key_certificate", "is not a certificate in PEM");
        }
        der.map(|der| URL_SAFE_NO_PAD.encode(sha256(&der)))
    }

    fn signing_key(&self, check: &mut Validator) -> Option<SigningKey> {
        let Some(text) = self.private_key.as_ref().filter(|text| !text.is_empty()) else {
            let secret = self.client_secret.clone().filter(|secret| !secret.is_empty());
            return secret.map(SigningKey::of_secret);
        };
        SigningKey::parse(text)
            .map_err(|cause| check.problem("private_key", cause.to_string()))
            .ok()
    }
}
