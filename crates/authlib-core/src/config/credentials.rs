//! What a client proves itself with: its method, its key, and how it signs.

use super::ClientConfig;
use super::resolve::Check;
use crate::jose::{Algorithm, SigningKey};
use crate::oauth2::AuthMethod;
use crate::oauth2::assertion::{Audience, Signing};

impl ClientConfig {
    /// The configured method, checked against what there is to prove it with.
    pub(super) fn auth_method(&self, check: &mut Check<'_>) -> Option<AuthMethod> {
        let method = check.one_of(
            "token_endpoint_auth_method",
            self.token_endpoint_auth_method.as_ref(),
            "`client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt` and \
             `none`",
            AuthMethod::from_name,
        );
        let Some(method) = method else {
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

    /// How the client signs assertions: with its private key, or else with its secret.
    pub(super) fn signing(
        &self,
        method: Option<AuthMethod>,
        check: &mut Check<'_>,
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
            || method.is_some_and(AuthMethod::is_assertion);
        if self.private_key_id.is_some() && !self.has_private_key() {
            check.problem("private_key_id", "has no use without `private_key`");
        }
        for (key, given) in [
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
        let kid = self.private_key_id.clone();
        Some(Signing { key, alg, kid, audience: audience.unwrap_or_default() })
    }

    fn signing_key(&self, check: &mut Check<'_>) -> Option<SigningKey> {
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
