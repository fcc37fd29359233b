//! The user info endpoint (OpenID Connect Core §5.3).

use authlib_core::message::{Request, Response};

use crate::fault::Fault;
use crate::protocol::bearer;
use crate::response::json_response;
use crate::state::Context;

pub(crate) fn handle(context: &Context, request: &Request) -> Response {
    let (access, _) = match bearer::anywhere(context, request) {
        Ok(found) => found,
        Err(rejection) => return *rejection,
    };
    let user = context.state().user(&access.grant.sub);
    let mut claims = user.claims_for(&access.grant.scope);
    for fault in context.faults() {
        match fault {
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
