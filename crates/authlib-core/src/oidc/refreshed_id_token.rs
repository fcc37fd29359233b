//! The ID token of a refresh answer, OpenID Connect Core 1.0 §12.2.

use crate::error::{Error, ErrorKind};
use crate::jose::JwkSet;
use crate::jose::claims::{self, ClaimError, Claims};
use crate::oidc::id_token::{self, IdTokenError, LEEWAY, Rules};
use crate::secret::constant_time_eq;

/// Why a refreshed ID token, and the access token with it, was rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshedError {
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    #[error(
        "the refreshed ID token is for another `{0}` than the login's (OpenID Connect Core §12.2)"
    )]
    Changed(&'static str),
    #[error("the refreshed ID token was issued before the login's (OpenID Connect Core §12.2)")]
    Older,
    #[error("the refreshed ID token's `nonce` is not the login's (OpenID Connect Core §12.2)")]
    Nonce,
}

impl From<ClaimError> for RefreshedError {
    fn from(cause: ClaimError) -> Self {
        Self::IdToken(cause.into())
    }
}

impl From<RefreshedError> for Error {
    fn from(check: RefreshedError) -> Self {
        Self::new(ErrorKind::InvalidIdToken, check).with_hint("the refreshed token was not kept")
    }
}

/// Validates a refreshed ID token against the claims of its login. `rules.nonce` is not used: the nonce may
/// be absent; otherwise it must be the login's.
pub(crate) fn verify(
    token: &str,
    keys: &JwkSet,
    rules: &Rules<'_>,
    login: &Claims,
) -> Result<Claims, RefreshedError> {
    let (mut claims, algorithm) = id_token::signed_claims(token, keys, rules)?;
    id_token::issuer_and_audience(&mut claims, rules)?;
    claims.required_time("exp")?;
    let iat = claims.required_time("iat")?;
    claims::check_times(&claims, rules.now, LEEWAY)?;
    let login_issuer = login.text("iss")?.map(|iss| rules.issuers.canonical(iss));
    if claims.text("iss")? != login_issuer {
        return Err(RefreshedError::Changed("iss"));
    }
    for name in ["sub", "azp"] {
        if claims.text(name)? != login.text(name)? {
            return Err(RefreshedError::Changed(name));
        }
    }
    let audiences = |claims: &[&str], others: &[&str]| claims.iter().all(|a| others.contains(a));
    let (now, then) = (claims.audience()?, login.audience()?);
    if !audiences(&now, &then) || !audiences(&then, &now) {
        return Err(RefreshedError::Changed("aud"));
    }
    if login.time("iat")?.is_some_and(|login| login > iat.checked_add(LEEWAY).unwrap_or(iat)) {
        return Err(RefreshedError::Older);
    }
    if let (Some(now), Some(then)) = (claims.time("auth_time")?, login.time("auth_time")?)
        && now != then
    {
        return Err(RefreshedError::Changed("auth_time"));
    }
    match (claims.text("nonce")?, login.text("nonce")?) {
        (Some(now), Some(then)) if !constant_time_eq(now, then) => {
            return Err(RefreshedError::Nonce);
        }
        (Some(_), None) => return Err(RefreshedError::Nonce),
        _ => {}
    }
    id_token::at_hash(&claims, algorithm, rules)?;
    Ok(claims)
}

#[cfg(test)]
#[path = "refreshed_id_token_tests.rs"]
mod tests;
