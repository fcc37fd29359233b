//! Settings of clients that affect logins, and several clients in one browser.

use std::time::Duration;

use authlib_core::config::Refresh;
use authlib_core::login::{self, Session as _};
use authlib_core::oauth2::AuthMethod;
use authlib_core::store::TokenOwner;
use authlib_core::{
    AuthorizeOptions, ClientConfig, ErrorKind, Grant, JwtBearer, LogoutOptions, OAuth2Client,
    Params,
};
use authlib_provider::{Endpoint, Fault};
use http::Method;
use serde_json::json;
use url::Url;

use crate::test_bed::keys::P256;
use crate::test_bed::recorded::RecordedResponses;
use crate::test_bed::{Browser, CALLBACK, ISSUER, SECRET, TestBed, location};

/// A second client at the same provider.
fn two_clients() -> TestBed {
    let other = ClientConfig::new("other")
        .client_id("app")
        .client_secret(SECRET)
        .issuer(ISSUER)
        .scope("openid");
    TestBed::with(|p| p, |c| c, |oauth| oauth.register(other))
}

#[tokio::test]
async fn concurrent_logins_in_one_browser_are_both_kept() {
    let bed = two_clients();
    let browser = Browser::default();
    let other = bed.oauth.client("other").unwrap();
    let first = bed.start(&browser).await.unwrap();
    let options = AuthorizeOptions::from("/authorize/other");
    let second = login::authorize_redirect(&other, &browser, options, None).await.unwrap();
    let first = bed.provider.approve(&first, "alice").unwrap();
    let second = bed.provider.approve(second.as_str(), "bob").unwrap();
    let callback = bed.callback("other", &browser, &second).await.unwrap();
    let (one, two) = tokio::join!(bed.finish(&browser, &first), callback.log_in());
    assert_eq!(one.unwrap().token().unwrap().userinfo().unwrap().sub(), "alice");
    assert_eq!(two.unwrap().token().unwrap().userinfo().unwrap().sub(), "bob");
    let state = browser.load().await.unwrap().unwrap();
    let mut clients: Vec<_> = state.logins().iter().map(|login| login.client.as_str()).collect();
    clients.sort_unstable();
    assert_eq!(clients, ["op", "other"]);
}

/// C2, without a browser: a pending login is valid for its client only.
#[tokio::test]
async fn pending_login_of_another_client_is_rejected() {
    let bed = two_clients();
    let options = AuthorizeOptions::from("/authorize/op");
    let (url, pending) = bed.app().create_authorization_url(options).await.unwrap();
    let back = bed.provider.approve(url.as_str(), "alice").unwrap();
    let callback = Params::parse(back.query().unwrap());
    let other = bed.oauth.client("other").unwrap();
    let error = other.fetch_access_token(pending, &callback).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
}

/// A client for API calls is not a way to log in, whichever source says so, also for a login that started before.
#[tokio::test]
async fn client_for_api_calls_refuses_logins() {
    let beds = [
        TestBed::with(|p| p, ClientConfig::without_logins, |oauth| oauth),
        TestBed::with(|p| p, |c| c, |o| o.load_toml("[oauth.op]\naccept_logins = false")),
        TestBed::with(
            |p| p,
            |c| c,
            |oauth| oauth.load_env_from([("OP_ACCEPT_LOGINS".to_owned(), "false".to_owned())]),
        ),
    ];
    let allowed = TestBed::new();
    for bed in beds {
        let browser = Browser::default();
        let error = bed.start(&browser).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`accept_logins`"), "{error}");
        let options = AuthorizeOptions::from("/authorize/op").connect("7");
        bed.start_with(&browser, options).await.unwrap();
        allowed.start(&browser).await.unwrap();
        let url = allowed.start(&browser).await.unwrap();
        let back = bed.provider.approve(&url, "alice").unwrap();
        let error = bed.finish(&browser, &back).await.unwrap_err();
        assert!(error.to_string().contains("`accept_logins`"), "{error}");
        assert!(bed.is_anonymous(&browser).await);
    }
}

