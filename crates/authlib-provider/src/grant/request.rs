//! What the grants without a login page have in common: `scope` (RFC 6749 §3.3), `resource` (RFC 8707
//! §2) and `audience` (RFC 8693 §2.1) are granted as they are asked for.

use authlib_core::message::Response;
use url::Url;

use crate::access::Grant;
use crate::exchange::{Fields, error, field, values};
use crate::provider::Provider;

/// The parameters that may stand several times.
pub(crate) const REPEATABLE: &[&str] = &["audience", "resource"];

/// The most names of whom tokens are for.
const MAX_TARGETS: usize = 100;

/// What `client` asks for, in the name of `sub`.
pub(crate) fn grant(
    provider: &Provider,
    client: &str,
    sub: &str,
    fields: &Fields,
) -> Result<Grant, Box<Response>> {
    Ok(Grant {
        family: provider.state().granted.new_family(),
        client: client.to_owned(),
        sub: sub.to_owned(),
        scope: field(fields, "scope").unwrap_or_default().to_owned(),
        auth_time: provider.now_seconds(),
        audience: targets(fields)?,
        ..Grant::default()
    })
}

fn targets(fields: &Fields) -> Result<Vec<String>, Box<Response>> {
    // A resource is an absolute URI without a fragment (RFC 8707 §2).
    let is_resource = |uri: &str| Url::parse(uri).is_ok_and(|url| url.fragment().is_none());
    let (resources, audiences) = (values(fields, "resource"), values(fields, "audience"));
    if resources.len() + audiences.len() > MAX_TARGETS {
        return Err(Box::new(error(400, "invalid_target", "too many resources and audiences")));
    }
    if !resources.iter().all(|uri| is_resource(uri)) {
        return Err(Box::new(error(400, "invalid_target", "a resource is an absolute URI")));
    }
    Ok([resources, audiences].concat().into_iter().map(ToOwned::to_owned).collect())
}
