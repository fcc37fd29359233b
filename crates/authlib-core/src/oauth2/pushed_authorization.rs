//! The response to a pushed authorization request, RFC 9126 §2.2.

use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::Response;
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::params::Params;

/// The longest `request_uri` that is accepted, in bytes: RFC 9101 §5.2 limits one to 512 ASCII characters.
const MAX_REQUEST_URI: usize = 512;

#[derive(Debug, thiserror::Error)]
enum PushedAuthorizationError {
    #[error(
        "`request_uri` in the response to the pushed authorization request is longer than {MAX_REQUEST_URI} \
         bytes (RFC 9101 §5.2)"
    )]
    RequestUri,
    #[error(
        "`expires_in` in the response to the pushed authorization request is not positive (RFC 9126 §2.2)"
    )]
    Expired,
}

impl From<PushedAuthorizationError> for Error {
    fn from(check: PushedAuthorizationError) -> Self {
        Self::new(ErrorKind::InvalidResponse, check)
    }
}

/// What the browser is sent with instead of the request: the client and the `request_uri`, and nothing else
/// (RFC 9126 §4).
pub(crate) fn parse_pushed_authorization_response(
    client_id: &str,
    response: &Response,
) -> Result<Params> {
    let mut members = EndpointResponse::parse(Endpoint::PushedAuthorization, response)?;
    let request_uri = members.take_required_text("request_uri")?;
    if request_uri.len() > MAX_REQUEST_URI {
        return Err(PushedAuthorizationError::RequestUri.into());
    }
    if members.take_required_seconds("expires_in")? == Duration::ZERO {
        return Err(PushedAuthorizationError::Expired.into());
    }
    Ok(Params::new().with("client_id", client_id).with("request_uri", request_uri))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::test_response;

    fn parse(status: u16, body: &str) -> Result<String> {
        let response = test_response(status, "application/json", body);
        parse_pushed_authorization_response("app", &response).map(|params| params.to_query())
    }

    #[test]
    fn browser_gets_client_and_request_uri_only() {
        let body = r#"{"request_uri":"urn:x:1","expires_in":60,"state":"s"}"#;
        for status in [200, 201] {
            assert_eq!(parse(status, body).unwrap(), "client_id=app&request_uri=urn%3Ax%3A1");
        }
    }

    #[test]
    fn incomplete_responses_are_rejected() {
        let long = format!(r#"{{"request_uri":"{}","expires_in":60}}"#, "u".repeat(513));
        for (status, body, says) in [
            (201, r#"{"expires_in":60}"#, "`request_uri`"),
            (201, r#"{"request_uri":1,"expires_in":60}"#, "`request_uri`"),
            (201, r#"{"request_uri":"urn:x:1"}"#, "`expires_in`"),
            (201, r#"{"request_uri":"urn:x:1","expires_in":0}"#, "not positive"),
            (201, r#"{"request_uri":"urn:x:1","expires_in":-5}"#, "not positive"),
            (201, long.as_str(), "longer than 512"),
            (400, r#"{"error":"invalid_request"}"#, "RFC 9126 §2.3"),
            (200, r#"{"error":"invalid_request"}"#, "RFC 9126 §2.3"),
            (302, "{}", "status 302"),
        ] {
            let error = parse(status, body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
            assert!(error.to_string().contains(says), "{body}: {error}");
        }
    }
}
