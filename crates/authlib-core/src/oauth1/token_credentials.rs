//! Token credentials, RFC 5849 §2.3: the last request of a login.

use url::Url;

#[cfg(test)]
use super::credentials::TokenCredentials;
use super::credentials_response::{CredentialsError, CredentialsResponse};
use super::temporary_credentials::form_post;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::message::{Request, Response};
use crate::params::Params;
use crate::secret::Secret;

/// Token credentials (in older texts the *access token*) with the other parameters of their response.
/// OAuth 1.0a tokens don't expire and can't be refreshed.
///
/// It does not implement `Serialize`, so that it isn't put into a response by accident.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token {
    /// `oauth_token`.
    pub oauth_token: Secret,
    /// `oauth_token_secret`, which signs requests. It is sent with `PLAINTEXT` only.
    pub oauth_token_secret: Secret,
    /// The other parameters, as they were sent. Numbers of a JSON response are strings here.
    pub(crate) extra: Params,
}

impl Token {
    /// A token from another source, such as the application's database.
    #[must_use]
    pub fn new(oauth_token: impl Into<Secret>, oauth_token_secret: impl Into<Secret>) -> Self {
        Self {
            oauth_token: oauth_token.into(),
            oauth_token_secret: oauth_token_secret.into(),
            extra: Params::new(),
        }
    }

    /// The other parameters of the response, such as `user_id` and `screen_name`. They are not signed, but
    /// were received from the endpoint over TLS.
    ///
    /// ```
    /// use authlib_core::oauth1::Token;
    ///
    /// let token = Token::new("token", "secret");
    /// assert!(token.extra().is_empty());
    /// ```
    #[must_use]
    pub fn extra(&self) -> &Params {
        &self.extra
    }

    #[cfg(test)]
    pub(crate) fn credentials(&self) -> TokenCredentials<'_> {
        TokenCredentials { token: &self.oauth_token, secret: &self.oauth_token_secret }
    }
}

/// The request, to be signed with the temporary credentials and `oauth_verifier`. `params` are additional
/// parameters of the provider.
pub(crate) fn token_request(endpoint: &Url, params: &Params) -> Request {
    form_post(endpoint, params)
}

/// Parses the response. `subject` names the parameter that identifies the user.
pub(crate) fn parse_token_response(response: &Response, subject: Option<&str>) -> Result<Token> {
    let CredentialsResponse { token, secret, extra, inexact } =
        CredentialsResponse::parse(Endpoint::Token, response)?;
    if let Some(name) = inexact.into_iter().find(|name| Some(name.as_str()) == subject) {
        return Err(CredentialsError::InexactSubject { endpoint: Endpoint::Token, name }.into());
    }
    Ok(Token { oauth_token: token, oauth_token_secret: secret, extra })
}

debug_fields!(Token { extra });

#[cfg(test)]
mod tests {
    use super::*;

    /// T130, T132.
    #[test]
    fn token_keeps_extra_response_members() {
        let body = "oauth_token=nnch734d00sl2jdk&oauth_token_secret=pfkkdhi9sl3r4s00&user_id=1&screen_name=j%20j";
        let token = parse_token_response(&Response::new(body.as_bytes().to_vec()), None).unwrap();
        assert_eq!(token.oauth_token.expose(), "nnch734d00sl2jdk");
        assert_eq!(token.oauth_token_secret.expose(), "pfkkdhi9sl3r4s00");
        assert_eq!(token.extra().only("screen_name"), Ok(Some("j j")));
        assert_eq!(token.extra().len(), 2);
        let shown = format!("{token:?}");
        assert!(shown.contains("user_id") && !shown.contains("nnch") && !shown.contains("pfkk"));
    }

    #[test]
    fn numeric_subject_of_json_keeps_every_digit() {
        let parse = |id: &str, subject: Option<&str>| {
            let body = format!(r#"{{"oauth_token":"a","oauth_token_secret":"b","id":{id}}}"#);
            parse_token_response(&Response::new(body.into_bytes()), subject)
        };
        for id in ["42", "100000000000000000001", "100000000000000000002"] {
            let token = parse(id, Some("id")).unwrap();
            assert_eq!(token.extra().only("id"), Ok(Some(id)));
        }
        for id in ["1e20", "42.0", "-0"] {
            let error = parse(id, Some("id")).unwrap_err();
            assert!(error.to_string().contains("`id`"), "{error}");
            assert!(parse(id, Some("oauth_token")).is_ok(), "{id} is not needed");
            assert!(parse(id, None).is_ok());
        }
    }
}
