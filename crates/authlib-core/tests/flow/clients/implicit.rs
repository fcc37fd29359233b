//! The implicit grant (RFC 6749 §4.2), for old servers; off by default.

use std::collections::BTreeMap;

use authlib_core::{AuthorizeOptions, ErrorKind, OAuth2Client, login};
use url::Url;

use crate::test_bed::{Browser, CALLBACK, TestBed, client};

fn standalone(bed: &TestBed) -> OAuth2Client {
    let config = authlib_core::ClientConfig::new("old")
        .client_id("app")
        .authorization_endpoint("https://op.example/authorize?tenant=a")
        .token_endpoint("https://op.example/token")
        .scope("read");
    client(bed, config)
}

fn query(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

fn options() -> AuthorizeOptions {
    AuthorizeOptions::from(CALLBACK).scope("openid read")
}

#[tokio::test]
async fn implicit_url_requests_token_and_reads_it() {
    let bed = TestBed::new();
    let client = standalone(&bed);
    let (url, pending) =
        client.create_authorization_url(options().dangerous_implicit()).await.unwrap();
    let state = pending.state().expose();
    let expected: BTreeMap<_, _> = [
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("response_type", "token"),
        ("scope", "openid read"),
        ("state", state),
        ("tenant", "a"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    assert_eq!(query(&url), expected, "neither nonce nor PKCE");
    let back = |state: &str| {
        format!("{CALLBACK}#access_token=at&token_type=bearer&expires_in=60&state={state}")
    };
    let error = client.token_from_fragment(&back("x"), pending.state()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    let token = client.token_from_fragment(&back(state), pending.state()).await.unwrap();
    assert_eq!(token.access_token.expose(), "at");
    assert_eq!(client.token().await.unwrap().unwrap().access_token.expose(), "at");
    // A code that was not requested is not redeemed.
    let callback = format!("code=c&state={state}");
    let error = client.fetch_access_token(pending, &callback).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    assert!(error.to_string().contains("token_from_fragment"), "{error}");
    assert!(bed.provider.received_requests().is_empty());
}

#[tokio::test]
async fn implicit_grant_is_off_by_default_and_not_for_logins() {
    let bed = TestBed::new();
    let (url, _) = standalone(&bed).create_authorization_url(options()).await.unwrap();
    let sent = query(&url);
    assert_eq!(sent["response_type"], "code");
    assert!(sent.contains_key("code_challenge"));
    // A parameter or a setting can't turn it on.
    let param = options().param("response_type", "token");
    let error = standalone(&bed).create_authorization_url(param).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let browser = Browser::default();
    let options = options().dangerous_implicit();
    let error = login::authorize_redirect(&bed.app(), &browser, options, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}
