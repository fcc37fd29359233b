//! The device code, polled until the user decides (RFC 8628 §3.4 and §3.5).

use authlib_core::message::Response;

use super::{awaited, token_response};
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(crate) fn handle(context: &Context, client: &str, fields: &Fields) -> Response {
    let Some(code) = field(fields, "device_code") else {
        return error(400, "invalid_request", "`device_code` is missing");
    };
    let now = context.now();
    let mut state = context.state();
    let device = state.grants.devices.get_mut(code).map(|device| &mut device.awaited);
    let grant = match awaited::poll(device, client, now) {
        Ok(grant) => grant,
        Err(rejection) => return *rejection,
    };
    state.grants.devices.remove(code);
    drop(state);
    token_response::login(context, &grant)
}
