//! JWT bearer assertions of a trusted issuer (RFC 7523 §2.1 and §3).

use authlib_core::message::Response;
use serde_json::Value;

use super::{scope, token_response};
use crate::protocol::verify;
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The longest accepted lifetime of an assertion, in seconds: one hour, as at large providers.
const MAX_LIFETIME: u64 = 3600;

/// `client` is `None` if the assertion alone authenticates the client (RFC 7521 §4.1).
pub(crate) fn handle(context: &Context, client: Option<&str>, fields: &Fields) -> Response {
    let Some(assertion) = field(fields, "assertion") else {
        return error(400, "invalid_request", "`assertion` is missing");
    };
    let trusted = match trusted(context, assertion) {
        Ok(trusted) => trusted,
        Err(reason) => return error(400, "invalid_grant", reason),
    };
    if let Some(jti) = verify::text(&trusted.claims, "jti")
        // Kept apart from the client assertions of a client with the same name.
        && !verify::is_first_use(context, &format!("issuer {}", trusted.issuer), jti, trusted.expires_at)
    {
        return error(400, "invalid_grant", "this assertion was used before");
    }
    let client = client.unwrap_or(&trusted.issuer);
    let mut grant = match scope::grant(context, client, trusted.sub(), fields) {
        Ok(grant) => grant,
        Err(rejection) => return *rejection,
    };
    if grant.scope.is_empty() {
        grant.scope = verify::text(&trusted.claims, "scope").unwrap_or_default().to_owned();
    }
    token_response::access_only(context, &grant)
}

/// A valid JWT of a trusted issuer for this provider.
pub(crate) struct TrustedJwt {
    pub(crate) issuer: String,
    pub(crate) claims: Value,
    expires_at: u64,
}

impl TrustedJwt {
    /// The subject; without a `sub`, the issuer.
    pub(crate) fn sub(&self) -> &str {
        verify::text(&self.claims, "sub").unwrap_or(&self.issuer)
    }
}

pub(crate) fn trusted(context: &Context, assertion: &str) -> Result<TrustedJwt, &'static str> {
    let issuer = verify::unverified(assertion, "iss").ok_or("the JWT has no issuer")?;
    let jwks = context.assertion_issuers.get(&issuer).ok_or("the JWT's issuer is not trusted")?;
    let claims =
        verify::signed_by(jwks, assertion).ok_or("the JWT is not signed by a key of its issuer")?;
    if !verify::has_our_audience(context, &claims) {
        return Err("`aud` of the JWT is not this provider");
    }
    let expires_at = verify::valid_until(context, &claims, MAX_LIFETIME)
        .ok_or("the JWT is expired, not yet valid, or valid for too long")?;
    Ok(TrustedJwt { issuer, claims, expires_at })
}
