//! `scope` (RFC 6749 §3.3), `resource` (RFC 8707 §2) and `audience` (RFC 8693 §2.1) of the grants without a login
//! page: granted as requested.

use authlib_core::message::Response;
use url::Url;

use crate::request::{Fields, field, values};
use crate::response::error;
use crate::state::Context;
use crate::state::grants::Grant;

/// The parameters that may be repeated.
pub(crate) const REPEATABLE: &[&str] = &["audience", "resource"];

/// The most resources and audiences of a request.
const MAX_TARGETS: usize = 100;

/// The grant that `client` requests for `sub`.
pub(crate) fn grant(
    context: &Context,
    client: &str,
    sub: &str,
    fields: &Fields,
) -> Result<Grant, Box<Response>> {
    Ok(Grant {
        family: context.state().grants.new_family(),
        client: client.to_owned(),
        sub: sub.to_owned(),
        scope: field(fields, "scope").unwrap_or_default().to_owned(),
        auth_time: context.now_seconds(),
        audience: targets(fields)?,
        ..Grant::default()
    })
}

pub(crate) fn targets(fields: &Fields) -> Result<Vec<String>, Box<Response>> {
    // A resource is an absolute URI without a fragment (RFC 8707 §2).
    let is_resource = |uri: &str| Url::parse(uri).is_ok_and(|url| url.fragment().is_none());
    let (resources, audiences) = (values(fields, "resource"), values(fields, "audience"));
    if resources.len() + audiences.len() > MAX_TARGETS {
        return Err(Box::new(error(400, "invalid_target", "too many resources and audiences")));
    }
    if !resources.iter().all(|uri| is_resource(uri)) {
        return Err(Box::new(error(
            400,
            "invalid_target",
            "a resource must be an absolute URI without a fragment",
        )));
    }
    Ok([resources, audiences].concat().into_iter().map(ToOwned::to_owned).collect())
}
