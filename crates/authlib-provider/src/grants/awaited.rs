//! The poll of a request that waits for its user (RFC 8628 §3.5, OpenID Connect CIBA Core §11).

use std::time::{Duration, SystemTime};

use authlib_core::message::Response;

use crate::response::error;
use crate::state::grants::{Awaited, Decision, Grant};

/// By how much the interval grows if the client polls too often.
const SLOWER: Duration = Duration::from_secs(5);

/// The grant of a request of this client that its user has approved; otherwise the response to the poll.
pub(crate) fn poll(
    awaited: Option<&mut Awaited>,
    client: &str,
    now: SystemTime,
) -> Result<Grant, Box<Response>> {
    let reject = |code: &str, text: &str| Err(Box::new(error(400, code, text)));
    let Some(awaited) = awaited else {
        return reject("invalid_grant", "this request is unknown or was already used");
    };
    if awaited.grant.client != client {
        return reject("invalid_grant", "this request is another client's");
    }
    if awaited.expires_at <= now {
        return reject("expired_token", "this request has expired");
    }
    match awaited.decision {
        Decision::Approved => Ok(awaited.grant.clone()),
        Decision::Denied => reject("access_denied", "the user denied the request"),
        Decision::Pending => {
            let before = awaited.polled_at.replace(now);
            if before.is_some_and(|before| now < before + awaited.interval) {
                awaited.interval += SLOWER;
                return reject("slow_down", "the interval was increased by 5 seconds");
            }
            reject("authorization_pending", "the user has not decided yet")
        }
    }
}
