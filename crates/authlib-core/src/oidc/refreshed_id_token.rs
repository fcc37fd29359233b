//! The ID token of a refresh response, OpenID Connect Core 1.0 §12.2.

use crate::error::{Error, ErrorKind};
use crate::jose::JwkSet;
use crate::jose::claims::{self, ClaimError, Claims};
use crate::oidc::id_token::{self, IdTokenError, Rules, SignedIdToken};
use crate::secret::constant_time_eq;

/// Why a refreshed ID token, and with it the whole response, is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshedError {
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    #[error(
        "the refreshed ID token is for another `{0}` than the login's (OpenID Connect Core §12.2)"
    )]
    Changed(&'static str),
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
        Self::new(ErrorKind::InvalidIdToken, check).with_hint(
            "the response was not used and the login has ended: the user must log in again; if this happens \
             to every user, report it to the provider",
        )
    }
}

/// What else is wrong with a refreshed ID token. The response is used, and the login keeps its own ID token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshedWarning {
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    #[error(
        "the refreshed ID token is for another `{0}` than the login's (OpenID Connect Core §12.2)"
    )]
    Changed(&'static str),
    #[error("the refreshed ID token was issued before the login's (OpenID Connect Core §12.2)")]
    Older,
}

impl From<ClaimError> for RefreshedWarning {
    fn from(cause: ClaimError) -> Self {
        Self::IdToken(cause.into())
    }
}

/// Validates a refreshed ID token against the claims of its login. Signature, `iss`, `sub`, `aud` and `nonce`
/// must be right: they prove that the tokens are this user's. Anything else is a warning, because the
/// refresh token is used up and the user would lose the login. `rules.nonce` is not used: the nonce may
/// be absent; otherwise it must be the login's.
pub(crate) fn verify(
    token: &str,
    keys: &JwkSet,
    rules: &Rules<'_>,
    login: &Claims,
) -> Result<Option<RefreshedWarning>, RefreshedError> {
    let mut signed = id_token::signed(token, keys, rules)?;
    id_token::issuer(&mut signed.claims, rules)?;
    let claims = &signed.claims;
    let login_issuer = login.text("iss")?.map(|iss| rules.issuers.canonical(iss));
    if claims.text("iss")? != login_issuer {
        return Err(RefreshedError::Changed("iss"));
    }
    id_token::subject_and_audience(claims, rules)?;
    if claims.text("sub")? != login.text("sub")? {
        return Err(RefreshedError::Changed("sub"));
    }
    let audiences = |claims: &[&str], others: &[&str]| claims.iter().all(|a| others.contains(a));
    let (now, then) = (claims.audience()?, login.audience()?);
    if !audiences(&now, &then) || !audiences(&then, &now) {
        return Err(RefreshedError::Changed("aud"));
    }
    match (claims.text("nonce")?, login.text("nonce")?) {
        (Some(now), Some(then)) if !constant_time_eq(now, then) => {
            return Err(RefreshedError::Nonce);
        }
        (Some(_), None) => return Err(RefreshedError::Nonce),
        _ => {}
    }
    Ok(check_rest(&signed, rules, login).err())
}

fn check_rest(
    signed: &SignedIdToken,
    rules: &Rules<'_>,
    login: &Claims,
) -> Result<(), RefreshedWarning> {
    let claims = &signed.claims;
    id_token::token_type(signed)?;
    claims.required_time("exp")?;
    let iat = claims.required_time("iat")?;
    claims::check_times(claims, rules.now, rules.clock_skew)?;
    id_token::authorized_party(claims, rules)?;
    if claims.text("azp")? != login.text("azp")? {
        return Err(RefreshedWarning::Changed("azp"));
    }
    let latest = iat.checked_add(rules.clock_skew).unwrap_or(iat);
    if login.time("iat")?.is_some_and(|login| login > latest) {
        return Err(RefreshedWarning::Older);
    }
    // GitLab and other servers on Doorkeeper send the time of the latest sign-in on any device.
    if let (Some(now), Some(then)) = (claims.time("auth_time")?, login.time("auth_time")?)
        && now != then
    {
        return Err(RefreshedWarning::Changed("auth_time"));
    }
    Ok(id_token::at_hash(claims, signed.algorithm, rules)?)
}

#[cfg(test)]
#[path = "refreshed_id_token_tests.rs"]
mod tests;
