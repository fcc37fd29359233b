//! Security profiles: what each turns on, and what it forbids.

use super::validator::Validator;
use crate::config::{ClientConfig, Dpop, Profile, ResponseMode};
use crate::jose::{Algorithm, SigningKey};
use crate::oauth2::{AssertionAudience, AuthMethod, ResponseType, TokenLocation};
use crate::secret::Secret;

/// The algorithms of a profile, for messages.
fn allowed(profile: Profile) -> &'static str {
    if profile == Profile::Fapi1Advanced { "PS256 or ES256" } else { "PS256, ES256 or EdDSA" }
}

impl ClientConfig {
    /// Turns on what the profile needs and the configuration does not say.
    pub(super) fn apply_profile(&mut self) {
        let Some(profile) = self.profile.filter(|profile| profile.is_fapi()) else { return };
        if profile == Profile::Fapi1Advanced {
            self.apply_fapi1();
        } else {
            self.apply_fapi2(profile);
        }
        if self.has_private_key() {
            self.token_endpoint_auth_method.get_or_insert(AuthMethod::PrivateKeyJwt);
        } else if self.has_tls_certificate() {
            self.token_endpoint_auth_method.get_or_insert(AuthMethod::TlsClientAuth);
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
        if profile != Profile::Fapi2 && self.request_object_signing_alg.is_none() {
            self.request_object_signing_alg = alg;
        }
    }

    /// FAPI 1.0 Advanced §5.2.3.
    fn apply_fapi1(&mut self) {
        self.tls_client_certificate_bound_access_tokens.get_or_insert(true);
        if !self.response_mode.is_some_and(ResponseMode::is_jwt) {
            self.response_type.get_or_insert(ResponseType::CodeIdToken);
        }
        self.require_s_hash |= self.response_type.is_some_and(ResponseType::has_id_token);
    }

    /// FAPI 2.0 Security Profile §5.3.3.2.
    fn apply_fapi2(&mut self, profile: Profile) {
        self.require_pushed_authorization_requests = true;
        let has_dpop = self.dpop.is_some_and(|dpop| dpop != Dpop::Off)
            || self.dpop_key.is_some()
            || self.extensions.dpop_signer.is_some();
        let is_bound = self.tls_client_certificate_bound_access_tokens;
        if !has_dpop && self.uses_mutual_tls() && is_bound != Some(false) {
            self.tls_client_certificate_bound_access_tokens = Some(true);
        } else {
            if !has_dpop {
                self.dpop.get_or_insert(Dpop::Login);
            }
            self.dpop_bound_access_tokens.get_or_insert(true);
        }
        if profile == Profile::Fapi2MessageSigning {
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
        if profile.is_fapi() {
            self.check_fapi(profile, check);
        }
        match profile {
            Profile::Fapi1Advanced => self.check_fapi1(profile, check),
            Profile::Fapi2 | Profile::Fapi2MessageSigning => self.check_fapi2(profile, check),
            Profile::OAuth21 => {}
        }
        if matches!(profile, Profile::Fapi1Advanced | Profile::Fapi2MessageSigning)
            && self.request_object_signing_alg.is_none()
        {
            let reason = format!("the profile `{}` signs authorization requests", profile.name());
            check.missing("request_object_signing_alg", &reason);
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

    /// What all profiles of FAPI forbid and need.
    fn check_fapi(&self, profile: Profile, check: &mut Validator) {
        let name = profile.name();
        let forbidden = [
            ("dangerous_skip_nonce", self.dangerous_skip_nonce),
            ("client_secret", self.has_secret()),
        ];
        check.unused(&forbidden, &format!("is not allowed by the profile `{name}`"));
        if self.issuer.is_none() && self.server_metadata_url.is_none() {
            check.missing("issuer", &format!("the profile `{name}` compares it with the response"));
        }
        match self.token_endpoint_auth_method {
            Some(AuthMethod::PrivateKeyJwt) => {}
            Some(method) if method.is_mutual_tls() => {}
            Some(method) => {
                let problem = format!(
                    "is `{}`, but the profile `{name}` needs `private_key_jwt`, `tls_client_auth` or \
                     `self_signed_tls_client_auth`",
                    method.name()
                );
                check.problem("token_endpoint_auth_method", problem);
            }
            None => {
                let reason = format!(
                    "the profile `{name}` authenticates the client with it, or with `tls_client_certificate`"
                );
                check.missing("private_key", &reason);
            }
        }
        self.check_profile_keys(profile, check);
    }

    /// FAPI 1.0 Advanced §5.2.2 and §5.2.3.
    fn check_fapi1(&self, profile: Profile, check: &mut Validator) {
        let name = profile.name();
        let response_type = self.response_type.unwrap_or_default();
        let has_dpop = self.dpop.is_some_and(|dpop| dpop != Dpop::Off)
            || self.dpop_key.is_some()
            || self.extensions.dpop_signer.is_some()
            || self.dpop_bound_access_tokens == Some(true);
        let forbidden = [
            ("dpop", has_dpop),
            (
                "tls_client_certificate_bound_access_tokens",
                self.tls_client_certificate_bound_access_tokens == Some(false),
            ),
            ("response_type", !response_type.has_code()),
        ];
        check.unused(&forbidden, &format!("is not allowed by the profile `{name}`"));
        let is_signed = self.response_mode.is_some_and(ResponseMode::is_jwt);
        if response_type == ResponseType::Code && !is_signed {
            let problem = format!(
                "is `code`, for which the profile `{name}` needs a signed response: set `response_mode` to `jwt`, or \
                 `response_type` to `code id_token`"
            );
            check.problem("response_type", problem);
        }
    }

    /// FAPI 2.0 Security Profile §5.3.3 and §5.4, Message Signing §5.4.
    fn check_fapi2(&self, profile: Profile, check: &mut Validator) {
        let name = profile.name();
        let response_type = self.response_type.unwrap_or_default();
        let is_bound = self.tls_client_certificate_bound_access_tokens == Some(true);
        let forbidden = [
            (
                "use_pushed_authorization_requests",
                self.use_pushed_authorization_requests == Some(false),
            ),
            ("dpop", self.dpop == Some(Dpop::Off) && !is_bound),
            ("dpop_bound_access_tokens", self.dpop_bound_access_tokens == Some(false) && !is_bound),
            (
                "client_assertion_audience",
                self.client_assertion_audience == Some(AssertionAudience::TokenEndpoint),
            ),
            ("response_type", response_type != ResponseType::Code && !response_type.has_token()),
        ];
        check.unused(&forbidden, &format!("is not allowed by the profile `{name}`"));
        if profile == Profile::Fapi2MessageSigning
            && !self.response_mode.is_some_and(ResponseMode::is_jwt)
        {
            let problem = format!(
                "must be `jwt` or `query.jwt`: the profile `{name}` needs signed responses"
            );
            check.problem("response_mode", problem);
        }
    }

    fn check_profile_keys(&self, profile: Profile, check: &mut Validator) {
        let (name, allowed) = (profile.name(), allowed(profile));
        for (setting, key) in [
            ("private_key", &self.private_key),
            ("next_private_key", &self.next_private_key),
            ("dpop_key", &self.dpop_key),
        ] {
            let key = key.as_ref().and_then(|text| SigningKey::parse(text).ok());
            if key.is_some_and(|key| !key.algorithms().any(|alg| profile.allows(alg))) {
                let problem =
                    format!("does not sign with {allowed}, which the profile `{name}` requires");
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
                let problem = format!("is {alg}, but the profile `{name}` allows {allowed} only");
                check.problem(setting, problem);
            }
        }
    }
}
