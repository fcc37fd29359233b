//! The device code, polled until the user decides (RFC 8628 §3.4 and §3.5).

use std::time::Duration;

use authlib_core::message::Response;

use super::token_response;
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;
use crate::state::grants::Decision;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// By how much the interval grows if the device polls too often.
const SLOWER: Duration = Duration::from_secs(5);

pub(crate) fn handle(context: &Context, client: &str, fields: &Fields) -> Response {
    let Some(code) = field(fields, "device_code") else {
        return error(400, "invalid_request", "`device_code` is missing");
    };
    let now = context.now();
    let mut state = context.state();
    let Some(device) = state.grants.devices.get_mut(code) else {
        return error(400, "invalid_grant", "this device code is unknown or was already used");
    };
    if device.grant.client != client {
        return error(400, "invalid_grant", "this device code was issued to another client");
    }
    if device.expires_at <= now {
        return error(400, "expired_token", "this device code has expired");
    }
    match device.decision {
        Decision::Approved => {}
        Decision::Denied => return error(400, "access_denied", "the user denied the request"),
        Decision::Pending => {
            let before = device.polled_at.replace(now);
            if before.is_some_and(|before| now < before + device.interval) {
                device.interval += SLOWER;
                return error(400, "slow_down", "the interval was increased by 5 seconds");
            }
            return error(400, "authorization_pending", "the user has not decided yet");
        }
    }
    let grant = device.grant.clone();
    state.grants.devices.remove(code);
    drop(state);
    token_response::login(context, &grant)
}
