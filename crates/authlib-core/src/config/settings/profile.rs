//! Security profiles: what each turns on, and what it forbids.

use super::validator::Validator;
use crate::config::{ClientConfig, Dpop, Profile, ResponseMode};
use crate::jose::{Algorithm, SigningKey};
use crate::oauth2::{AssertionAudience, AuthMethod, ResponseType, TokenLocation};
use crate::secret::Secret;

/// The algorithms of FAPI 2.0, for messages.
const ALLOWED: &str = "PS256, ES256 or EdDSA";

impl ClientConfig {
    /// Turns on what the profile needs and the configuration does not say.
    pub(super) fn apply_profile(&mut self) {
        let Some(profile) = self.profile.filter(|profile| profile.is_fapi2()) else { return };
        // FAPI 2.0 Security Profile §5.3.3.2.
        self.require_pushed_authorization_requests = true;
        if self.dpop.is_none() && self.dpop_key.is_none() && self.extensions.dpop_signer.is_none() {
            self.dpop = Some(Dpop::Login);
        }
        self.dpop_bound_access_tokens.get_or_insert(true);
        if self.has_private_key() {
            self.token_endpoint_auth_method.get_or_insert(AuthMethod::PrivateKeyJwt);
        }
        let fitting = |key: Option<&Secret>| {
            let key = SigningKey::parse(key?).ok()?;
            key.algorithms().find(|alg| profile.allows(*alg))
        };
        let alg = fitting(self.private_key.as_ref());
        if self.token_endpoint_auth_signing_alg.is_none() {
            self.token_endpoint_auth_signing_alg = alg;
        }
        if self.dpop_signing_alg.is_none() {
            self.dpop_signing_alg = fitting(self.dpop_key.as_ref());
        }
        if profile == Profile::Fapi2MessageSigning {
            if self.request_object_signing_alg.is_none() {
                self.request_object_signing_alg = alg;
            }
            self.response_mode.get_or_insert(ResponseMode::Jwt);
        }
    }

    /// Reports everything that the profile forbids, by the name of its setting.
    pub(super) fn check_profile(&self, check: &mut Validator) {
        let Some(profile) = self.profile else { return };
        if self.is_oauth1() {
            check.problem("profile", format!("is `{}`, which is not OAuth 1.0a", profile.name()));
            return;
        }
        self.check_oauth21(profile, check);
        if profile.is_fapi2() {
            self.check_fapi2(profile, check);
        }
        if profile == Profile::Fapi2MessageSigning {
            let name = profile.name();
            if self.request_object_signing_alg.is_none() {
                let reason = format!("the profile `{name}` signs authorization requests");
                check.missing("request_object_signing_alg", &reason);
            }
            if !self.response_mode.is_some_and(ResponseMode::is_jwt) {
                let problem = format!(
                    "must be `jwt` or `query.jwt`: the profile `{name}` needs signed responses"
                );
                check.problem("response_mode", problem);
            }
        }
    }

    /// What all profiles forbid (draft-ietf-oauth-v2-1 §10).
    fn check_oauth21(&self, profile: Profile, check: &mut Validator) {
        let response_type = self.response_type.unwrap_or_default();
        let in_url = self.token_location == Some(TokenLocation::Query);
        let forbidden = [
            ("dangerous_skip_pkce", self.dangerous_skip_pkce),
            ("dangerous_http_hosts", !self.dangerous_http_hosts.is_empty()),
            ("dangerous_unsigned_request_object", self.dangerous_unsigned_request_object),
            ("token_location", in_url),
            ("response_type", response_type.has_token()),
        ];
        check.unused(&forbidden, &format!("is not allowed by the profile `{}`", profile.name()));
    }

    /// FAPI 2.0 Security Profile §5.3.3 and §5.4.
    fn check_fapi2(&self, profile: Profile, check: &mut Validator) {
        let name = profile.name();
        let response_type = self.response_type.unwrap_or_default();
        let forbidden = [
            ("dangerous_skip_nonce", self.dangerous_skip_nonce),
            ("client_secret", self.has_secret()),
            (
                "use_pushed_authorization_requests",
                self.use_pushed_authorization_requests == Some(false),
            ),
            ("dpop", self.dpop == Some(Dpop::Off)),
            ("dpop_bound_access_tokens", self.dpop_bound_access_tokens == Some(false)),
            (
                "client_assertion_audience",
                self.client_assertion_audience == Some(AssertionAudience::TokenEndpoint),
            ),
            ("response_type", response_type != ResponseType::Code && !response_type.has_token()),
        ];
        check.unused(&forbidden, &format!("is not allowed by the profile `{name}`"));
        if self.issuer.is_none() && self.server_metadata_url.is_none() {
            check.missing("issuer", &format!("the profile `{name}` compares it with the response"));
        }
        match self.token_endpoint_auth_method {
            Some(AuthMethod::PrivateKeyJwt) => {}
            Some(method) => {
                let problem = format!(
                    "is `{}`, but the profile `{name}` needs `private_key_jwt`",
                    method.name()
                );
                check.problem("token_endpoint_auth_method", problem);
            }
            None => {
                let reason = format!("the profile `{name}` authenticates the client with it");
                check.missing("private_key", &reason);
            }
        }
        self.check_profile_keys(profile, check);
    }

    fn check_profile_keys(&self, profile: Profile, check: &mut Validator) {
        let name = profile.name();
        for (setting, key) in [("private_key", &self.private_key), ("dpop_key", &self.dpop_key)] {
            let key = key.as_ref().and_then(|text| SigningKey::parse(text).ok());
            if key.is_some_and(|key| !key.algorithms().any(|alg| profile.allows(alg))) {
                let problem =
                    format!("does not sign with {ALLOWED}, which the profile `{name}` requires");
                check.problem(setting, problem);
            }
        }
        let algorithms: [(&str, Option<Algorithm>); 7] = [
            ("authorization_signed_response_alg", self.authorization_signed_response_alg),
            ("dpop_signing_alg", self.dpop_signing_alg),
            ("id_token_signed_response_alg", self.id_token_signed_response_alg),
            ("introspection_signed_response_alg", self.introspection_signed_response_alg),
            ("request_object_signing_alg", self.request_object_signing_alg),
            ("token_endpoint_auth_signing_alg", self.token_endpoint_auth_signing_alg),
            ("userinfo_signed_response_alg", self.userinfo_signed_response_alg),
        ];
        for (setting, alg) in algorithms {
            if let Some(alg) = alg.filter(|alg| !profile.allows(*alg)) {
                let problem = format!("is {alg}, but the profile `{name}` allows {ALLOWED} only");
                check.problem(setting, problem);
            }
        }
    }
}
