//! ID token validation, OpenID Connect Core 1.0 §3.1.3.7, its checks in that order.

use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorKind};
use crate::jose::claims::{self, ClaimError, Claims};
use crate::jose::jws::{self, JwsError};
use crate::jose::{Algorithm, JwkSet};
use crate::oauth2::issuers::{IssuerMismatch, Issuers};
use crate::secret::constant_time_eq;

/// How long before the start of the login its ID token may have been issued; the provider's clock may be slow.
const MAX_AGE_BEFORE_LOGIN: Duration = Duration::from_secs(600);

/// The longest `sub` (Core §2).
const MAX_SUB: usize = 255;

/// What an ID token is validated against.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    pub(crate) issuers: &'a Issuers,
    pub(crate) client_id: &'a str,
    pub(crate) algorithms: &'a [Algorithm],
    /// The nonce of the authorization request; if none was sent, the token must have none.
    pub(crate) nonce: Option<&'a str>,
    /// The requested `max_age`.
    pub(crate) max_age: Option<Duration>,
    /// The access token of the same response, for `at_hash`.
    pub(crate) access_token: Option<&'a str>,
    /// When the login began.
    pub(crate) asked_at: SystemTime,
    pub(crate) now: SystemTime,
    /// The accepted difference between the provider's clock and this system's.
    pub(crate) clock_skew: Duration,
    /// What a token of the authorization response must be bound to.
    pub(crate) front_channel: Option<FrontChannelHashes<'a>>,
}

/// What an ID token of the authorization response must be bound to by its hashes (OpenID Connect Core §3.2.2.10,
/// §3.3.2.11, FAPI 1.0 Advanced §5.1.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrontChannelHashes<'a> {
    /// The code of the same response, for `c_hash`, which is then required.
    pub(crate) code: Option<&'a str>,
    /// The `state`, for `s_hash`.
    pub(crate) state: &'a str,
    pub(crate) requires_at_hash: bool,
    pub(crate) requires_s_hash: bool,
}

/// Why an ID token was rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdTokenError {
    #[error("the ID token's signature is not valid (OpenID Connect Core §3.1.3.7 step 6)")]
    Signature(#[source] JwsError),
    #[error("the ID token's `typ` is {0:?}: it is another kind of token (RFC 8725 §3.11)")]
    Type(String),
    #[error("the ID token's claims are not valid (OpenID Connect Core §2)")]
    Claims(#[from] ClaimError),
    #[error(
        "issuer mismatch: the ID token's `iss` is {actual:?}, expected {expected:?} (OpenID Connect Core §3.1.3.7 step 2)"
    )]
    Issuer { actual: String, expected: String },
    #[error(
        "issuer mismatch: the ID token's `iss` is {actual:?}, the issuer of another tenant than its `tid` \
         claim (OpenID Connect Core §3.1.3.7 step 2)"
    )]
    OtherTenant { actual: String },
    #[error("the user belongs to {actual:?}, a tenant that is not in `allowed_tenants`")]
    TenantNotAllowed { actual: String },
    #[error("the key that signed the ID token is for another issuer than its `iss`")]
    KeyIssuer,
    #[error("the ID token's `aud` does not name this client (OpenID Connect Core §3.1.3.7 step 3)")]
    Audience,
    #[error(
        "the ID token's `aud` names others beside this client and `azp` doesn't name it (OpenID Connect Core §3.1.3.7 step 4)"
    )]
    OtherAudience,
    #[error("the ID token's `azp` is another client (OpenID Connect Core §3.1.3.7 step 5)")]
    AuthorizedParty,
    #[error(
        "the ID token was issued at {iat:?}, long before this login began (OpenID Connect Core §3.1.3.7 step 10)"
    )]
    TooOld { iat: SystemTime },
    #[error(
        "the ID token has no `nonce`, although one was sent (OpenID Connect Core §3.1.3.7 step 11)"
    )]
    NonceMissing,
    #[error(
        "the ID token's `nonce` is not the one of this login (OpenID Connect Core §3.1.3.7 step 11)"
    )]
    Nonce,
    #[error(
        "the ID token has a `nonce`, although none was sent (OpenID Connect Core §3.1.3.7 step 11)"
    )]
    NonceUnasked,
    #[error(
        "`max_age` was requested, but the ID token has no `auth_time` (OpenID Connect Core §3.1.2.1)"
    )]
    AuthTimeMissing,
    #[error(
        "the user authenticated longer ago than `max_age` allows (OpenID Connect Core §3.1.3.7 step 13)"
    )]
    AuthTimeOld,
    #[error(
        "the ID token's `at_hash` does not belong to the access token (OpenID Connect Core §3.1.3.8)"
    )]
    AtHash,
    #[error("the ID token's `c_hash` does not belong to the code (OpenID Connect Core §3.3.2.10)")]
    CHash,
    #[error("the ID token's `s_hash` does not belong to `state` (FAPI 1.0 Advanced §5.2.2.1)")]
    SHash,
    #[error(
        "the ID token of the callback has no `{0}`, which binds it to the rest of the response (OpenID Connect Core \
         §3.2.2.10, §3.3.2.11)"
    )]
    HashMissing(&'static str),
    #[error("the ID token's `sub` is longer than {MAX_SUB} bytes (OpenID Connect Core §2)")]
    Subject,
    #[error("the ID token has `events`: it is a logout or security event token")]
    Events,
}

