//! Token credentials, RFC 5849 §2.3: what a login ends with.

use std::fmt;

use url::Url;

use super::credentials::TokenCredentials;
use super::credentials_response::{Answer, Endpoint};
use super::temporary_credentials::form_post;
use crate::error::Result;
use crate::message::{Request, Response};
use crate::params::Params;
use crate::secret::Secret;

/// Token credentials (the *access token* of older texts) with what came beside them. OAuth 1.0a has
/// no expiry and no refresh.
///
/// It is not `Serialize`, so that it can't end in a page by accident.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token {
    /// `oauth_token`.
    pub oauth_token: Secret,
    /// `oauth_token_secret`, which signs and is never sent, but with `PLAINTEXT`.
    pub oauth_token_secret: Secret,
    /// The members beside those, as they were sent; numbers of a JSON answer are texts here.
    pub(crate) extra: Params,
}

impl Token {
    /// A token that comes from elsewhere.
    #[must_use]
    pub fn new(oauth_token: impl Into<Secret>, oauth_token_secret: impl Into<Secret>) -> Self {
        Self {
            oauth_token: oauth_token.into(),
            oauth_token_secret: oauth_token_secret.into(),
            extra: Params::new(),
        }
    }

    /// The members of the answer beside the token, such as `user_id` and `screen_name`. Nobody has
    /// signed them: they came over TLS from the endpoint itself.
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

    /// For the signature of an API request.
    pub(crate) fn credentials(&self) -> TokenCredentials<'_> {
        TokenCredentials { token: &self.oauth_token, secret: &self.oauth_token_secret }
    }
}

/// The request to sign, with the temporary credentials and `oauth_verifier`; `params` are what the
/// provider wants to know besides.
pub(crate) fn token_request(endpoint: &Url, params: &Params) -> Request {
    form_post(endpoint, params)
}

/// Reads the answer.
pub(crate) fn parse_token_response(response: &Response) -> Result<Token> {
    let Answer { token, secret, extra } = Answer::read(response, Endpoint::Token)?;
    Ok(Token { oauth_token: token, oauth_token_secret: secret, extra })
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("extra", &self.extra).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T130 and T132: the credentials, and what came beside them, as text.
    #[test]
    fn token_keeps_extra_response_members() {
        let body = "oauth_token=nnch734d00sl2jdk&oauth_token_secret=pfkkdhi9sl3r4s00&user_id=1&screen_name=j%20j";
        let token = parse_token_response(&Response::new(body.as_bytes().to_vec())).unwrap();
        assert_eq!(token.oauth_token.expose(), "nnch734d00sl2jdk");
        assert_eq!(token.oauth_token_secret.expose(), "pfkkdhi9sl3r4s00");
        assert_eq!(token.extra().only("screen_name"), Ok(Some("j j")));
        assert_eq!(token.extra().len(), 2);
        let shown = format!("{token:?}");
        assert!(shown.contains("user_id") && !shown.contains("nnch") && !shown.contains("pfkk"));
    }
}
