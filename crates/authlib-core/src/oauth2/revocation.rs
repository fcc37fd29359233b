//! The revocation request and its response, RFC 7009 §2, and [`TokenTypeHint`].

use http::StatusCode;

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

/// Parses the response: only status 200 means that the token is revoked, whatever the body (RFC 7009
/// §2.2).
pub(crate) fn parse_revocation_response(response: &Response) -> Result<()> {
    match response.status() {
        StatusCode::OK => Ok(()),
        _ => Err(EndpointResponse::error(Endpoint::Revocation, response)),
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::error::ErrorKind;
    use crate::message::test_response;

    const JS: &str = "application/json";

    fn answer(status: u16, content_type: &str, body: &str) -> Result<()> {
        parse_revocation_response(&test_response(status, content_type, body))
    }

    /// The form of RFC 7009 §2.1, with its token and hint.
    #[test]
    fn revocation_sends_token_and_hint() {
        let token = Secret::new("45ghiukldjahdnhzdauz");
        let form = token_form(&token, Some(TokenTypeHint::RefreshToken));
        assert_eq!(form.to_form(), "token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token");
        assert_eq!(token_form(&token, None).to_form(), "token=45ghiukldjahdnhzdauz");
    }

    #[test]
    fn status_200_is_success_whatever_body() {
        for (content_type, body) in
            [("text/html", "<h1>Oops"), (JS, ""), (JS, "[]"), (JS, r#"{"error":"x"}"#)]
        {
            assert!(answer(200, content_type, body).is_ok(), "{body}");
        }
        assert!(parse_revocation_response(&Response::new(Vec::new())).is_ok());
    }

    #[test]
    fn other_statuses_are_errors() {
        for (status, content_type, body, says) in [
            (202, JS, "{}", "status 202"),
            (302, "text/html", "", "never followed"),
            (400, JS, r#"{"error":"invalid_request"}"#, "invalid_request"),
            (400, JS, r#"{"error":1}"#, "not a string"),
            (400, JS, r#"{"error":"a","error":"b"}"#, "status 400"),
            (400, "text/plain", r#"{"error":"invalid_request"}"#, "text/plain"),
            (401, JS, r#"{"error":"invalid_client"}"#, "client_secret"),
            (404, "text/html", "<h1>", "check `revocation_endpoint`"),
            (500, JS, "{}", "status 500"),
        ] {
            let error = answer(status, content_type, body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
            assert!(error.to_string().contains(says), "{body}: {error}");
        }
    }

    #[test]
    fn unsupported_token_type_is_unsupported_error() {
        let error = answer(400, JS, r#"{"error":"unsupported_token_type"}"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.provider_error().unwrap().status, Some(400));
    }

    #[test]
    fn busy_provider_returns_retry_after() {
        for (status, content_type, body, code) in [
            (503, "text/html", "<h1>", "(no OAuth error)"),
            (503, JS, r#"{"error":"temporarily_unavailable"}"#, "temporarily_unavailable"),
            (429, "text/plain", "slow down", "(no OAuth error)"),
        ] {
            let error = answer(status, content_type, body).unwrap_err();
            let said = error.provider_error().unwrap();
            assert_eq!((said.error.as_str(), said.status), (code, Some(status)));
            assert_eq!(
                said.retry_after,
                Some(std::time::Duration::from_secs(7)),
                "{status} {body}"
            );
        }
        assert!(answer(500, "text/html", "").unwrap_err().provider_error().is_none());
    }
}
