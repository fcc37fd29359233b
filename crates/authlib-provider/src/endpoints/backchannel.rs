//! Backchannel authentication (OpenID Connect CIBA Core): the endpoint (§7), the user's decision, and the ping (§10.2).

use std::time::Duration;

use authlib_core::message::{Request, Response};
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;

use crate::fault::Fault;
use crate::grants::scope;
use crate::protocol::client_auth::authenticate;
use crate::protocol::verify::unverified;
use crate::random;
use crate::request::{self, Fields, field};
use crate::response::{error, json_response, set_member};
use crate::state::Context;
use crate::state::grants::{Awaited, BackchannelRequest, Decision};

/// The longest lifetime of a request, and that of a request without `requested_expiry`.
const LIFETIME: Duration = Duration::from_secs(600);

/// The polling interval at first.
const INTERVAL: Duration = Duration::from_secs(5);

/// The longest `binding_message`, in characters.
const MAX_BINDING_MESSAGE: usize = 64;

/// `backchannel_token_delivery_modes_supported` of the discovery document (§4).
pub(crate) const DELIVERY_MODES: &[&str] = &["poll", "ping"];

/// The backchannel authentication endpoint (§7.1 to §7.3, errors by §13).
pub(crate) fn authenticate_user(context: &Context, request: &Request, fields: &Fields) -> Response {
    match requested(context, request, fields) {
        Ok(record) => {
            let expires_in = record.awaited.expires_at.duration_since(context.now());
            let id = random::token();
            context.state().grants.backchannel.insert(id.clone(), record);
            let mut response = json!({
                "auth_req_id": id,
                "expires_in": expires_in.unwrap_or_default().as_secs(),
                "interval": INTERVAL.as_secs(),
            });
            for fault in context.faults() {
                if let (Fault::Backchannel(name, value), Some(members)) =
                    (fault, response.as_object_mut())
                {
                    set_member(members, name, value);
                }
            }
            json_response(200, &response)
        }
        Err(rejection) => *rejection,
    }
}

fn requested(
    context: &Context,
    request: &Request,
    fields: &Fields,
) -> Result<BackchannelRequest, Box<Response>> {
    let reject = |code: &str, text: &str| Err(Box::new(error(400, code, text)));
    if request.method() != Method::POST {
        let text = "the backchannel authentication endpoint accepts POST only";
        return Err(Box::new(error(405, "invalid_request", text)));
    }
    if let Some(name) = request::repeated_except(fields, scope::REPEATABLE) {
        return reject("invalid_request", &format!("parameter `{name}` is repeated"));
    }
    let client = authenticate(context, request, fields)?;
    let hints: Vec<_> = ["login_hint", "login_hint_token", "id_token_hint"]
        .into_iter()
        .filter_map(|name| Some((name, field(fields, name)?)))
        .collect();
    let [(kind, hint)] = hints[..] else {
        return reject("invalid_request", "the request needs exactly one hint");
    };
    let subject = match kind {
        "id_token_hint" => unverified(hint, "sub"),
        _ => Some(hint.to_owned()),
    };
    let Some(user) = subject else {
        return reject("unknown_user_id", "the hint names no user");
    };
    let sub = context.state().user(&user).sub;
    let grant = scope::grant(context, &client, &sub, fields)?;
    if !grant.scope.split(' ').any(|scope| scope == "openid") {
        return reject("invalid_scope", "`openid` is missing");
    }
    if field(fields, "binding_message").is_some_and(is_unsuitable) {
        return reject("invalid_binding_message", "the message is too long, or not plain text");
    }
    let lifetime = match field(fields, "requested_expiry").map(str::parse) {
        None => LIFETIME,
        Some(Ok(seconds)) if seconds > 0 => Duration::from_secs(seconds).min(LIFETIME),
        Some(_) => return reject("invalid_request", "`requested_expiry` is no positive number"),
    };
    let endpoint = context.client(&client).and_then(|client| client.notification_endpoint);
    let token = field(fields, "client_notification_token").map(ToOwned::to_owned);
    let ping = match (endpoint, token) {
        (Some(_), None) => {
            return reject("invalid_request", "`client_notification_token` is missing");
        }
        (Some(endpoint), Some(token)) => Some((token, endpoint)),
        (None, _) => None,
    };
    let awaited = Awaited::new(grant, context.now() + lifetime, INTERVAL);
    Ok(BackchannelRequest { awaited, ping })
}

fn is_unsuitable(message: &str) -> bool {
    message.chars().count() > MAX_BINDING_MESSAGE || message.chars().any(char::is_control)
}

/// Records the decision of `user` about all requests to this user. Returns the pings for clients in ping mode; `None` if
/// there is no request.
pub(crate) fn decide(context: &Context, user: &str, decision: Decision) -> Option<Vec<Request>> {
    let (now, seconds) = (context.now(), context.now_seconds());
    let faults = context.faults();
    let mut state = context.state();
    let sub = state.user(user).sub;
    let mut pings = Vec::new();
    let mut is_asked = false;
    for (id, request) in &mut state.grants.backchannel {
        let awaited = &mut request.awaited;
        if awaited.grant.sub != sub || !awaited.is_waiting(now) {
            continue;
        }
        is_asked = true;
        awaited.decision = decision;
        awaited.grant.auth_time = seconds;
        pings.extend(request.ping.as_ref().and_then(|(token, url)| ping(id, token, url, &faults)));
    }
    is_asked.then_some(pings)
}

/// The request to a client's notification endpoint (§10.2).
fn ping(id: &str, token: &str, url: &str, faults: &[Fault]) -> Option<Request> {
    let mut token = token.to_owned();
    let mut body = json!({ "auth_req_id": id });
    for fault in faults {
        match (fault, body.as_object_mut()) {
            (Fault::Ping(name, value), Some(members)) => {
                set_member(members, name.clone(), value.clone());
            }
            (Fault::PingToken(other), _) => token.clone_from(other),
            _ => {}
        }
    }
    http::Request::post(url)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string().into())
        .ok()
}
