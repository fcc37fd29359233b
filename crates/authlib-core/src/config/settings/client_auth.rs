//! What a client proves itself with: its method, its key, and how it signs.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::validate::Validator;
use crate::config::ClientConfig;
use crate::crypto::sha256;
use crate::jose::{Algorithm, SigningKey};
use crate::oauth2::AuthMethod;
use crate::oauth2::client_assertion::{Audience, LIFETIME, Signing};

/// The longest that a client assertion may be good.
const LONGEST: Duration = Duration::from_secs(3600);

impl ClientConfig {
    /// The configured method, checked against what there is to prove it with.
    pub(super) fn auth_method(&self, check: &mut Validator<'_>) -> Option<AuthMethod> {
        let method = check.one_of(
            "token_endpoint_auth_method",
            self.token_endpoint_auth_method.as_ref(),
            "`client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt` and \
             `none`",
            AuthMethod::from_name,
        );
        let Some(method) = method else {
            if self.extensions.auth.is_some() {
                return None;
            }
            if self.has_private_key() && self.has_secret() && !self.has_method() {
                let problem = "is missing: with both `private_key` and `client_secret`, say which one \
                               proves who the client is";
                check.problem("token_endpoint_auth_method", problem);
            }
            return None;
        };
        match method {
            AuthMethod::PrivateKeyJwt if !self.has_private_key() => {
                check.problem("private_key", "is missing: `private_key_jwt` needs it");
            }
            AuthMethod::PrivateKeyJwt => {}
            _ if self.has_private_key() => {
                let problem = format!("is not used by `{}`: leave one of them out", method.name());
                check.problem("private_key", problem);
            }
            AuthMethod::None => {}
            _ if !self.has_secret() => {
                check.problem("client_secret", format!("is missing: `{}` needs it", method.name()));
            }
            _ => {}
        }
        Some(method)
    }

    /// The methods that are configured for the introspection and the revocation endpoint alone.
    pub(super) fn endpoint_methods(&self, check: &mut Validator<'_>) -> [Option<AuthMethod>; 2] {
        [
            ("introspection_endpoint_auth_method", &self.introspection_endpoint_auth_method),
            ("revocation_endpoint_auth_method", &self.revocation_endpoint_auth_method),
        ]
        .map(|(key, text)| {
            let accepted = "`client_secret_basic`, `client_secret_post`, `client_secret_jwt`, \
                            `private_key_jwt` and `none`";
            let method = check.one_of(key, text.as_ref(), accepted, AuthMethod::from_name)?;
            let proof = match method {
                AuthMethod::None => None,
                AuthMethod::PrivateKeyJwt => (!self.has_private_key()).then_some("private_key"),
                _ => (!self.has_secret()).then_some("client_secret"),
            };
            if let Some(proof) = proof {
                check.problem(proof, format!("is missing: `{}` needs it", method.name()));
            }
            Some(method)
        })
    }

    /// How the client signs assertions: with its private key, or else with its secret.
    pub(super) fn signing(
        &self,
        method: Option<AuthMethod>,
        check: &mut Validator<'_>,
    ) -> Option<Signing> {
        let audience = check.one_of(
            "client_assertion_audience",
            self.client_assertion_audience.as_ref(),
            "`issuer` and `token_endpoint`",
            Audience::from_name,
        );
        let alg = check.one_of(
            "token_endpoint_auth_signing_alg",
            self.token_endpoint_auth_signing_alg.as_ref(),
            "RS, PS and ES 256 to 512, EdDSA and HS 256 to 512, never `none` (RFC 8725 §3.2)",
            Algorithm::from_name,
        );
        let signs = self.has_private_key()
            || (!self.has_method() && self.has_secret())
            || method.is_some_and(AuthMethod::is_assertion)
            || [&self.introspection_endpoint_auth_method, &self.revocation_endpoint_auth_method]
                .into_iter()
                .flatten()
                .any(|name| AuthMethod::from_name(name).is_some_and(AuthMethod::is_assertion));
        if self.private_key_id.is_some() && !self.has_private_key() {
            check.problem("private_key_id", "has no use without `private_key`");
        }
        if self.private_key_certificate.is_some() && !self.has_private_key() {
            check.problem("private_key_certificate", "has no use without `private_key`");
        }
        for (key, given) in [
            ("client_assertion_claims", !self.client_assertion_claims.is_empty()),
            ("client_assertion_lifetime", self.client_assertion_lifetime.is_some()),
            ("token_endpoint_auth_signing_alg", alg.is_some()),
            ("client_assertion_audience", audience.is_some()),
        ] {
            if given && !signs {
                let problem = "has no use: the client signs no assertion, which `private_key_jwt` and \
                               `client_secret_jwt` do";
                check.problem(key, problem);
            }
        }
        let key = self.signing_key(check)?;
        if let Some(alg) = alg.filter(|alg| !key.fits(*alg)) {
            let what = if self.has_private_key() { "`private_key`" } else { "`client_secret`" };
            let fitting: Vec<_> = key.algorithms().map(Algorithm::name).collect();
            let problem = format!("{alg} does not fit {what}, only {}", fitting.join(", "));
            check.problem("token_endpoint_auth_signing_alg", problem);
        }
        for name in ["jti", "iat", "exp"] {
            if self.client_assertion_claims.contains_key(name) {
                let problem = format!("must not hold `{name}`, which is made anew for each");
                check.problem("client_assertion_claims", problem);
            }
        }
        let lifetime = self.client_assertion_lifetime.unwrap_or(LIFETIME);
        if !(Duration::from_secs(1)..=LONGEST).contains(&lifetime) {
            let problem = "must be between one second and one hour";
            check.problem("client_assertion_lifetime", problem);
        }
        Some(Signing {
            alg,
            kid: self.private_key_id.clone(),
            x5t_s256: self.thumbprint(check),
            audience: audience.unwrap_or_default(),
            lifetime,
            claims: self.client_assertion_claims.clone(),
            ..Signing::of(key)
        })
    }

    /// The SHA-256 of the certificate (RFC 7515 §4.1.8).
    fn thumbprint(&self, check: &mut Validator<'_>) -> Option<String> {
        let pem = self.private_key_certificate.as_deref()?;
        let body = pem
            .split_once("-----BEGIN CERTIFICATE-----")
            .and_then(|(_, rest)| rest.split_once("-----END CERTIFICATE-----"))
            .map(|(body, _)| body.split_ascii_whitespace().collect::<String>());
        let der = body.and_then(|body| STANDARD.decode(body).ok()).filter(|der| !der.is_empty());
        if der.is_none() {
            check.problem("private_key_certificate", "is no PEM text of a certificate");
        }
        der.map(|der| URL_SAFE_NO_PAD.encode(sha256(&der)))
    }

    fn signing_key(&self, check: &mut Validator<'_>) -> Option<SigningKey> {
        let Some(text) = self.private_key.as_ref().filter(|text| !text.is_empty()) else {
            let secret = self.client_secret.clone().filter(|secret| !secret.is_empty());
            return secret.map(SigningKey::of_secret);
        };
        SigningKey::parse(text)
            .map_err(|cause| check.problem("private_key", cause.to_string()))
            .ok()
    }

    fn has_private_key(&self) -> bool {
        self.private_key.as_ref().is_some_and(|key| !key.is_empty())
    }

    fn has_method(&self) -> bool {
        self.token_endpoint_auth_method.is_some()
    }
}
