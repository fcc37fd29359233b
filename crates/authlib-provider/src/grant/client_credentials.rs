//! Client credentials: a client in its own name (RFC 6749 §4.4).

use authlib_core::message::Response;

use super::{answer, request};
use crate::exchange::{Fields, error};
use crate::provider::Provider;

pub(crate) fn handle(provider: &Provider, client: &str, fields: &Fields) -> Response {
    if !provider.client(client).is_some_and(|client| client.is_confidential()) {
        return error(400, "unauthorized_client", "a public client has no credentials");
    }
    match request::grant(provider, client, client, fields) {
        Ok(grant) => answer::access_only(provider, &grant),
        Err(refusal) => *refusal,
    }
}