/// In OAuth 1.0a, only `subject_claim` identifies the user, never a `sub` in the token response.
#[tokio::test]
async fn subject_claim_selects_oauth1_user() {
    let temporary = json!({"oauth_token": "t", "oauth_token_secret": "s",
        "oauth_callback_confirmed": true});
    let response =
        json!({"oauth_token": "at", "oauth_token_secret": "s", "sub": "admin", "id": "7"});
    for (claim, sub) in [(None, None), (Some("id"), Some("7")), (Some("sub"), Some("admin"))] {
        let http = RecordedResponses::default()
            .json("https://old.example/initiate", &temporary)
            .json("https://old.example/token", &response);
        let config = ClientConfig::new("old")
            .client_id("key")
            .client_secret("shared")
            .request_token_url("https://old.example/initiate")
            .authorization_endpoint("https://old.example/authorize")
            .token_endpoint("https://old.example/token");
        let config = config.subject_claim(claim.unwrap_or_default());
        let client = OAuth2Client::builder(config).http_client(http).build().unwrap();
        let (_, pending) = client.create_authorization_url(CALLBACK.into()).await.unwrap();
        let back = format!("{CALLBACK}?oauth_token=t&oauth_verifier=v");
        let token = client.fetch_access_token(pending, &back).await.unwrap();
        let known = token.userinfo().ok().map(|user| user.sub().to_owned());
        assert_eq!(known.filter(|sub| !sub.is_empty()).as_deref(), sub, "{claim:?}");
    }
}

/// Only OAuth 1.0a has callbacks without `state`.
#[tokio::test]
async fn oauth1_problem_does_not_end_oauth2_login() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let problem = format!("{CALLBACK}?oauth_problem=user_refused");
    let error = bed.finish(&browser, &problem).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.finish(&browser, &back).await.unwrap();
}

/// There is no login to compare it with (OpenID Connect Core §12.2).
#[tokio::test]
async fn manual_refresh_drops_id_token() {
    let bed = TestBed::new();
    let login = bed.log_in(&Browser::default()).await.unwrap();
    let grant = Grant::refresh_token(login.token().unwrap().refresh_token.as_ref().unwrap());
    let token = bed.app().fetch_token(grant).await.unwrap();
    assert!(login.token().unwrap().id_token.is_some() && token.id_token.is_none());
    assert!(token.userinfo().is_err());
    // A refresh through the token store returns another ID token, which is verified.
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    assert!(bed.app().refresh_token(&owner).await.unwrap().id_token.is_some());
}