impl IdTokenError {
    /// Whether newer keys could change the verdict: the key is unknown, or its signature is wrong
    /// because the provider changed the key under the same `kid`.
    pub(crate) fn may_be_cured_by_new_keys(&self) -> bool {
        matches!(self, Self::Signature(cause) if cause.is_unknown_key() || cause.is_bad_signature())
    }
}

impl From<IdTokenError> for Error {
    fn from(check: IdTokenError) -> Self {
        let hint = match &check {
            IdTokenError::Signature(_) => Some(
                "compare the provider's signing algorithm and keys with `id_token_signed_response_alg` \
                 and `jwks_uri`",
            ),
            IdTokenError::Issuer { .. } => Some("check `issuer` or `server_metadata_url`"),
            IdTokenError::TenantNotAllowed { .. } => {
                Some("add the tenant's id to `allowed_tenants`, if its users may log in")
            }
            IdTokenError::Audience | IdTokenError::OtherAudience => Some("check `client_id`"),
            IdTokenError::HashMissing("s_hash") => {
                Some("if the provider does not send it, remove `require_s_hash`")
            }
            IdTokenError::Claims(_) => {
                Some("for `exp`, `nbf` and `iat`, check the clocks, or set `clock_skew`")
            }
            _ => None,
        };
        let kind = match &check {
            IdTokenError::TenantNotAllowed { .. } => ErrorKind::AccessDenied,
            _ => ErrorKind::InvalidIdToken,
        };
        Self::new(kind, check).maybe_hint(hint)
    }
}

/// Validates an ID token and returns its claims, with the configured issuer as `iss` if the token has
/// another spelling of it.
pub(crate) fn verify(
    token: &str,
    keys: &JwkSet,
    rules: &Rules<'_>,
) -> Result<Claims, IdTokenError> {
    let mut signed = signed(token, keys, rules)?;
    token_type(&signed)?;
    issuer(&mut signed.claims, rules)?;
    let SignedIdToken { claims, algorithm, .. } = signed;
    subject_and_audience(&claims, rules)?;
    authorized_party(&claims, rules)?;
    claims.required_time("exp")?;
    claims::check_times(&claims, rules.now, rules.clock_skew)?;
    let iat = claims.required_time("iat")?;
    if iat.checked_add(MAX_AGE_BEFORE_LOGIN).is_some_and(|latest| latest < rules.asked_at) {
        return Err(IdTokenError::TooOld { iat });
    }
    nonce(&claims, rules)?;
    auth_time(&claims, rules)?;
    at_hash(&claims, algorithm, rules)?;
    front_channel_hashes(&claims, algorithm, rules)?;
    Ok(claims)
}

/// An ID token with a valid signature.
#[derive(Debug)]
pub(crate) struct SignedIdToken {
    pub(crate) claims: Claims,
    pub(crate) algorithm: Algorithm,
    pub(super) typ: Option<String>,
}

/// Checks the signature only.
pub(crate) fn signed(
    token: &str,
    keys: &JwkSet,
    rules: &Rules<'_>,
) -> Result<SignedIdToken, IdTokenError> {
    let verified = jws::verify(token, rules.algorithms, keys).map_err(IdTokenError::Signature)?;
    let claims = Claims::parse(&verified.payload)?;
    if let Some(key_issuer) = &verified.key_issuer
        && !rules.issuers.is_key_for(key_issuer, claims.required_text("iss")?)
    {
        return Err(IdTokenError::KeyIssuer);
    }
    Ok(SignedIdToken { claims, algorithm: verified.header.alg, typ: verified.header.typ })
}

/// Checks that the token is no other kind of JWT.
pub(crate) fn token_type(signed: &SignedIdToken) -> Result<(), IdTokenError> {
    match signed.typ.as_deref() {
        None => {}
        // With or without its prefix (RFC 7515 §4.1.9).
        Some(typ)
            if ["jwt", "application/jwt"].iter().any(|name| typ.eq_ignore_ascii_case(name)) => {}
        Some(typ) => return Err(IdTokenError::Type(typ.chars().take(40).collect())),
    }
    if signed.claims.as_map().contains_key("events") {
        return Err(IdTokenError::Events);
    }
    Ok(())
}

