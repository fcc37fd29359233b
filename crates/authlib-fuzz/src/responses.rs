//! Responses of endpoints to a client with configured URLs.

use std::time::Duration;

use authlib_core::{Grant, Secret};
use http::Response;
use serde_json::Value;
use url::Url;

use crate::peer::{Peer, assert_short, config, done, now, object};

/// A token response (RFC 6749 §5.1): the token is the text that stands in it, an `error` wins, and it expires within
/// a century.
pub(crate) fn token(data: &[u8]) -> bool {
    let client = Peer::json(data).client(config());
    let outcome = done(client.fetch_token(Grant::client_credentials()));
    assert_short(&outcome);
    let Ok(token) = outcome else { return false };
    let Some(document) = object(data) else { return false };
    assert_eq!(document["access_token"], token.access_token.expose());
    assert!(document.get("error").is_none_or(|error| !error.is_string() || error == ""));
    let latest = now() + Duration::from_secs(100 * 366 * 24 * 3600);
    assert!(token.expires_at.is_none_or(|at| at <= latest), "{:?}", token.expires_at);
    true
}

/// A device authorization response (RFC 8628 §3.2): what is shown is a plain https URL, and no control character.
pub(crate) fn device(data: &[u8]) -> bool {
    let client = Peer::json(data).client(config());
    let outcome = done(client.start_device_login(None));
    assert_short(&outcome);
    let Ok(login) = outcome else { return false };
    assert!(!login.user_code().contains(char::is_control));
    for uri in [Some(login.verification_uri()), login.verification_uri_complete()] {
        let Some(uri) = uri else { continue };
        let url = Url::parse(uri).unwrap();
        assert_eq!(url.as_str(), uri, "the text is not the parsed URL");
        let is_loopback = url.scheme() == "http" && uri.is_ascii();
        assert!(url.scheme() == "https" || is_loopback, "{uri}");
        assert!(url.username().is_empty() && url.password().is_none(), "{uri}");
    }
    true
}

/// An introspection response (RFC 7662 §2.2): active only if it says so.
pub(crate) fn introspection(data: &[u8]) -> bool {
    let client = Peer::json(data).client(config());
    let outcome = done(client.introspect_token(&Secret::new("t"), None));
    assert_short(&outcome);
    let Ok(introspection) = outcome else { return false };
    let Some(document) = object(data) else { return false };
    let says = document.get("active");
    let is_true = says == Some(&Value::Bool(true)) || says.is_some_and(|says| says == "true");
    assert!(is_true || !introspection.active(), "{says:?}");
    introspection.active()
}

/// A revocation response (RFC 7009 §2.2): the first byte is the status, the rest the body.
pub(crate) fn revocation(data: &[u8]) -> bool {
    let (first, body) = data.split_first().unwrap_or((&0, &[]));
    let status = 200 + u16::from(*first) * 2;
    let response = Response::builder().status(status).header("content-type", "application/json");
    let client = Peer::new(response.body(body.to_vec()).unwrap()).with_token(config());
    let outcome = done(client.revoke_token());
    assert_short(&outcome);
    assert_eq!(outcome.is_ok(), (200..300).contains(&status), "{status}");
    outcome.is_ok()
}

/// A user info response: the user is the `sub` that stands in it, digit by digit.
pub(crate) fn userinfo(data: &[u8]) -> bool {
    let client = Peer::json(data).with_token(config());
    let outcome = done(client.userinfo());
    assert_short(&outcome);
    let Ok(user) = outcome else { return false };
    let Some(document) = object(data) else { return false };
    assert!(!user.sub().is_empty());
    match &document["sub"] {
        Value::String(sub) => assert_eq!(user.sub(), sub),
        // A number keeps its digits, which serde_json may not show.
        Value::Number(_) => assert!(user.sub().bytes().all(|b| b.is_ascii_digit() || b == b'-')),
        other => panic!("{other} identifies nobody"),
    }
    true
}