/// RFC 5849 §3.1 allows requests without a token, but a user's request must not become the client's
/// own.
#[tokio::test]
async fn missing_oauth1_user_token_never_signs_as_client() {
    let old = ClientConfig::new("old")
        .client_id("key")
        .client_secret("shared-secret-of-oauth-one")
        .request_token_url(format!("{ISSUER}/oauth1/initiate"))
        .authorization_endpoint(format!("{ISSUER}/oauth1/authorize"))
        .token_endpoint(format!("{ISSUER}/oauth1/token"))
        .api_base_url(format!("{ISSUER}/api/"));
    let bed = TestBed::with(|p| p, |config| config, |oauth| oauth.register(old));
    let app = bed.oauth.client("old").unwrap();
    let owner = TokenOwner::new("old", "alice");
    assert_eq!(
        app.get("echo", &owner).send().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    // A login in a browser always has a callback; it is never out of band.
    let started = app.create_authorization_url(AuthorizeOptions::new()).await;
    assert_eq!(started.unwrap_err().kind(), ErrorKind::Config);
    let grant = app.fetch_token(Grant::client_credentials()).await;
    assert_eq!(grant.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(bed.provider.received_requests().is_empty());
}

/// Otherwise a user's expired token would be replaced with the client's own, which may have more
/// rights.
#[tokio::test]
async fn client_with_own_refresh_cannot_log_in_users() {
    let bearer = || JwtBearer::new("robot", P256);
    for own in [
        |config: ClientConfig, _| config.refresh_with(Refresh::ClientCredentials),
        |config: ClientConfig, bearer| config.refresh_with(bearer),
    ] {
        let bed = TestBed::with(|p| p, |config| own(config, bearer()), |oauth| oauth);
        let browser = Browser::default();
        let error = bed.start(&browser).await.unwrap_err();
        assert_eq!((error.kind(), error.client()), (ErrorKind::Config, Some("op")));
        assert!(error.to_string().contains("without `refresh_with`"), "{error}");
        assert!(browser.load().await.unwrap().is_none_or(|state| state.logins().is_empty()));
    }
    for other in [Refresh::Off, Refresh::RefreshToken] {
        let bed = TestBed::with(|p| p, |config| config.refresh_with(other), |oauth| oauth);
        bed.log_in(&Browser::default()).await.unwrap();
    }
}

#[tokio::test]
async fn unrequested_id_token_is_dropped() {
    let bed = TestBed::with(
        |p| p,
        |client| client.scope("profile").without_userinfo_at_login(),
        |oauth| oauth,
    );
    bed.provider.inject(Fault::token("id_token", "a.b.c"));
    let login = bed.log_in(&Browser::default()).await.unwrap();
    assert!(login.token().unwrap().id_token.is_none());
    assert!(login.token().unwrap().userinfo().is_err());
}

/// J17: the nonce must be absent if none was sent.
#[tokio::test]
async fn unsent_nonce_in_id_token_is_rejected() {
    let bed = TestBed::with(|p| p, |client| client.dangerous_skip_nonce(), |oauth| oauth);
    let browser = Browser::default();
    assert!(!bed.start(&browser).await.unwrap().contains("nonce"));
    bed.log_in(&browser).await.unwrap();
    bed.provider.inject(Fault::claim("nonce", "of another login"));
    let error = bed.log_in(&browser).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidIdToken);
    assert!(error.to_string().contains("`nonce`"), "{error}");
}

/// S7: after the login, the browser is redirected to a path of this site.
#[tokio::test]
async fn next_is_local_path_or_root() {
    for (next, lands) in [
        ("/inbox?page=2#x", "/inbox?page=2#x"),
        ("/p\u{e4}ge 1", "/p%C3%A4ge%201"),
        ("/.//evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\t//evil.example", "/"),
        ("https:evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/%09/evil.example", "/"),
        ("/@evil.example", "/"),
        ("", "/"),
    ] {
        let bed = TestBed::new();
        let browser = Browser::default();
        let options = AuthorizeOptions::from("/authorize/op").next(next);
        let url = bed.start_with(&browser, options).await.unwrap();
        let back = bed.provider.approve(&url, "alice").unwrap();
        assert_eq!(bed.finish(&browser, &back).await.unwrap().next, lands, "{next:?}");
    }
}

#[tokio::test]
async fn post_logout_redirect_expires_after_ten_minutes() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
    let response = bed.log_out(&browser, &[], options).await.unwrap();
    let url = Url::parse(location(&response)).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    bed.clock.advance(Duration::from_secs(601));
    let query = format!("state={state}");
    let back =
        login::validate_logout_response(&bed.oauth, &browser, &Method::GET, Some(&query)).await;
    assert_eq!(back.unwrap_err().kind(), ErrorKind::InvalidCallback);
}

/// Each client authentication method, with secrets that need encoding.
#[tokio::test]
async fn every_client_authentication_method_is_accepted() {
    use authlib_provider::TestClient;
    const AWKWARD: &str = "p%\u{e4} +:&=\"";
    for (method, secret) in [
        ("client_secret_basic", Some(AWKWARD)),
        ("client_secret_post", Some(AWKWARD)),
        ("none", None),
    ] {
        let bed = TestBed::with(
            |provider| {
                let client = match secret {
                    Some(secret) => TestClient::confidential("i:d", secret),
                    None => TestClient::public("i:d"),
                };
                provider.client(client.auth_method(method).redirect_uri(CALLBACK))
            },
            |client| {
                client
                    .client_secret(secret.unwrap_or_default())
                    .client_id("i:d")
                    .token_endpoint_auth_method(AuthMethod::from_name(method).unwrap())
            },
            |oauth| oauth,
        );
        let login = bed.log_in(&Browser::default()).await;
        assert!(login.is_ok(), "{method}: {login:?}");
        let seen = bed.provider.received_requests();
        let token = seen.iter().find(|seen| seen.endpoint == Endpoint::Token).unwrap();
        assert_eq!(token.authorization.is_some(), method == "client_secret_basic");
        assert_eq!(
            token.names.iter().any(|name| name == "client_secret"),
            method == "client_secret_post"
        );
    }
}
