//! ID tokens (OpenID Connect Core §2).

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::sign;
use crate::fault::Fault;
use crate::response::set_member;
use crate::state::Context;
use crate::state::grants::Grant;

/// The lifetime of an ID token, in seconds.
const LIFETIME: u64 = 300;

/// An ID token for `grant`; `None` if it cannot be signed.
pub(crate) fn issue(
    context: &Context,
    grant: &Grant,
    access_token: &str,
    refreshed: bool,
) -> Option<String> {
    sign::sign(context, &grant.client, "JWT", |algorithm| {
        let mut claims = claims(context, grant);
        claims.insert("at_hash".to_owned(), half_hash(algorithm, access_token).into());
        for fault in context.faults() {
            if let (Fault::RefreshedClaim(name, value), true) = (fault, refreshed) {
                claims.insert(name, value);
            }
        }
        claims
    })
}

/// What the ID token of an authorization response is bound to (OpenID Connect Core §3.3.2.11).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound<'a> {
    pub(crate) access_token: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
}

/// The ID token of an authorization response.
pub(crate) fn issue_in_front_channel(
    context: &Context,
    grant: &Grant,
    bound: Bound<'_>,
) -> Option<String> {
    sign::sign(context, &grant.client, "JWT", |algorithm| {
        let mut claims = claims(context, grant);
        for (name, value) in
            [("at_hash", bound.access_token), ("c_hash", bound.code), ("s_hash", bound.state)]
        {
            if let Some(value) = value {
                claims.insert(name.to_owned(), half_hash(algorithm, value).into());
            }
        }
        for fault in context.faults() {
            if let Fault::FrontChannelClaim(name, value) = fault {
                set_member(&mut claims, name, value);
            }
        }
        claims
    })
}

fn claims(context: &Context, grant: &Grant) -> Map<String, Value> {
    let now = context.now_seconds();
    let mut claims = context.state().user(&grant.sub).claims_for(&grant.scope);
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("iss", context.issuer.as_str().into());
    put("aud", grant.client.as_str().into());
    put("iat", now.into());
    put("exp", (now + LIFETIME).into());
    put("auth_time", grant.auth_time.into());
    if let Some(acr) = &grant.acr {
        put("acr", acr.as_str().into());
    }
    if let Some(nonce) = &grant.nonce {
        put("nonce", nonce.as_str().into());
    }
    claims
}

/// `at_hash`, `c_hash` and `s_hash` (OpenID Connect Core §3.3.2.11).
fn half_hash(algorithm: Algorithm, value: &str) -> String {
    let name = format!("{algorithm:?}");
    let hash = if name.ends_with("256") {
        &SHA256
    } else if name.ends_with("384") {
        &SHA384
    } else {
        &SHA512
    };
    let digest = digest(hash, value.as_bytes());
    let half = digest.as_ref().chunks(digest.as_ref().len() / 2).next();
    URL_SAFE_NO_PAD.encode(half.unwrap_or_default())
}
