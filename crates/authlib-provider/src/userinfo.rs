//! The user info endpoint (OpenID Connect Core §5.3).

use authlib_core::message::{Request, Response};

use crate::bearer;
use crate::exchange::json_response;
use crate::fault::Fault;
use crate::provider::Provider;

pub(crate) fn handle(provider: &Provider, request: &Request) -> Response {
    let access = match bearer::access(provider, request) {
        Ok(access) => access,
        Err(refusal) => return *refusal,
    };
    let user = provider.state().user(&access.grant.sub);
    let mut claims = user.claims_for(&access.grant.scope);
    for quirk in provider.quirks() {
        match quirk {
            Fault::UserInfo(name, value) => {
                claims.insert(name, value);
            }
            Fault::UserInfoMissing(name) => {
                claims.remove(&name);
            }
            _ => {}
        }
    }
    json_response(200, &claims.into())
}
