//! The signed introspection response, RFC 9701 §4 and §5: its request and verification.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use http::header::ACCEPT;
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::{self, ClaimError, Claims};
use crate::jose::jws::{self, JwsError};
use crate::jose::{Algorithm, JwkSet};
use crate::message::{Request, Response};
use crate::oauth2::Introspection;
use crate::oauth2::endpoint_response::{EndpointResponse, Members, ResponseError};
use crate::oauth2::issuers::Issuers;

/// The media type of the response, and with or without `application/` the `typ` of the JWT (RFC 9701 §5,
/// RFC 7515 §4.1.9).
const MEDIA_TYPE: &str = "application/token-introspection+jwt";

/// Makes an introspection request accept a signed response only (RFC 9701 §4).
pub(crate) fn accept_signed_response(request: &mut Request) {
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(MEDIA_TYPE));
}

/// The values that a signed response is validated against.
#[derive(Debug)]
pub(crate) struct ExpectedResponse<'a> {
    pub(crate) issuers: &'a Issuers,
    /// The client id, and the URI of the resource server if there is one.
    pub(crate) audiences: &'a [&'a str],
    pub(crate) algorithms: &'a [Algorithm],
    /// The accepted clock skew.
    pub(crate) leeway: Duration,
    pub(crate) now: SystemTime,
}

/// Why a signed response is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignedResponseError {
    #[error("the introspection response is plain JSON, not signed as requested (RFC 9701 §5)")]
    Unsigned,
    #[error("the introspection response has {0}, not {MEDIA_TYPE} (RFC 9701 §5)")]
    ContentType(String),
    #[error("the introspection response is not UTF-8")]
    NotText,
    #[error("the introspection response's signature is not valid (RFC 9701 §5)")]
    Signature(#[source] JwsError),
    #[error(
        "the introspection response's `typ` is {0:?}: it is another kind of token (RFC 9701 §8.1)"
    )]
    Type(String),
    #[error("the introspection response's claims are not valid (RFC 9701 §5)")]
    Claims(#[from] ClaimError),
    #[error("the introspection response's `iss` is {found:?}, expected {expected:?} (RFC 9701 §5)")]
    Issuer { found: String, expected: String },
    #[error("the introspection response's `aud` does not name this client (RFC 9701 §5)")]
    Audience,
    #[error("claim `token_introspection` is missing or not a JSON object (RFC 9701 §5)")]
    NoIntrospection,
    #[error("claim `token_introspection` is not valid")]
    Introspection(#[from] ResponseError),
}

impl SignedResponseError {
    /// Whether newer keys could change the result: the key is unknown, or the provider changed the key
    /// under the same `kid`.
    pub(crate) fn may_be_cured_by_new_keys(&self) -> bool {
        matches!(self, Self::Signature(cause) if cause.is_unknown_key() || cause.is_bad_signature())
    }
}

impl From<SignedResponseError> for Error {
    fn from(check: SignedResponseError) -> Self {
        use SignedResponseError as E;
        let hint = match &check {
            E::Unsigned => Some(
                "register `introspection_signed_response_alg` at the provider, or remove it from the \
                 client's settings",
            ),
            E::ContentType(_) | E::NotText => Some("check `introspection_endpoint`"),
            E::Signature(_) => Some(
                "compare the provider's signing algorithm and keys with \
                 `introspection_signed_response_alg` and `jwks_uri`",
            ),
            E::Issuer { .. } => Some("check `issuer` or `server_metadata_url`"),
            E::Audience => Some("check `client_id`"),
            E::Claims(_) => {
                Some("for `exp`, `nbf` and `iat`, check the clocks, or set `clock_skew`")
            }
            E::Type(_) | E::NoIntrospection | E::Introspection(_) => None,
        };
        Self::new(ErrorKind::InvalidResponse, check).maybe_hint(hint)
    }
}

/// The JWT of a signed response, for [`verify`]. A response without a signature is rejected: otherwise an
/// attacker could remove it.
pub(crate) fn signed_introspection_response(response: &Response) -> Result<&str> {
    let accepted = EndpointResponse::accept(Endpoint::Introspection, response)?;
    match accepted.content_type() {
        MEDIA_TYPE => {}
        _ if accepted.is_json() => return Err(SignedResponseError::Unsigned.into()),
        other => return Err(SignedResponseError::ContentType(other.to_owned()).into()),
    }
    let token = std::str::from_utf8(response.body()).map_err(|_| SignedResponseError::NotText)?;
    Ok(token.trim())
}

/// Verifies the JWT of a signed response.
pub(crate) fn verify(
    token: &str,
    keys: &JwkSet,
    expected: &ExpectedResponse<'_>,
) -> Result<Introspection, SignedResponseError> {
    let verified =
        jws::verify(token, expected.algorithms, keys).map_err(SignedResponseError::Signature)?;
    // The same key signs access tokens and ID tokens, which have similar claims (§8.1).
    let typ = verified.header.typ.unwrap_or_default();
    let (_, short) = MEDIA_TYPE.split_once('/').unwrap_or_default();
    if !typ.eq_ignore_ascii_case(MEDIA_TYPE) && !typ.eq_ignore_ascii_case(short) {
        return Err(SignedResponseError::Type(typ.chars().take(40).collect()));
    }
    let claims = Claims::parse(&verified.payload)?;
    let issuer = claims.required_text("iss")?;
    if !expected.issuers.is_provider(issuer) {
        return Err(SignedResponseError::Issuer {
            found: issuer.chars().take(200).collect(),
            expected: expected.issuers.listed(),
        });
    }
    if !claims.audience()?.iter().any(|name| expected.audiences.contains(name)) {
        return Err(SignedResponseError::Audience);
    }
    claims.required_time("iat")?;
    // `exp` should not be used here (§5), but is checked if present.
    claims::check_times(&claims, expected.now, expected.leeway)?;
    let Some(Value::Object(members)) = claims.into_map().remove("token_introspection") else {
        return Err(SignedResponseError::NoIntrospection);
    };
    Ok(Introspection::from_members(Members::new(Endpoint::Introspection, members))?)
}

#[cfg(test)]
#[path = "jwt_introspection_response_tests.rs"]
mod tests;
