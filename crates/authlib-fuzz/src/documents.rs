//! Documents from which a client gets URLs: provider metadata and registrations.

use authlib_core::oauth2::ClientMetadata;
use authlib_core::{AuthorizeOptions, ClientConfig, Grant, Registration, Secret};
use http::Uri;
use serde_json::{Map, Value};

use crate::peer::{ISSUER, Peer, assert_short, done, object};

/// A metadata document (RFC 8414 §2): its issuer is the expected one, and every request goes by https to a host
/// that a plain reader of RFC 3986 finds in the document too.
pub(crate) fn metadata(data: &[u8]) -> bool {
    let peer = Peer::json(data);
    let config = ClientConfig::new("op").client_id("app").client_secret("hush-hush").issuer(ISSUER);
    let client = peer.client(config.redirect_uri("https://app.example/authorize/op"));
    let started = done(client.create_authorization_url(AuthorizeOptions::new()));
    assert_short(&started);
    assert_short(&done(client.fetch_token(Grant::client_credentials())));
    assert_short(&done(client.start_device_login(None)));
    assert_short(&done(client.introspect_token(&Secret::new("t"), None)));
    let accepted = started.is_ok();
    let url = started.ok().map(|(url, _)| url.as_str().parse::<Uri>().unwrap());
    let requests = peer.seen().into_iter().map(|request| request.uri().clone());
    // An integer of any length is accepted, but not by serde_json.
    let Some(document) = object(data) else { return false };
    for uri in requests.chain(url).filter(|uri| !uri.path().starts_with("/.well-known/")) {
        assert_eq!(document.get("issuer"), Some(&ISSUER.into()), "{uri}");
        assert_is_in(&uri, &document);
    }
    accepted
}

/// A registration response (RFC 7591 §3.2.1): the client is the one that it names, and the registration access token
/// is sent to the URL that it names.
pub(crate) fn registration(data: &[u8]) -> bool {
    let peer = Peer::json(data);
    let registration = Registration::at_endpoint("https://op.example/register").unwrap();
    let registration = registration.http_client(peer.clone());
    let outcome = done(registration.register(&ClientMetadata::new()));
    assert_short(&outcome);
    let Ok(client) = outcome else { return false };
    let Some(document) = object(data) else { return false };
    assert_eq!(document.get("client_id"), Some(&client.client_id.as_str().into()));
    assert_short(&done(registration.read(&client)));
    for request in peer.seen().iter().skip(1) {
        assert_is_in(request.uri(), &document);
    }
    true
}

/// Fails unless a member of the document is a URL of this host.
fn assert_is_in(uri: &Uri, document: &Map<String, Value>) {
    assert_eq!(uri.scheme_str(), Some("https"), "{uri}");
    let host = uri.host().expect("a host");
    let texts = document.values().filter_map(Value::as_str);
    // Others than plain ASCII hosts are rewritten (IDNA, percent-encoding, IPv4 in other notations).
    let plain = |text: &str| text.is_ascii() && !text.contains('%');
    let is_number = host.starts_with(|c: char| c.is_ascii_digit() || c == '[');
    let found = texts.clone().any(|text| host_of(text).is_some_and(|h| h == host));
    let is_other = texts.clone().any(|text| !plain(text)) || is_number;
    assert!(found || is_other, "{uri} is not in the document");
}

/// The host of an absolute https URL (RFC 3986 §3.2).
fn host_of(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.split(':').next()?;
    let is_plain = scheme.eq_ignore_ascii_case("https") && !authority.contains('@');
    is_plain.then(|| host.to_ascii_lowercase()).filter(|host| !host.is_empty())
}
