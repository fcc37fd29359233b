//! The authorization request: its response type and mode, and how it is sent.

use super::validator::Validator;
use crate::config::{ClientConfig, ResponseMode};
use crate::jose::{Algorithm, SigningKey};
use crate::oauth2::ResponseType;

/// How request objects are made and sent (RFC 9101).
#[derive(Clone, Debug)]
pub(crate) struct RequestObjectSettings {
    /// The algorithm that signs; `None` if nobody signs.
    pub(crate) alg: Option<Algorithm>,
    /// The URL or path below which the provider fetches them; `None` if they are in the request.
    pub(crate) request_uri: Option<String>,
}

impl ClientConfig {
    pub(super) fn check_pushed_requests(&self, check: &mut Validator) {
        if self.require_pushed_authorization_requests
            && self.use_pushed_authorization_requests == Some(false)
        {
            let problem = "is false, but `require_pushed_authorization_requests` is set";
            check.problem("use_pushed_authorization_requests", problem);
        }
    }

    /// Checks the type and the mode of the response.
    pub(super) fn check_response(&self, check: &mut Validator) {
        let response_type = self.response_type.unwrap_or_default();
        if self.response_mode.is_some_and(ResponseMode::is_jwt) && !self.has_metadata() {
            check.missing("issuer", "a response that is a JWT is validated against it");
        }
        if self.authorization_signed_response_alg.is_some_and(Algorithm::is_symmetric) {
            let problem = "must be a public-key algorithm";
            check.problem("authorization_signed_response_alg", problem);
        }
        if response_type == ResponseType::Code {
            let settings = [("require_s_hash", self.require_s_hash)];
            check.unused(&settings, "is not used without an ID token in the `response_type`");
            return;
        }
        if !self.asks_for_openid() {
            let problem = format!("is `{}`, which needs the scope `openid`", response_type.name());
            check.problem("response_type", problem);
        }
        if self.response_mode.is_some_and(ResponseMode::is_query) {
            let problem = "puts tokens into URLs that servers log: use `fragment` or `form_post` \
                           (OAuth 2.0 Multiple Response Types §3, JARM §2.3.1)";
            check.problem("response_mode", problem);
        }
        if response_type.has_id_token() && self.dangerous_skip_nonce {
            let problem = "is not possible with an ID token in the `response_type` (OpenID Connect Core §3.2.2.1)";
            check.problem("dangerous_skip_nonce", problem);
        }
        if !response_type.has_id_token() {
            let settings = [("require_s_hash", self.require_s_hash)];
            check.unused(&settings, "is not used without an ID token in the `response_type`");
        }
    }

    /// How request objects are made, if they are.
    pub(super) fn request_object(&self, check: &mut Validator) -> Option<RequestObjectSettings> {
        let alg = self.request_object_signing_alg;
        if alg.is_none() && !self.dangerous_unsigned_request_object {
            let settings = [("request_uri", self.request_uri.is_some())];
            check.unused(&settings, "is not used without `request_object_signing_alg`");
            return None;
        }
        if !self.has_metadata() {
            check.missing("issuer", "it is the audience of request objects (RFC 9101 §4)");
        }
        if let Some(alg) = alg {
            if self.dangerous_unsigned_request_object {
                let problem = "contradicts `request_object_signing_alg`: remove one of them";
                check.problem("dangerous_unsigned_request_object", problem);
            }
            self.check_request_key(alg, check);
        }
        Some(RequestObjectSettings { alg, request_uri: self.request_uri.clone() })
    }

    /// Checks that the client's key can sign request objects. One outside of this process is known at the first
    /// request only.
    fn check_request_key(&self, alg: Algorithm, check: &mut Validator) {
        if self.extensions.signer.is_some() {
            return;
        }
        let private = self.private_key.as_ref().filter(|key| !key.is_empty());
        let secret = self.client_secret.clone().filter(|secret| !secret.is_empty());
        let key = match private {
            // A key that can't be read has its own error.
            Some(text) => SigningKey::parse(text).ok(),
            None => secret.map(SigningKey::of_secret),
        };
        match key {
            None if private.is_some() => {}
            None => check.missing("private_key", "it signs request objects"),
            Some(key) if !key.fits(alg) => {
                let fitting: Vec<_> = key.algorithms().map(Algorithm::name).collect();
                let problem = format!(
                    "is {alg}, which does not fit the client's key: use {}",
                    fitting.join(", ")
                );
                check.problem("request_object_signing_alg", problem);
            }
            Some(_) => {}
        }
    }

    /// Whether the private key signs request objects, whatever authenticates the client.
    pub(super) fn signs_requests_by_key(&self) -> bool {
        self.request_object_signing_alg.is_some_and(|alg| !alg.is_symmetric())
            && self.has_private_key()
    }
}
