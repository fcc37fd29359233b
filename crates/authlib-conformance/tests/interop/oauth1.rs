//! The OAuth 1.0a servers of Authlib and oauthlib, with manually signed requests.

use std::collections::HashMap;

use authlib_conformance::{Browser, InteropKind, InteropServer, Page};
use reqwest::Method;
use serde_json::json;
use url::form_urlencoded;

use crate::authorized;

const SERVERS: [InteropKind; 2] = [InteropKind::AuthlibOAuth1, InteropKind::OauthlibOAuth1];

type Credentials = HashMap<String, String>;

async fn server(kind: InteropKind) -> Option<InteropServer> {
    let client = json!({ "client_id": "app", "client_secret": "kd94hf93k423kf44" });
    InteropServer::start(kind, &json!({ "clients": [client] })).await
}

/// A PLAINTEXT request (RFC 5849 §3.4.4) with `more` protocol parameters.
async fn plaintext(method: Method, url: &str, token: &Credentials, more: &[(&str, &str)]) -> Page {
    let secret = token.get("oauth_token_secret").map_or("", String::as_str);
    let signature = format!("kd94hf93k423kf44&{secret}");
    let mut parameters = vec![
        ("oauth_consumer_key", "app"),
        ("oauth_signature_method", "PLAINTEXT"),
        ("oauth_signature", signature.as_str()),
    ];
    if let Some(token) = token.get("oauth_token") {
        parameters.push(("oauth_token", token));
    }
    parameters.extend(more);
    let encode =
        |value: &str| form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
    let parameters: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
    authorized(method, url, &format!("OAuth {}", parameters.join(", "))).await
}

/// A nonce and the current timestamp, which oauthlib requires with PLAINTEXT too.
fn fresh(nonce: &str) -> [(&str, String); 2] {
    #[expect(clippy::disallowed_methods, reason = "the servers have a real clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    [("oauth_nonce", nonce.to_owned()), ("oauth_timestamp", now.as_secs().to_string())]
}

async fn signed(
    method: Method,
    url: &str,
    token: &Credentials,
    nonce: &str,
    more: &[(&str, &str)],
) -> Page {
    let fresh = fresh(nonce);
    let mut all: Vec<(&str, &str)> = fresh.iter().map(|(name, value)| (*name, &**value)).collect();
    all.extend(more);
    plaintext(method, url, token, &all).await
}

fn credentials(page: &Page) -> Credentials {
    assert_eq!(page.status, 200, "{}", page.body);
    form_urlencoded::parse(page.body.as_bytes()).into_owned().collect()
}

/// The three steps of RFC 5849 §2.
async fn token(server: &InteropServer) -> Credentials {
    let callback = [("oauth_callback", "https://app.example.com/cb")];
    let url = server.url("/initiate");
    let temporary =
        credentials(&signed(Method::POST, &url, &Credentials::new(), "1", &callback).await);
    assert!(temporary["oauth_callback_confirmed"].eq_ignore_ascii_case("true"));
    let authorize = server.url(&format!("/authorize?oauth_token={}", temporary["oauth_token"]));
    let sent = server.decide(&Browser::new(), &authorize, "alice", "allow").await.location();
    assert_eq!(sent.host_str(), Some("app.example.com"));
    let response: Credentials = sent.query_pairs().into_owned().collect();
    assert_eq!(response["oauth_token"], temporary["oauth_token"]);
    let verifier = [("oauth_verifier", response["oauth_verifier"].as_str())];
    let url = server.url("/token");
    credentials(&signed(Method::POST, &url, &temporary, "2", &verifier).await)
}

#[tokio::test]
async fn plaintext_client_gets_usable_token() {
    for kind in SERVERS {
        let Some(server) = server(kind).await else { return };
        assert_eq!(Browser::new().get(server.url("/healthz")).await.body, "ok");
        let token = token(&server).await;
        let me = signed(Method::GET, &server.url("/api/me"), &token, "3", &[]).await;
        assert_eq!(me.json()["sub"], "alice", "{kind:?}: {}", me.body);
    }
}

#[tokio::test]
async fn replayed_nonce_and_wrong_secret_are_401() {
    for kind in SERVERS {
        let Some(server) = server(kind).await else { return };
        let mut token = token(&server).await;
        let url = server.url("/api/me");
        let nonce = fresh("3");
        let nonce = [(nonce[0].0, nonce[0].1.as_str()), (nonce[1].0, nonce[1].1.as_str())];
        for status in [200, 401] {
            let page = plaintext(Method::GET, &url, &token, &nonce).await;
            assert_eq!(page.status, status, "{kind:?}: {}", page.body);
        }
        token.insert("oauth_token_secret".to_owned(), "another".to_owned());
        let page = signed(Method::GET, &url, &token, "4", &[]).await;
        assert_eq!(page.status, 401, "{kind:?}: {}", page.body);
    }
}

#[tokio::test]
async fn stale_timestamp_is_rejected() {
    for (kind, status) in [(SERVERS[0], 400), (SERVERS[1], 401)] {
        let Some(server) = server(kind).await else { return };
        let token = token(&server).await;
        let stale = [("oauth_nonce", "3"), ("oauth_timestamp", "1191242096")];
        let page = plaintext(Method::GET, &server.url("/api/me"), &token, &stale).await;
        assert_eq!(page.status, status, "{kind:?}: {}", page.body);
    }
}

#[tokio::test]
async fn echo_returns_decoded_request_for_any_method() {
    let Some(server) = server(InteropKind::OauthlibOAuth1).await else { return };
    let token = token(&server).await;
    let url = server.url("/api/echo?name=J%C3%BCrgen+%26%20Co&name=2");
    for (nonce, method) in [("3", Method::GET), ("4", Method::PUT), ("5", Method::DELETE)] {
        let echo = signed(method.clone(), &url, &token, nonce, &[]).await.json();
        assert_eq!(echo["method"], method.as_str());
        assert_eq!(echo["query"], json!([["name", "Jürgen & Co"], ["name", "2"]]));
    }
}

#[tokio::test]
async fn out_of_band_user_sees_verifier_or_denies() {
    for kind in SERVERS {
        let Some(server) = server(kind).await else { return };
        let url = server.url("/initiate");
        let oob = [("oauth_callback", "oob")];
        let temporary = signed(Method::POST, &url, &Credentials::new(), "1", &oob).await;
        let authorize = server
            .url(&format!("/authorize?oauth_token={}", credentials(&temporary)["oauth_token"]));
        let shown = server.decide(&Browser::new(), &authorize, "bob", "allow").await;
        assert!(credentials(&shown).contains_key("oauth_verifier"), "{kind:?}: {}", shown.body);
        let callback = [("oauth_callback", "https://app.example.com/cb")];
        let temporary = signed(Method::POST, &url, &Credentials::new(), "2", &callback).await;
        let denied = server.url(&format!(
            "/authorize?decision=deny&oauth_token={}",
            credentials(&temporary)["oauth_token"]
        ));
        let sent = server.decide(&Browser::new(), &denied, "bob", "deny").await.location();
        assert!(!sent.query().unwrap().contains("oauth_verifier"), "{kind:?}: {sent}");
    }
}
