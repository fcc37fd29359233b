//! Temporary credentials, RFC 5849 §2.1: the first request of a login.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use url::Url;

use super::credentials::TokenCredentials;
use super::credentials_response::{CredentialsError, CredentialsResponse};
use super::sent_pairs::FORM;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::message::{self, Request, Response};
use crate::params::Params;
use crate::secret::Secret;

/// Temporary credentials (in older texts the *request token*), valid for one login. The pending login
/// keeps them where the browser can't read them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemporaryCredentials {
    /// `oauth_token`, which the browser sends to the provider and back.
    pub token: Secret,
    /// `oauth_token_secret`, which the browser never sees.
    pub secret: Secret,
}

/// Whether the response must have `oauth_callback_confirmed=true`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CallbackConfirmation {
    /// It may be missing, for servers from before June 2009. **An attacker can complete their login in
    /// another user's browser** (session fixation, the reason for version 1.0a).
    DangerousOptional,
    /// It is required (RFC 5849 §2.1).
    #[default]
    Required,
}

impl TemporaryCredentials {
    /// Restores credentials that were stored while the user was at the provider.
    #[must_use]
    pub fn new(token: impl Into<Secret>, secret: impl Into<Secret>) -> Self {
        Self { token: token.into(), secret: secret.into() }
    }

    /// For the signature of the token request.
    pub(crate) fn credentials(&self) -> TokenCredentials<'_> {
        TokenCredentials { token: &self.token, secret: &self.secret }
    }
}

/// The request, to be signed with `oauth_callback` and without a token. `params` are additional
/// parameters of the provider.
pub(crate) fn temporary_request(endpoint: &Url, params: &Params) -> Request {
    form_post(endpoint, params)
}

/// Parses the response.
pub(crate) fn parse_temporary_credentials_response(
    response: &Response,
    confirmation: CallbackConfirmation,
) -> Result<TemporaryCredentials> {
    let parsed = CredentialsResponse::parse(Endpoint::RequestToken, response)?;
    // Authlib's server sends `True`.
    let value = parsed.extra.only("oauth_callback_confirmed").unwrap_or_default();
    let confirmed = value.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !confirmed && confirmation == CallbackConfirmation::Required {
        return Err(CredentialsError::NotConfirmed.into());
    }
    Ok(TemporaryCredentials { token: parsed.token, secret: parsed.secret })
}

/// A POST of `params`, without a body if there are none.
pub(super) fn form_post(endpoint: &Url, params: &Params) -> Request {
    let mut request = message::bare(Method::POST, endpoint, params.to_form().into_bytes());
    if !params.is_empty() {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn check(body: &str, confirmation: CallbackConfirmation) -> Result<TemporaryCredentials> {
        parse_temporary_credentials_response(&Response::new(body.as_bytes().to_vec()), confirmation)
    }

    #[test]
    fn parse_reads_rfc_example() {
        let body = "oauth_token=hh5s93j4hdidpola&oauth_token_secret=hdhd0244k9j7ao03&oauth_callback_confirmed=true";
        let credentials = check(body, CallbackConfirmation::Required).unwrap();
        assert_eq!(credentials.token.expose(), "hh5s93j4hdidpola");
        assert_eq!(credentials.secret.expose(), "hdhd0244k9j7ao03");
    }

    /// O1, B10.
    #[test]
    fn callback_must_be_confirmed() {
        for confirmed in [
            "",
            "&oauth_callback_confirmed=",
            "&oauth_callback_confirmed=false",
            "&oauth_callback_confirmed=1",
        ] {
            let body = format!("oauth_token=t&oauth_token_secret=s{confirmed}");
            let error = check(&body, CallbackConfirmation::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(error.to_string().contains("oauth_callback_confirmed"), "{error}");
            assert!(check(&body, CallbackConfirmation::DangerousOptional).is_ok(), "{body}");
        }
        let body = "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=True";
        assert!(check(body, CallbackConfirmation::Required).is_ok(), "Authlib's spelling");
        let json =
            r#"{"oauth_token":"t","oauth_token_secret":"s","oauth_callback_confirmed":true}"#;
        assert!(check(json, CallbackConfirmation::Required).is_ok());
    }

    #[test]
    fn request_has_a_body_only_if_there_are_params() {
        let endpoint = Url::parse("https://op.example/request_token?x=1").unwrap();
        let request = temporary_request(&endpoint, &Params::new());
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.uri(), endpoint.as_str());
        assert!(request.body().is_empty() && request.headers().is_empty());
        let params = Params::new().with("x_auth_access_type", "read");
        let request = temporary_request(&endpoint, &params);
        assert_eq!(request.body().as_ref(), b"x_auth_access_type=read");
        assert_eq!(request.headers()[CONTENT_TYPE], FORM);
    }
}
