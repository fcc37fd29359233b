//! Authorization responses: the callback's query, the whole request, and a fragment.

use authlib_core::adapter::{LoginCallback, RequestContext};
use authlib_core::login::SessionState;
use authlib_core::oauth2::token_from_fragment;
use authlib_core::{AuthorizeOptions, Params, Secret};
use http::Method;

use crate::peer::{Peer, assert_short, config, done, now};

/// The `state` of every login here: the base64url of 32 bytes, all 7.
pub(crate) const STATE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

/// A callback's query (RFC 6749 §4.1.2): a code is redeemed only if it stands there once, with the right `state` and
/// without an `error`.
pub(crate) fn callback(data: &[u8]) -> bool {
    let peer = Peer::json(br#"{"access_token":"t","token_type":"Bearer"}"#);
    let client = peer.client(config());
    let (_, pending) = done(client.create_authorization_url(AuthorizeOptions::new())).unwrap();
    let params = Params::parse(&String::from_utf8_lossy(data));
    let outcome = done(client.fetch_access_token(pending, &params));
    assert_short(&outcome);
    let redeemed = peer.seen().iter().any(|request| request.uri().path() == "/token");
    let has_code = params.only("code").is_ok_and(|code| code.is_some_and(|code| !code.is_empty()));
    let may = params.only("state") == Ok(Some(STATE)) && has_code && !params.contains("error");
    assert!(may || !redeemed);
    redeemed
}

/// A callback request: the first line is the method, the query, `Content-Type` and `Sec-Fetch-Site`, separated by
/// tabs; the rest is the body. Without a pending login nothing is redeemed, and pages hold no markup of the request. The accepted input
/// is one that is answered with the page that posts it once more.
pub(crate) fn callback_request(data: &[u8]) -> bool {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (head, body) = data.split_at(end);
    let Ok(head) = std::str::from_utf8(head) else { return false };
    let mut fields = head.split('\t');
    let method = Method::from_bytes(fields.next().unwrap_or_default().as_bytes());
    let query = fields.next();
    let (content_type, site) = (fields.next(), fields.next());
    let header = |name: &str| match name {
        "content-type" => content_type,
        "sec-fetch-site" => site,
        _ => None,
    };
    let request = RequestContext::new(method.unwrap_or_default(), "/authorize/op", query, header);
    let peer = Peer::json(br#"{"access_token":"t","token_type":"Bearer"}"#);
    let client = peer.client(config());
    let session = Empty;
    let read =
        done(LoginCallback::read(client, session, &request, body.get(1..).unwrap_or_default()));
    let error = match read {
        Ok(callback) => match done(callback.complete()) {
            Ok(_) => panic!("a login without a pending one"),
            Err(error) => error.into(),
        },
        Err(error) => error,
    };
    assert!(peer.seen().is_empty());
    let page = error.response(Some(&request));
    let body = String::from_utf8_lossy(page.body());
    assert_plain(&body);
    page.status().is_success()
}

/// A session without a pending login.
struct Empty;

impl authlib_core::login::Session for Empty {
    async fn load(&self) -> authlib_core::Result<Option<SessionState>> {
        Ok(None)
    }

    async fn save(&self, _: &SessionState) -> authlib_core::Result<()> {
        Ok(())
    }

    async fn renew(&self) -> authlib_core::Result<()> {
        Ok(())
    }
}

/// Fails if a page has another element than those of this library's pages.
fn assert_plain(page: &str) {
    const KNOWN: [&str; 20] = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "main", "h1", "p", "a",
        "form", "input", "noscript", "button", "script", "br", "code", "div", "small",
    ];
    for element in page.split('<').skip(1) {
        let name = element.trim_start_matches('/');
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '!').unwrap_or(name.len());
        assert!(KNOWN.contains(&name[..end].to_ascii_lowercase().as_str()), "<{element}");
    }
}

/// The fragment of an implicit grant (RFC 6749 §4.2.2): a token only with the right `state`.
pub(crate) fn fragment(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let outcome = token_from_fragment(text, &Secret::new(STATE), now(), None);
    assert_short(&outcome);
    let Ok(token) = outcome else { return false };
    let params = Params::parse(text.split_once('#').map_or(text, |(_, fragment)| fragment));
    assert_eq!(params.only("state"), Ok(Some(STATE)));
    assert_eq!(params.only("access_token"), Ok(Some(token.access_token.expose())));
    true
}
