//! The device code, asked for again and again until the user has decided (RFC 8628 §3.4 and §3.5).

use std::time::Duration;

use authlib_core::message::Response;

use super::answer;
use crate::device::Decision;
use crate::exchange::{Fields, error, field};
use crate::provider::Provider;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// By how much the interval grows for who asks too often.
const SLOWER: Duration = Duration::from_secs(5);

pub(crate) fn handle(provider: &Provider, client: &str, fields: &Fields) -> Response {
    let Some(code) = field(fields, "device_code") else {
        return error(400, "invalid_request", "`device_code` is missing");
    };
    let now = provider.now();
    let mut state = provider.state();
    let Some(device) = state.granted.devices.get_mut(code) else {
        return error(400, "invalid_grant", "this device code was never given or is spent");
    };
    if device.grant.client != client {
        return error(400, "invalid_grant", "this device code was given to another client");
    }
    if device.expires_at <= now {
        return error(400, "expired_token", "this device code has expired");
    }
    match device.decision {
        Decision::Approved => {}
        Decision::Denied => return error(400, "access_denied", "the user did not allow it"),
        Decision::Pending => {
            let before = device.polled_at.replace(now);
            if before.is_some_and(|before| now < before + device.interval) {
                device.interval += SLOWER;
                return error(400, "slow_down", "the interval is five seconds longer from now on");
            }
            return error(400, "authorization_pending", "the user has not decided yet");
        }
    }
    let grant = device.grant.clone();
    state.granted.devices.remove(code);
    drop(state);
    answer::login(provider, &grant, false)
}
