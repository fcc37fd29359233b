//! The revocation request and its response, RFC 7009 §2, and [`TokenTypeHint`].

use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::message::Response;
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::params::Params;
use crate::secret::Secret;

/// The type of a token (`token_type_hint`, RFC 7009 §2.1), which the provider may use to find it faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenTypeHint {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
}

impl TokenTypeHint {
    /// The registered name, such as `refresh_token`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// The form of the request, without client authentication (RFC 7009 §2.1, RFC 7662 §2.1).
pub(crate) fn token_form(token: &Secret, hint: Option<TokenTypeHint>) -> Params {
    let form = Params::new().with("token", token.expose());
    match hint {
        Some(hint) => form.with("token_type_hint", hint.name()),
        None => form,
    }
}

/// Parses the response: the token is revoked, whatever the body. RFC 7009 §2.2 names status 200 and some
/// servers send 204, which means the same (RFC 9110 §15.3).
pub(crate) fn parse_revocation_response(response: &Response) -> Result<()> {
    match response.status().is_success() {
        true => Ok(()),
        false => Err(EndpointResponse::error(Endpoint::Revocation, response)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::test_response;
    use crate::oauth2::test_responses::{HTML, JSON, assert_rejected};

    /// The form of RFC 7009 §2.1, with its token and hint.
    #[test]
    fn revocation_sends_token_and_hint() {
        let token = Secret::new("45ghiukldjahdnhzdauz");
        let form = token_form(&token, Some(TokenTypeHint::RefreshToken));
        assert_eq!(form.to_form(), "token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token");
        assert_eq!(token_form(&token, None).to_form(), "token=45ghiukldjahdnhzdauz");
    }

    #[test]
    fn every_2xx_is_success_whatever_body() {
        let bodies = [(HTML, "<h1>Oops"), (JSON, ""), (JSON, "[]"), (JSON, r#"{"error":"x"}"#)];
        for status in [200, 201, 202, 204, 299] {
            for (content_type, body) in bodies {
                let response = test_response(status, content_type, body);
                assert!(parse_revocation_response(&response).is_ok(), "{status} {body}");
            }
        }
        assert!(parse_revocation_response(&Response::new(Vec::new())).is_ok());
    }

    #[test]
    fn other_statuses_are_errors() {
        assert_rejected(
            parse_revocation_response,
            &[
                (302, JSON, "{}", "status 302"),
                (404, HTML, "", "status 404"),
                (400, JSON, r#"{"error":"invalid_request"}"#, "invalid_request"),
            ],
        );
    }
}
