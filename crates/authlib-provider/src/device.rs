//! Device authorization (RFC 8628): the endpoint that a device asks (§3.1), and the page on which its
//! user says yes or no (§3.3).

use std::time::{Duration, SystemTime};

use authlib_core::message::{Request, Response};
use aws_lc_rs::rand;
use http::Method;
use serde_json::{Value, json};

use crate::access::Grant;
use crate::authentication::authenticated;
use crate::discovery::set;
use crate::exchange::{self, Fields, error, field, json_response};
use crate::fault::Fault;
use crate::grant::request;
use crate::pages;
use crate::provider::{Provider, unguessable};

/// How long a device may wait for its user.
const LIFETIME: Duration = Duration::from_secs(600);

/// How long a device waits between two questions, at first.
const INTERVAL: Duration = Duration::from_secs(5);

/// Easy to type, and no words (§6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A device that waits.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) user_code: String,
    /// What it asks for; the `sub` is the user's once there is one.
    pub(crate) grant: Grant,
    pub(crate) decision: Decision,
    pub(crate) expires_at: SystemTime,
    pub(crate) interval: Duration,
    pub(crate) polled_at: Option<SystemTime>,
}

/// What the user said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Approved,
    Denied,
    Pending,
}

/// The device authorization endpoint (§3.1 and §3.2).
pub(crate) fn authorize(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "the device authorization endpoint takes POST only");
    }
    if let Some(name) = exchange::repeated_but(fields, request::REPEATABLE) {
        return error(400, "invalid_request", &format!("`{name}` stands there twice"));
    }
    let client = match authenticated(provider, request, fields) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    let grant = match request::grant(provider, &client, "", fields) {
        Ok(grant) => grant,
        Err(refusal) => return *refusal,
    };
    let device_code = unguessable();
    let user_code = user_code();
    let device = Device {
        user_code: user_code.clone(),
        grant,
        decision: Decision::Pending,
        expires_at: provider.now() + LIFETIME,
        interval: INTERVAL,
        polled_at: None,
    };
    provider.state().granted.devices.insert(device_code.clone(), device);
    json_response(200, &answer(provider, &device_code, &user_code))
}

fn answer(provider: &Provider, device_code: &str, user_code: &str) -> Value {
    let page = format!("{}{}", provider.issuer().trim_end_matches('/'), provider.path("device"));
    let mut answer = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": LIFETIME.as_secs(),
        "interval": INTERVAL.as_secs(),
    });
    for quirk in provider.quirks() {
        if let (Fault::Device(name, value), Some(members)) = (quirk, answer.as_object_mut()) {
            set(members, name, value);
        }
    }
    answer
}

/// The page of the user (§3.3).
pub(crate) fn page(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    let code = field(fields, "user_code").unwrap_or_default();
    if request.method() == Method::GET {
        let waiting = waiting(provider, code);
        let client = waiting.as_ref().and_then(|device| provider.client(&device.grant.client));
        let scope = waiting.map(|device| device.grant.scope).unwrap_or_default();
        let asking = client.map(|client| (client.name.clone(), scope));
        return pages::device(asking, code, &pages::Person::suggested(provider, None));
    }
    if request.method() != Method::POST {
        return exchange::respond(405, "text/plain", "GET and POST only\n");
    }
    if field(fields, "decision") != Some("allow") {
        return match decide(provider, code, None) {
            true => pages::device_done("The device was refused", "It gets nothing."),
            false => unknown(),
        };
    }
    let user = exchange::written(fields, "username");
    if user.is_empty() {
        return pages::problem("A user name is needed.");
    }
    if !decide(provider, code, Some(&user)) {
        return unknown();
    }
    provider.state().name(&user, &exchange::written(fields, "display_name"));
    pages::device_done("The device is connected", "You can go on there, and close this page.")
}

fn unknown() -> Response {
    pages::problem("No device waits with this code. It may have expired: look there for a new one.")
}

/// Lets `user`, or nobody, allow what the device with this code asks for. `false` if none waits.
pub(crate) fn decide(provider: &Provider, user_code: &str, user: Option<&str>) -> bool {
    let (now, seconds) = (provider.now(), provider.now_seconds());
    let mut state = provider.state();
    let sub = user.map(|user| state.user(user).sub);
    let mut devices = state.granted.devices.values_mut();
    let Some(device) = devices.find(|device| device.is_waiting(user_code, now)) else {
        return false;
    };
    device.decision = if sub.is_some() { Decision::Approved } else { Decision::Denied };
    device.grant.sub = sub.unwrap_or_default();
    device.grant.auth_time = seconds;
    true
}

fn waiting(provider: &Provider, user_code: &str) -> Option<Device> {
    let now = provider.now();
    let state = provider.state();
    state.granted.devices.values().find(|device| device.is_waiting(user_code, now)).cloned()
}

impl Device {
    /// Whether it waits with this code. The letter case and what stands between the letters don't
    /// count (§6.1).
    fn is_waiting(&self, user_code: &str, now: SystemTime) -> bool {
        let letters = |code: &str| -> String {
            let letters = code.chars().filter(char::is_ascii_alphabetic);
            letters.map(|letter| letter.to_ascii_uppercase()).collect()
        };
        self.decision == Decision::Pending
            && self.expires_at > now
            && letters(user_code) == letters(&self.user_code)
    }
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
        // Where the machine has no randomness the device code is empty, and never accepted.
        if rand::fill(&mut byte).is_err() {
            return 'X';
        }
        // 240 is twelve times 20: what is beyond would make some letters likelier.
        let index = usize::from(byte[0] % 20);
        if let (true, Some(letter)) = (byte[0] < 240, LETTERS.get(index)) {
            return char::from(*letter);
        }
    }
}
