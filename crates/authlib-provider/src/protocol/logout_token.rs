//! Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4).

use serde_json::{Map, Value, json};

use super::sign;
use crate::random;
use crate::state::Context;

/// The lifetime of a logout token, in seconds.
const LIFETIME: u64 = 120;

/// A logout token for `client` with more claims; `None` if it cannot be signed.
pub(crate) fn issue(context: &Context, client: &str, more: Map<String, Value>) -> Option<String> {
    let now = context.now_seconds();
    let claims = json!({
        "iss": context.issuer, "aud": client, "iat": now, "exp": now + LIFETIME, "jti": random::token(),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    let mut claims = claims.as_object().cloned().unwrap_or_default();
    claims.extend(more);
    sign::sign(context, client, "logout+jwt", |_| claims)
}
