//! Client credentials: a token for the client itself (RFC 6749 §4.4).

use authlib_core::message::Response;

use super::{scope, token_response};
use crate::request::Fields;
use crate::response::error;
use crate::state::Context;

pub(crate) fn handle(context: &Context, client: &str, fields: &Fields) -> Response {
    if !context.client(client).is_some_and(|client| client.is_confidential()) {
        return error(400, "unauthorized_client", "a public client cannot use this grant");
    }
    match scope::grant(context, client, client, fields) {
        Ok(grant) => token_response::access_only(context, &grant),
        Err(rejection) => *rejection,
    }
}
