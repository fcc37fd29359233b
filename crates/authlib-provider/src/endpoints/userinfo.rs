//! The user info endpoint (OpenID Connect Core §5.3).

use authlib_core::message::{Request, Response};
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::protocol::{bearer, sign};
use crate::response::{error, json_response, respond};
use crate::state::Context;

pub(crate) fn handle(context: &Context, request: &Request) -> Response {
    let (access, _) = match bearer::anywhere(context, request) {
        Ok(found) => found,
        Err(rejection) => return *rejection,
    };
    let user = context.state().user(&access.grant.sub);
    let mut claims = user.claims_for(&access.grant.scope);
    let mut signed_with = None;
    for fault in context.faults() {
        match fault {
            Fault::UserInfo(name, value) => {
                claims.insert(name, value);
            }
            Fault::UserInfoMissing(name) => {
                claims.remove(&name);
            }
            Fault::UserInfoSigned(faults) => signed_with = Some(faults),
            _ => {}
        }
    }
    match signed_with {
        Some(faults) => signed(context, &access.grant.client, claims, &faults),
        None => json_response(200, &claims.into()),
    }
}

/// The claims as a JWT for this client (§5.3.2).
fn signed(
    context: &Context,
    client: &str,
    mut claims: Map<String, Value>,
    faults: &[Fault],
) -> Response {
    claims.insert("iss".to_owned(), context.issuer.as_str().into());
    claims.insert("aud".to_owned(), client.into());
    match sign::sign_with(context, client, "JWT", faults, |_| claims) {
        Some(jwt) => respond(200, "application/jwt", jwt),
        None => error(500, "server_error", "the user info could not be signed"),
    }
}
