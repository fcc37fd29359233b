//! Device authorization (RFC 8628): the endpoint for devices (§3.1), and the verification page for users (§3.3).

use std::time::Duration;

use authlib_core::message::{Request, Response};
use aws_lc_rs::rand;
use http::Method;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::grants::scope;
use crate::pages;
use crate::protocol::client_auth::authenticate;
use crate::random;
use crate::request::{self, Fields, field};
use crate::response::{error, json_response, respond, set_member};
use crate::state::Context;
use crate::state::grants::{Awaited, Decision, Device};

/// How long a device may wait for its user.
const LIFETIME: Duration = Duration::from_secs(600);

/// The polling interval at first.
const INTERVAL: Duration = Duration::from_secs(5);

/// Consonants: easy to type, and unlikely to form words (§6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The device authorization endpoint (§3.1 and §3.2).
pub(crate) fn authorize(context: &Context, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(
            405,
            "invalid_request",
            "the device authorization endpoint accepts POST only",
        );
    }
    if let Some(name) = request::repeated_except(fields, scope::REPEATABLE) {
        return error(400, "invalid_request", &format!("parameter `{name}` is repeated"));
    }
    let client = match authenticate(context, request, fields) {
        Ok(client) => client,
        Err(rejection) => return *rejection,
    };
    let grant = match scope::grant(context, &client, "", fields) {
        Ok(grant) => grant,
        Err(rejection) => return *rejection,
    };
    let device_code = random::token();
    let user_code = user_code();
    let awaited = Awaited::new(grant, context.now() + LIFETIME, INTERVAL);
    let device = Device { user_code: user_code.clone(), awaited };
    context.state().grants.devices.insert(device_code.clone(), device);
    json_response(200, &response(context, &device_code, &user_code))
}

fn response(context: &Context, device_code: &str, user_code: &str) -> Value {
    let page = context.url("device");
    let mut response = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": LIFETIME.as_secs(),
        "interval": INTERVAL.as_secs(),
    });
    for fault in context.faults() {
        if let (Fault::Device(name, value), Some(members)) = (fault, response.as_object_mut()) {
            set_member(members, name, value);
        }
    }
    response
}

/// The verification page (§3.3).
pub(crate) fn page(context: &Context, request: &Request, fields: &Fields) -> Response {
    let code = field(fields, "user_code").unwrap_or_default();
    if request.method() == Method::GET {
        let device = context.state().grants.device(code, context.now()).cloned();
        let client =
            device.as_ref().and_then(|device| context.client(&device.awaited.grant.client));
        let scope = device.map(|device| device.awaited.grant.scope).unwrap_or_default();
        let requested = client.map(|client| (client.name.clone(), scope));
        return pages::device(requested, code, &pages::SuggestedUser::new(context, None));
    }
    if request.method() != Method::POST {
        return respond(405, "text/plain", "this page accepts GET and POST only\n");
    }
    if field(fields, "decision") != Some("allow") {
        return if decide(context, code, None) {
            pages::message(
                "Device not connected",
                "You denied the request. You can close this page.",
            )
        } else {
            unknown()
        };
    }
    let user = request::entered(fields, "username");
    if user.is_empty() {
        return pages::missing_user_name();
    }
    if !decide(context, code, Some(&user)) {
        return unknown();
    }
    context.state().set_display_name(&user, &request::entered(fields, "display_name"));
    pages::message("Device connected", "Continue on your device. You can close this page.")
}

fn unknown() -> Response {
    pages::problem(
        "No device is waiting with this code. It may have expired: start again on your device.",
    )
}

/// Records the decision of `user` about the device with this code; `None` denies. Returns whether a device is
/// waiting.
pub(crate) fn decide(context: &Context, user_code: &str, user: Option<&str>) -> bool {
    let (now, seconds) = (context.now(), context.now_seconds());
    let mut state = context.state();
    let sub = user.map(|user| state.user(user).sub);
    let Some(device) = state.grants.device(user_code, now) else { return false };
    let awaited = &mut device.awaited;
    awaited.decision = if sub.is_some() { Decision::Approved } else { Decision::Denied };
    awaited.grant.sub = sub.unwrap_or_default();
    awaited.grant.auth_time = seconds;
    true
}

/// Eight letters in two groups, such as `WDJB-MJHT`.
fn user_code() -> String {
    let letters: Vec<char> = (0..8).map(|_| letter()).collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

fn letter() -> char {
    let mut byte = [0];
    loop {
        // If the random source fails, the device code is empty and never accepted.
        if rand::fill(&mut byte).is_err() {
            return 'X';
        }
        // 240 is twelve times 20: larger values would make some letters more likely.
        let index = usize::from(byte[0] % 20);
        if let (true, Some(letter)) = (byte[0] < 240, LETTERS.get(index)) {
            return char::from(*letter);
        }
    }
}
