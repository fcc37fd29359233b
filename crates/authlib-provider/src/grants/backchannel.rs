//! A backchannel authentication request, polled until the user decides (OpenID Connect CIBA Core §10.1 and §11).

use authlib_core::message::Response;

use super::{awaited, token_response};
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;

pub(crate) const GRANT_TYPE: &str = "urn:openid:params:grant-type:ciba";

pub(crate) fn handle(context: &Context, client: &str, fields: &Fields) -> Response {
    let Some(id) = field(fields, "auth_req_id") else {
        return error(400, "invalid_request", "`auth_req_id` is missing");
    };
    let now = context.now();
    let mut state = context.state();
    let request = state.grants.backchannel.get_mut(id).map(|request| &mut request.awaited);
    let grant = match awaited::poll(request, client, now) {
        Ok(grant) => grant,
        Err(rejection) => return *rejection,
    };
    state.grants.backchannel.remove(id);
    drop(state);
    token_response::login(context, &grant)
}
