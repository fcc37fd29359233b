//! OAuth 1.0a: credentials in responses, and signed requests.

use authlib_core::oauth1::{TemporaryCredentials, Token};
use authlib_core::{ClientConfig, OAuth1Client, Params, Secret};

use crate::peer::{Fixed, ISSUER, Peer, assert_short, clock, done};

fn client(peer: &Peer) -> OAuth1Client {
    let config = ClientConfig::new("op")
        .client_id("app")
        .client_secret("hush-hush")
        .request_token_url(format!("{ISSUER}/initiate"))
        .authorization_endpoint(format!("{ISSUER}/authorize"))
        .token_endpoint(format!("{ISSUER}/token"))
        .api_base_url(format!("{ISSUER}/api"));
    OAuth1Client::builder(config)
        .http_client(peer.clone())
        .clock(clock())
        .random(Fixed)
        .build()
        .unwrap()
}

/// A response with temporary credentials (RFC 5849 §2.1): confirmed, and the token that stands in it.
pub(crate) fn temporary(data: &[u8]) -> bool {
    let outcome = done(client(&Peer::json(data)).fetch_request_token("oob"));
    assert_short(&outcome);
    let Ok(temporary) = outcome else { return false };
    let Some(form) = form(data) else { return false };
    assert_eq!(form.only("oauth_token"), Ok(Some(temporary.token.expose())));
    assert_eq!(form.only("oauth_callback_confirmed"), Ok(Some("true")));
    true
}

/// A response with token credentials (RFC 5849 §2.3): no name twice, and the token that stands in it.
pub(crate) fn token(data: &[u8]) -> bool {
    let temporary = TemporaryCredentials::new("t", "s");
    let outcome = done(client(&Peer::json(data)).fetch_access_token(&temporary, &Secret::new("v")));
    assert_short(&outcome);
    let Ok(token) = outcome else { return false };
    let Some(form) = form(data) else { return false };
    assert_eq!(form.only("oauth_token"), Ok(Some(token.oauth_token.expose())));
    let mut names: Vec<_> = form.iter().map(|(name, _)| name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "a name is repeated");
    true
}

/// A body that is a form and not JSON.
fn form(data: &[u8]) -> Option<Params> {
    let text = std::str::from_utf8(data).ok()?.trim();
    (!text.starts_with('{')).then(|| Params::parse(text))
}

/// A signed request: the first line is the query, the rest the form (RFC 5849 §3.4.1). Either it is refused, or it
/// is sent as it was, with a signature.
pub(crate) fn base_string(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let (query, form) = text.split_once('\n').unwrap_or((&text, ""));
    let form = Params::parse(form);
    let peer = Peer::json(b"{}");
    let client = client(&peer);
    done(client.set_token(Token::new("t", "s"))).unwrap();
    let outcome = done(client.post("x").query(Params::parse(query)).form(form.clone()).send());
    assert_eq!(outcome.is_ok(), !peer.seen().is_empty());
    for request in peer.seen() {
        assert_eq!(Params::parse(&String::from_utf8_lossy(request.body())), form);
        let header = request.headers()["authorization"].to_str().unwrap();
        assert!(header.starts_with("OAuth ") && header.contains("oauth_signature=\""), "{header}");
        assert!(!header.contains("hush-hush"), "{header}");
    }
    outcome.is_ok()
}
