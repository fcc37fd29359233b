//! The token after the login: API calls, user info, refreshes.

use std::time::Duration;

use authlib_conformance::{Browser, Fixture};
use authlib_provider::{Endpoint, Fault, ProviderBuilder, Reply};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

/// Tokens that expire within the leeway: each use refreshes.
fn expiring(provider: ProviderBuilder) -> ProviderBuilder {
    provider.access_token_lifetime(Duration::from_secs(30))
}

pub(crate) async fn api_call_sends_token_and_returns_response(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    let page = browser.get(fixture.url("/api/op/a/b?x=1&x=2&y=%26")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let json = page.json();
    assert_eq!(json["sub"], "alice");
    assert_eq!(json["path"], "/api/a/b");
    assert_eq!(json["query"], json!([["x", "1"], ["x", "2"], ["y", "&"]]));
    let headers = [("content-type", "application/json")];
    let body = Some(r#"{"a":1}"#.to_owned());
    let page = browser.request(Method::POST, fixture.url("/api/op/echo"), &headers, body).await;
    assert_eq!(
        (page.json()["method"].as_str(), page.json()["body"].as_str()),
        (Some("POST"), Some(r#"{"a":1}"#))
    );
    assert_eq!(browser.get(fixture.url("/api/op/teapot")).await.status, 418);
}

/// A user whose access token has expired. The next one will be valid.
async fn with_expired_token(package: &str) -> (Fixture, Browser) {
    let fixture = Fixture::with(package, expiring, "leeway = 0").await;
    let browser = Browser::new();
    fixture.provider().inject(Fault::token("expires_in", json!(0)));
    fixture.log_in(&browser).await;
    fixture.provider().clear_faults();
    (fixture, browser)
}

/// T021, H24, I11.
pub(crate) async fn concurrent_requests_share_one_refresh(package: &str) {
    let (fixture, browser) = with_expired_token(package).await;
    let pages = join_all((0..20).map(|_| browser.get(fixture.url("/api/op/echo")))).await;
    assert!(pages.iter().all(|page| page.status == 200));
    assert_eq!(fixture.count(Endpoint::Token), 2, "one for the code, one for all twenty");
    let seen = fixture.provider().received_requests();
    let refresh = seen.iter().rfind(|seen| seen.endpoint == Endpoint::Token).unwrap();
    assert_eq!(refresh.field("grant_type"), Some("refresh_token"));
    assert_eq!(refresh.authorization.as_deref(), Some("Basic"));
    // Rotation: the next refresh uses the new refresh token.
    let fixture = Fixture::with(package, expiring, "").await;
    fixture.provider().inject(Fault::token("expires_in", json!(0)));
    fixture.log_in(&browser).await;
    for _ in 0..3 {
        assert_eq!(browser.get(fixture.url("/api/op/echo")).await.status, 200);
    }
    assert_eq!(fixture.count(Endpoint::Token), 4);
    assert!(fixture.is_alice(&browser).await);
}

/// The browser that triggered the refresh hangs up, and the rotated refresh token is stored all the same.
pub(crate) async fn refresh_is_stored_when_the_browser_hangs_up(package: &str) {
    let (fixture, browser) = with_expired_token(package).await;
    fixture.provider().inject(Fault::Held(Endpoint::Token));
    let request = browser.get(fixture.url("/api/op/echo"));
    tokio::select! {
        page = request => panic!("a response without a token: {}", page.status),
        () = async {
            while fixture.count(Endpoint::Token) < 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } => {}
    }
    fixture.provider().clear_faults();
    assert_eq!(browser.get(fixture.url("/api/op/echo")).await.status, 200);
    assert_eq!(fixture.count(Endpoint::Token), 2, "one for the code, one refresh");
}

/// A process that is told to stop stores the token of a refresh in progress: the next one uses it.
pub(crate) async fn refresh_is_finished_before_the_process_ends(package: &str) {
    let (mut fixture, browser) = with_expired_token(package).await;
    fixture.provider().inject(Fault::Held(Endpoint::Token));
    let url = fixture.url("/api/op/echo");
    let running = tokio::spawn(async move { browser.get(url).await.status });
    while fixture.count(Endpoint::Token) < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.abort();
    let provider = fixture.provider().clone();
    let released = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        provider.clear_faults();
    });
    assert_eq!(fixture.app.stop("TERM").await, Some(0));
    released.await.unwrap();
    // The last output may not have been read yet.
    for _ in 0..100 {
        if fixture.app.log().contains("token refreshed") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the token was not stored:\n{}", fixture.app.log());
}

/// I13.
pub(crate) async fn rejected_refresh_is_401_without_retry(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.provider().inject(Fault::token("expires_in", json!(0)));
    fixture.log_in(&browser).await;
    fixture.provider().inject(Fault::RefreshRefused);
    for _ in 0..5 {
        let page = browser.get_json(fixture.url("/api/op/echo")).await;
        assert_eq!(page.status, 401, "{}", page.body);
    }
    assert_eq!(fixture.count(Endpoint::Token), 2);
    assert!(fixture.is_alice(&browser).await, "the user stays logged in");
}

/// OpenID Connect Core §3.1.2.6, and Entra's `suberror`.
pub(crate) async fn refresh_that_needs_the_user_is_401_without_retry(package: &str) {
    let fixture = Fixture::new(package).await;
    for body in [
        r#"{"error":"interaction_required","suberror":"basic_action"}"#,
        r#"{"error":"login_required"}"#,
        r#"{"error":"consent_required"}"#,
        r#"{"error":"account_selection_required"}"#,
        r#"{"error":"invalid_request","suberror":"user_password_expired"}"#,
    ] {
        let browser = Browser::new();
        fixture.provider().clear_faults();
        fixture.provider().inject(Fault::token("expires_in", json!(0)));
        fixture.log_in(&browser).await;
        fixture.provider().clear_requests();
        fixture.provider().inject(Fault::Response(Endpoint::Token, Reply::json(400, body)));
        for _ in 0..3 {
            let page = browser.get_json(fixture.url("/api/op/echo")).await;
            assert_eq!(page.status, 401, "{body}: {}", page.body);
            assert_eq!(page.json()["error"], "not_logged_in", "{body}");
        }
        assert_eq!(fixture.count(Endpoint::Token), 1, "{body}");
        assert!(fixture.is_alice(&browser).await, "{body}: the login itself stays");
    }
}

/// A 429 or 5xx response decides nothing about a token, whatever its body or its headers say.
pub(crate) async fn outage_logs_nobody_out(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let challenge = r#"Bearer error="invalid_token""#;
    let body = r#"{"error":"invalid_grant"}"#;
    fixture.log_in(&browser).await;
    fixture.provider().clear_requests();
    for status in [429, 500, 503] {
        let reply = Reply::Challenge(status, challenge.to_owned());
        fixture.provider().inject(Fault::Response(Endpoint::Api, reply));
        assert_eq!(browser.get_json(fixture.url("/api/op/echo")).await.status, status);
        let reply = Reply::Challenge(status, challenge.to_owned());
        fixture.provider().inject(Fault::Response(Endpoint::UserInfo, reply));
        assert_eq!(browser.get_json(fixture.url("/userinfo/op")).await.status, 502);
        fixture.provider().clear_faults();
        assert_eq!(fixture.count(Endpoint::Token), 0, "{status}: nothing to refresh");
    }
    for status in [429, 500, 503] {
        let browser = Browser::new();
        fixture.provider().inject(Fault::token("expires_in", json!(0)));
        fixture.log_in(&browser).await;
        fixture.provider().clear_faults();
        fixture.provider().inject(Fault::Response(Endpoint::Token, Reply::json(status, body)));
        assert_eq!(browser.get_json(fixture.url("/api/op/echo")).await.status, 502, "{status}");
        fixture.provider().clear_faults();
        assert!(fixture.is_alice(&browser).await, "{status}");
        // The next refresh is tried after a second.
        let ended = tokio::time::timeout(Duration::from_secs(10), async {
            while browser.get(fixture.url("/api/op/echo")).await.status != 200 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        ended.await.unwrap_or_else(|_| panic!("{status}: the refresh token was lost"));
    }
}

/// Salesforce's API and others send a 401 without a challenge.
pub(crate) async fn bare_401_refreshes_once_if_configured(package: &str) {
    for (settings, requests) in [("", 1), ("refresh_on_bare_401 = true", 2)] {
        let fixture = Fixture::with(package, |p| p, settings).await;
        let browser = Browser::new();
        fixture.log_in(&browser).await;
        fixture.provider().inject(Fault::Response(Endpoint::Api, Reply::json(401, "{}")));
        let page = browser.get_json(fixture.url("/api/op/echo")).await;
        assert_eq!(page.status, 401, "{settings}: {}", page.body);
        assert_eq!(fixture.count(Endpoint::Api), requests, "{settings}");
        assert_eq!(fixture.count(Endpoint::Token), requests, "{settings}");
        // An API that rejects every token does not cause a flood of token requests.
        for _ in 0..5 {
            browser.get_json(fixture.url("/api/op/echo")).await;
        }
        assert_eq!(fixture.count(Endpoint::Token), requests, "{settings}");
    }
}

/// J31.
pub(crate) async fn refreshed_id_token_of_another_user_is_rejected(package: &str) {
    for (name, value) in [("sub", "mallory"), ("iss", "https://evil.example"), ("aud", "other")] {
        let fixture = Fixture::with(package, expiring, "").await;
        let browser = Browser::new();
        fixture.log_in(&browser).await;
        fixture.provider().inject(Fault::RefreshedClaim(name.into(), value.into()));
        let page = browser.get_json(fixture.url("/api/op/echo")).await;
        assert_eq!(page.status, 400, "{name}: {}", page.body);
        assert_eq!(fixture.count(Endpoint::Api), 0, "{name}: the token was not used");
        // The login has ended.
        for path in ["/api/op/echo", "/profile"] {
            assert_eq!(browser.get_json(fixture.url(path)).await.status, 401, "{name}: {path}");
        }
        let log = fixture.app.log();
        assert!(log.contains("refreshed ID token rejected; login ended"), "{log}");
    }
}

/// Doorkeeper, and so GitLab, changes `auth_time` when the user signs in on another device.
pub(crate) async fn odd_refreshed_id_token_loses_no_login(package: &str) {
    for (name, value) in
        [("auth_time", json!(1)), ("exp", json!(1)), ("azp", json!("x")), ("at_hash", json!("x"))]
    {
        let fixture = Fixture::with(package, expiring, "").await;
        let browser = Browser::new();
        fixture.provider().inject(Fault::token("expires_in", json!(0)));
        fixture.log_in(&browser).await;
        let claims = browser.get_json(fixture.url("/profile")).await.json()["claims"].clone();
        fixture.provider().inject(Fault::RefreshedClaim(name.into(), value));
        for _ in 0..3 {
            let page = browser.get_json(fixture.url("/api/op/echo")).await;
            assert_eq!(page.status, 200, "{name}: {}", page.body);
        }
        assert_eq!(fixture.count(Endpoint::Token), 4, "{name}: each refresh token was used once");
        let profile = browser.get_json(fixture.url("/profile")).await.json();
        assert_eq!(profile["claims"], claims, "{name}");
        let log = fixture.app.log();
        assert!(log.contains("refreshed ID token ignored; the login's is kept"), "{log}");
    }
}

/// Google sends a refresh token at the first login only.
pub(crate) async fn second_login_keeps_refresh_token_of_same_user(package: &str) {
    let fixture = Fixture::with(package, expiring, "").await;
    let browser = Browser::new();
    let has_refresh_token = async |fixture: &Fixture| {
        let profile = browser.get_json(fixture.url("/profile")).await.json();
        profile["token"]["has_refresh_token"] == true
    };
    fixture.log_in(&browser).await;
    fixture.provider().inject(Fault::TokenMissing("refresh_token".into()));
    fixture.log_in(&browser).await;
    assert!(has_refresh_token(&fixture).await);
    fixture.provider().clear_faults();
    fixture.provider().expire_access_tokens();
    assert_eq!(browser.get(fixture.url("/api/op/echo")).await.status, 200);
    assert!(fixture.is_alice(&browser).await);
    // Not that of another user.
    fixture.provider().inject(Fault::TokenMissing("refresh_token".into()));
    let page = browser.get(fixture.url("/login/op")).await;
    let back = fixture.provider().approve(page.location().as_str(), "bob").unwrap();
    browser.get(back).await;
    assert!(!has_refresh_token(&fixture).await);
}

pub(crate) async fn anonymous_api_call_is_401(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    for path in ["/profile", "/userinfo/op", "/api/op/echo"] {
        let page = browser.get_json(fixture.url(path)).await;
        assert_eq!(page.status, 401, "{path}");
        assert_eq!(page.json()["error"], "not_logged_in", "{path}");
    }
    let page = browser.get(fixture.url("/profile")).await;
    assert_eq!(page.json()["error"], "not_logged_in", "a profile is JSON for everybody");
    fixture.log_in(&browser).await;
    assert_eq!(
        browser.get_json(fixture.url("/api/op_two/echo")).await.status,
        401,
        "another client"
    );
}

/// T033, B20, H28.
pub(crate) async fn userinfo_is_fetched_from_provider(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    let page = browser.get(fixture.url("/userinfo/op")).await;
    assert_eq!(page.json()["email"], "alice@example.com");
    fixture.provider().inject(Fault::user_info("sub", "mallory"));
    let page = browser.get_json(fixture.url("/userinfo/op")).await;
    assert_eq!(page.status, 502, "{}", page.body);
    assert!(!page.body.contains("mallory"));
}

/// A token can be refreshed at any time.
pub(crate) async fn refresh_route_refreshes_now_or_is_401(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let refresh = || browser.request(Method::POST, fixture.url("/refresh/op"), &[], None);
    assert_eq!(refresh().await.status, 401);
    fixture.log_in(&browser).await;
    let page = refresh().await;
    assert_eq!((page.status, &page.json()["sub"]), (200, &json!("alice")), "{}", page.body);
    assert_eq!(fixture.count(Endpoint::Token), 2, "the code, and one refresh");
    fixture.provider().inject(Fault::RefreshRefused);
    assert_eq!(refresh().await.status, 401);
}