/// Checks `iss` and makes it the issuer that the user belongs to.
pub(crate) fn issuer(claims: &mut Claims, rules: &Rules<'_>) -> Result<(), IdTokenError> {
    let issuer = claims.required_text("iss")?;
    let tid = if rules.issuers.is_template() { claims.text("tid")? } else { None };
    let identified = rules.issuers.identify(issuer, tid).map_err(|mismatch| {
        let actual = issuer.chars().take(200).collect();
        match mismatch {
            IssuerMismatch::Issuer => {
                IdTokenError::Issuer { actual, expected: rules.issuers.listed() }
            }
            IssuerMismatch::OtherTenant => IdTokenError::OtherTenant { actual },
            IssuerMismatch::TenantNotAllowed => IdTokenError::TenantNotAllowed { actual },
        }
    })?;
    if identified != issuer {
        let identified = identified.to_owned();
        claims.set_text("iss", identified);
    }
    Ok(())
}

pub(crate) fn subject_and_audience(claims: &Claims, rules: &Rules<'_>) -> Result<(), IdTokenError> {
    if claims.required_text("sub")?.len() > MAX_SUB {
        return Err(IdTokenError::Subject);
    }
    audience(claims, rules)
}

/// Checks `aud`.
pub(super) fn audience(claims: &Claims, rules: &Rules<'_>) -> Result<(), IdTokenError> {
    if claims.is_for(rules.client_id)? { Ok(()) } else { Err(IdTokenError::Audience) }
}

pub(crate) fn authorized_party(claims: &Claims, rules: &Rules<'_>) -> Result<(), IdTokenError> {
    match claims.text("azp")? {
        Some(azp) if azp != rules.client_id => Err(IdTokenError::AuthorizedParty),
        None if !claims.is_only_for(rules.client_id)? => Err(IdTokenError::OtherAudience),
        _ => Ok(()),
    }
}

fn nonce(claims: &Claims, rules: &Rules<'_>) -> Result<(), IdTokenError> {
    match (rules.nonce, claims.text("nonce")?) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(IdTokenError::NonceUnasked),
        (Some(_), None) => Err(IdTokenError::NonceMissing),
        (Some(sent), Some(received)) if constant_time_eq(sent, received) => Ok(()),
        (Some(_), Some(_)) => Err(IdTokenError::Nonce),
    }
}

fn auth_time(claims: &Claims, rules: &Rules<'_>) -> Result<(), IdTokenError> {
    // A wrong type is an error even if `max_age` was not requested.
    let auth_time = claims.time("auth_time")?;
    let Some(max_age) = rules.max_age else {
        return Ok(());
    };
    let auth_time = auth_time.ok_or(IdTokenError::AuthTimeMissing)?;
    let latest = auth_time.checked_add(max_age).and_then(|time| time.checked_add(rules.clock_skew));
    match latest {
        Some(latest) if latest < rules.now => Err(IdTokenError::AuthTimeOld),
        _ => Ok(()),
    }
}

/// `at_hash` is optional in the code flow (Core §3.1.3.6); if present, it must be correct.
pub(crate) fn at_hash(
    claims: &Claims,
    algorithm: Algorithm,
    rules: &Rules<'_>,
) -> Result<(), IdTokenError> {
    let (Some(hash), Some(access_token)) = (claims.text("at_hash")?, rules.access_token) else {
        return Ok(());
    };
    if constant_time_eq(hash, &jws::half_hash(algorithm, access_token)) {
        Ok(())
    } else {
        Err(IdTokenError::AtHash)
    }
}

/// `c_hash` and `s_hash`, and whether the hashes are there that must be.
fn front_channel_hashes(
    claims: &Claims,
    algorithm: Algorithm,
    rules: &Rules<'_>,
) -> Result<(), IdTokenError> {
    let Some(expected) = rules.front_channel else { return Ok(()) };
    if expected.requires_at_hash && claims.text("at_hash")?.is_none() {
        return Err(IdTokenError::HashMissing("at_hash"));
    }
    let is_hash = |hash, value| constant_time_eq(hash, &jws::half_hash(algorithm, value));
    match (claims.text("c_hash")?, expected.code) {
        (Some(hash), Some(code)) if !is_hash(hash, code) => return Err(IdTokenError::CHash),
        (None, Some(_)) => return Err(IdTokenError::HashMissing("c_hash")),
        _ => {}
    }
    match claims.text("s_hash")? {
        Some(hash) if !is_hash(hash, expected.state) => Err(IdTokenError::SHash),
        None if expected.requires_s_hash => Err(IdTokenError::HashMissing("s_hash")),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
