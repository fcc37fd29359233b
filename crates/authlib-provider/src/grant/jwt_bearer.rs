//! A JWT of a trusted issuer as the grant (RFC 7523 §2.1 and §3).

use authlib_core::message::Response;
use serde_json::Value;

use super::{answer, request};
use crate::exchange::{Fields, error, field};
use crate::jwt;
use crate::provider::Provider;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The longest time, in seconds, that an assertion may be good for: large providers take an hour.
const MAX_LIFETIME: u64 = 3600;

/// `client` is nobody where the assertion says enough of who asks (RFC 7521 §4.1).
pub(crate) fn handle(provider: &Provider, client: Option<&str>, fields: &Fields) -> Response {
    let Some(assertion) = field(fields, "assertion") else {
        return error(400, "invalid_request", "`assertion` is missing");
    };
    let trusted = match trusted(provider, assertion) {
        Ok(trusted) => trusted,
        Err(why) => return error(400, "invalid_grant", why),
    };
    if let Some(jti) = jwt::text(&trusted.claims, "jti")
        // Not among the assertions of a client of the same name.
        && !jwt::is_fresh(provider, &format!("issuer {}", trusted.issuer), jti, trusted.expires_at)
    {
        return error(400, "invalid_grant", "this assertion was used before");
    }
    let client = client.unwrap_or(&trusted.issuer);
    let mut grant = match request::grant(provider, client, trusted.sub(), fields) {
        Ok(grant) => grant,
        Err(refusal) => return *refusal,
    };
    if grant.scope.is_empty() {
        grant.scope = jwt::text(&trusted.claims, "scope").unwrap_or_default().to_owned();
    }
    answer::access_only(provider, &grant)
}

/// A JWT that a registered issuer signed for this provider, and that is good now.
pub(crate) struct Trusted {
    pub(crate) issuer: String,
    pub(crate) claims: Value,
    expires_at: u64,
}

impl Trusted {
    /// Whom it is about; without a `sub`, its issuer.
    pub(crate) fn sub(&self) -> &str {
        jwt::text(&self.claims, "sub").unwrap_or(&self.issuer)
    }
}

pub(crate) fn trusted(provider: &Provider, assertion: &str) -> Result<Trusted, &'static str> {
    let issuer = jwt::unverified(assertion, "iss").ok_or("the JWT has no issuer")?;
    let jwks = provider.inner().issuers.get(&issuer).ok_or("the JWT's issuer is not known")?;
    let claims = jwt::signed_by(jwks, assertion).ok_or("no key of the issuer signed the JWT")?;
    if !jwt::is_for_us(provider, &claims) {
        return Err("the JWT is not for this provider");
    }
    let expires_at =
        jwt::good_until(provider, &claims, MAX_LIFETIME).ok_or("the JWT is not good now")?;
    Ok(Trusted { issuer, claims, expires_at })
}
