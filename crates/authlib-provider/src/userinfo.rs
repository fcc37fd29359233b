//! The user info endpoint (OpenID Connect Core §5.3).

use authlib_core::message::{Request, Response};
use http::header;

use crate::access::Access;
use crate::exchange::{self, error, json_response};
use crate::provider::Provider;
use crate::quirk::Quirk;

pub(crate) fn handle(provider: &Provider, request: &Request) -> Response {
    let access = match bearer(provider, request) {
        Ok(access) => access,
        Err(refusal) => return *refusal,
    };
    let user = provider.state().user(&access.grant.sub);
    let mut claims = user.claims_for(&access.grant.scope);
    for quirk in provider.quirks() {
        match quirk {
            Quirk::UserInfo(name, value) => {
                claims.insert(name, value);
            }
            Quirk::UserInfoMissing(name) => {
                claims.remove(&name);
            }
            _ => {}
        }
    }
    json_response(200, &claims.into())
}

/// The bearer token in the header (RFC 6750 §2.1).
pub(crate) fn bearer_token(request: &Request) -> Option<&str> {
    let header = exchange::header(request, "authorization")?;
    exchange::credentials(header, "bearer").filter(|token| !token.is_empty())
}

/// The grant of the bearer token in the header.
pub(crate) fn bearer(provider: &Provider, request: &Request) -> Result<Access, Box<Response>> {
    let header = exchange::header(request, "authorization").unwrap_or_default();
    let token = exchange::credentials(header, "bearer").unwrap_or_default();
    let known = provider.state().granted.access.get(token).cloned();
    let access = known.filter(|_| !token.is_empty());
    access.filter(|access| access.expires_at > provider.now()).ok_or_else(|| {
        let mut response =
            error(401, "invalid_token", "the access token is unknown or has expired");
        let challenge = "Bearer error=\"invalid_token\"";
        exchange::set(&mut response, header::WWW_AUTHENTICATE, challenge);
        Box::new(response)
    })
}
