//! The signed introspection answer, RFC 9701 §4 and §5: how it is asked for, and its verification.

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

/// The media type of the answer, and with or without its first word the `typ` of the token in it
/// (RFC 9701 §5, RFC 7515 §4.1.9).
const MEDIA_TYPE: &str = "application/token-introspection+jwt";

/// Makes `request`, an introspection's, ask for a signed answer (RFC 9701 §4).
pub(crate) fn ask_signed(request: &mut Request) {
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(MEDIA_TYPE));
}

/// What a signed answer is held against.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    /// The issuer, and other spellings that the provider is known to use.
    pub(crate) issuers: &'a [&'a str],
    /// The names that the provider knows us by: the client id, and the URI of a resource server where
    /// it has one.
    pub(crate) audiences: &'a [&'a str],
    pub(crate) algorithms: &'a [Algorithm],
    /// How far the provider's clock may be from ours.
    pub(crate) leeway: Duration,
    pub(crate) now: SystemTime,
}

/// Why a signed answer was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignedResponseError {
    #[error("the introspection response is plain JSON, not signed as requested (RFC 9701 §5)")]
    Unsigned,
    #[error("the introspection response has {0}, not {MEDIA_TYPE} (RFC 9701 §5)")]
    ContentType(String),
    #[error("the introspection response is encrypted, which is not supported (RFC 9701 §5)")]
    Encrypted,
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
    #[error("the introspection response's `iss` is {said:?}, expected {expected:?} (RFC 9701 §5)")]
    Issuer { said: String, expected: String },
    #[error("the introspection response's `aud` does not name this client (RFC 9701 §5)")]
    Audience,
    #[error("claim `token_introspection` is missing or not a JSON object (RFC 9701 §5)")]
    NoIntrospection,
    #[error("claim `token_introspection` is not valid")]
    Introspection(#[from] ResponseError),
}

impl SignedResponseError {
    /// Whether newer keys could change the verdict: the key is unknown, or its signature is wrong
    /// because the provider changed the key under the same `kid`.
    pub(crate) fn may_be_cured_by_new_keys(&self) -> bool {
        matches!(self, Self::Signature(cause) if cause.is_unknown_key() || cause.is_bad_signature())
    }
}

impl From<SignedResponseError> for Error {
    fn from(check: SignedResponseError) -> Self {
        let (kind, hint) = match &check {
            SignedResponseError::Unsigned => (
                ErrorKind::InvalidResponse,
                "register `introspection_signed_response_alg` at the provider, or remove it from the client's settings",
            ),
            SignedResponseError::ContentType(_) | SignedResponseError::NotText => {
                (ErrorKind::InvalidResponse, "check `introspection_endpoint`")
            }
            SignedResponseError::Encrypted => (
                ErrorKind::Unsupported,
                "register the client without `introspection_encrypted_response_alg`",
            ),
            SignedResponseError::Signature(_) => (
                ErrorKind::InvalidResponse,
                "compare the provider's signing algorithm and keys with \
                 `introspection_signed_response_alg` and `jwks_uri`",
            ),
            SignedResponseError::Issuer { .. } => {
                (ErrorKind::InvalidResponse, "check `issuer` or `server_metadata_url`")
            }
            SignedResponseError::Audience => (ErrorKind::InvalidResponse, "check `client_id`"),
            SignedResponseError::Claims(_) => (
                ErrorKind::InvalidResponse,
                "for `exp`, `nbf` and `iat`, check the clock of this machine",
            ),
            SignedResponseError::Type(_)
            | SignedResponseError::NoIntrospection
            | SignedResponseError::Introspection(_) => {
                return Self::new(ErrorKind::InvalidResponse, check);
            }
        };
        Self::new(kind, check).with_hint(hint)
    }
}

/// The token of an answer to a request that [`ask_signed`] has changed. It is not verified yet, which
/// [`verify`] does; a plain answer is refused, or who can change answers could take the signature away.
pub(crate) fn signed_introspection_response(response: &Response) -> Result<&str> {
    let accepted = EndpointResponse::accept(Endpoint::Introspection, response)?;
    match accepted.content_type() {
        MEDIA_TYPE => {}
        _ if accepted.is_json() => return Err(SignedResponseError::Unsigned.into()),
        other => return Err(SignedResponseError::ContentType(other.to_owned()).into()),
    }
    let token = std::str::from_utf8(response.body()).map_err(|_| SignedResponseError::NotText)?;
    let token = token.trim();
    // An encrypted token has five parts (RFC 7516 §7.1), a signed one three.
    if token.split('.').count() == 5 {
        return Err(SignedResponseError::Encrypted.into());
    }
    Ok(token)
}

/// Verifies the token of an answer: what it returns is signed by the provider, for us.
pub(crate) fn verify(
    token: &str,
    keys: &JwkSet,
    rules: &Rules<'_>,
) -> Result<Introspection, SignedResponseError> {
    let verified =
        jws::verify(token, rules.algorithms, keys).map_err(SignedResponseError::Signature)?;
    // The same key signs access tokens and ID tokens, whose claims look much alike (§8.1).
    let typ = verified.header.typ.unwrap_or_default();
    let (_, short) = MEDIA_TYPE.split_once('/').unwrap_or_default();
    if !typ.eq_ignore_ascii_case(MEDIA_TYPE) && !typ.eq_ignore_ascii_case(short) {
        return Err(SignedResponseError::Type(typ.chars().take(40).collect()));
    }
    let claims = Claims::parse(&verified.payload)?;
    let issuer = claims.required_text("iss")?;
    if !rules.issuers.contains(&issuer) {
        return Err(SignedResponseError::Issuer {
            said: issuer.chars().take(200).collect(),
            expected: rules.issuers.join(" or "),
        });
    }
    if !claims.audience()?.iter().any(|name| rules.audiences.contains(name)) {
        return Err(SignedResponseError::Audience);
    }
    claims.required_time("iat")?;
    // An `exp` should not stand here (§5), but where it does it means what it says.
    claims::check_times(&claims, rules.now, rules.leeway)?;
    let Some(Value::Object(said)) = claims.as_map().get("token_introspection") else {
        return Err(SignedResponseError::NoIntrospection);
    };
    Ok(Introspection::from_members(Members::new(Endpoint::Introspection, said.clone()))?)
}

#[cfg(test)]
#[path = "jwt_introspection_response_tests.rs"]
mod tests;
