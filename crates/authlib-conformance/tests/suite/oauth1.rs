//! OAuth 1.0a logins (RFC 5849) as a user sees them.

use authlib_conformance::{Browser, Fixture};
use authlib_provider::{Endpoint, Fault, Reply};
use reqwest::Method;
use serde_json::{Value, json};

/// Whether a user is logged in. Without user info there is no name.
async fn is_logged_in(fixture: &Fixture, browser: &Browser) -> bool {
    browser.get_json(fixture.url("/profile")).await.status == 200
}

/// T007, T009, T041, T060.
pub(crate) async fn oauth1_login_profile_comes_from_token_response(package: &str) {
    let fixture = Fixture::oauth1(package, "").await;
    let browser = Browser::new();
    let home = browser.get(fixture.url("/")).await;
    assert!(home.body.contains("/login/op"), "{}", home.body);
    let callback = fixture.allowed_with(&browser, "op", "?next=/profile%3Fx=1").await;
    let names: Vec<_> = callback.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["oauth_token", "oauth_verifier"]);
    let before = browser.cookie("localhost");
    let page = browser.get(callback.as_str()).await;
    assert_eq!(page.status, 303, "{}\n{}", page.body, fixture.app.log());
    assert_eq!(page.location().as_str(), fixture.url("/profile?x=1"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_ne!(before.first().unwrap().1, browser.cookie("localhost").first().unwrap().1);

    let expected = json!({
        "client": "op",
        "sub": null,
        "claims": { "user_id": "alice", "screen_name": "Alice Example" },
        "token": { "expires_at": null, "scope": null, "has_refresh_token": false },
        "connected": [],
    });
    assert_eq!(browser.get(fixture.url("/profile")).await.json(), expected);
    assert_eq!(browser.get(fixture.url("/")).await.status, 200);

    // With `subject_claim`, there is a subject.
    let fixture = Fixture::oauth1(package, "subject_claim = 'user_id'").await;
    fixture.log_in(&browser).await;
    assert!(fixture.is_alice(&browser).await);
}

/// H19 and T184 to T186.
pub(crate) async fn api_calls_are_signed_with_user_token(package: &str) {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let text = || Some("status=it's+%2B+%C3%A9&status=&a%5Bb%5D=%26".to_owned());
    let posted = json!([["status", "it's + é"], ["status", ""], ["a[b]", "&"], ["q", "x y"]]);
    for (settings, reads) in [
        ("", true),
        ("signature_method = 'HMAC-SHA256'\nsignature_type = 'QUERY'", true),
        ("signature_method = 'PLAINTEXT'\nsignature_type = 'BODY'", false),
    ] {
        let fixture = Fixture::oauth1(package, settings).await;
        let browser = Browser::new();
        fixture.log_in(&browser).await;
        let url = fixture.url("/api/op/a/b?q=x+y");
        let page = browser.request(Method::POST, &url, &form, text()).await;
        assert_eq!(page.status, 200, "{settings}: {}\n{}", page.body, fixture.app.log());
        assert_eq!((&page.json()["sub"], &page.json()["parameters"]), (&json!("alice"), &posted));
        assert_eq!(page.json()["path"], "/oauth1/api/a/b");
        let url = fixture.url("/api/op/x?a=it's&a=%2526+%2B");
        let page = browser.get(&url).await;
        if !reads {
            assert_eq!(page.status, 400, "a GET has no body to sign in: {}", page.body);
            continue;
        }
        assert_eq!(page.json()["parameters"], json!([["a", "it's"], ["a", "%26 +"]]));
        let media_type = [("content-type", "application/json")];
        let body = r#"{"a":"& = +"}"#;
        let page = browser.request(Method::POST, &url, &media_type, Some(body.to_owned())).await;
        assert_eq!(page.json()["body"], body);
        assert_eq!(Browser::new().get_json(&url).await.status, 401, "not logged in");
    }
}

/// B20.
pub(crate) async fn userinfo_request_is_signed_with_user_token(package: &str) {
    let settings = "userinfo_endpoint = 'ISSUER/oauth1/api/me'";
    let fixture = Fixture::oauth1(package, settings).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    assert!(fixture.is_alice(&browser).await);
    let page = browser.get(fixture.url("/userinfo/op")).await;
    assert_eq!(page.json()["user"]["email"], "alice@example.com", "{}", page.body);
    for reply in [Reply::html(200), Reply::json(401, "{}"), Reply::json(200, "{}")] {
        fixture.provider().inject(Fault::Response(Endpoint::OAuth1Api, reply));
        assert_eq!(browser.get_json(fixture.url("/userinfo/op")).await.status, 502);
        fixture.provider().clear_faults();
    }
}

/// O7.
pub(crate) async fn denial_is_403_in_json_and_html(package: &str) {
    let fixture = Fixture::oauth1(package, "").await;
    for fault in [None, Some(Fault::OAuth1Denied)] {
        if let Some(fault) = fault {
            fixture.provider().inject(fault);
        }
        let browser = Browser::new();
        let start = || async { browser.get(fixture.url("/login/op")).await.location() };
        let back = fixture.provider().deny(start().await.as_str()).unwrap();
        let page = browser.get_json(&back).await;
        assert_eq!((page.status, &page.json()["error"]), (403, &json!("access_denied")));
        assert_eq!(browser.get_json(&back).await.status, 400, "the login is used up");
        let page = browser.get(fixture.provider().deny(start().await.as_str()).unwrap()).await;
        assert_eq!(page.status, 403);
        assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
        // The problem reporting extension does not require a token.
        start().await;
        let page = browser.get_json(fixture.url("/authorize/op?oauth_problem=user_refused")).await;
        assert_eq!(page.status, 403, "{}", page.body);
        assert!(!is_logged_in(&fixture, &browser).await);
    }
    assert_eq!(fixture.count(Endpoint::OAuth1AccessToken), 0);
}

/// O2.
pub(crate) async fn callback_is_accepted_once_in_its_own_browser(package: &str) {
    let fixture = Fixture::oauth1(package, "").await;
    let (ours, theirs) = (Browser::new(), Browser::new());
    let callback = fixture.allowed(&ours).await;
    assert_eq!(theirs.get_json(callback.as_str()).await.status, 400);
    theirs.get(fixture.url("/login/op")).await;
    assert_eq!(theirs.get_json(callback.as_str()).await.status, 400);
    assert!(!is_logged_in(&fixture, &theirs).await);
    assert_eq!(fixture.count(Endpoint::OAuth1AccessToken), 0);
    assert_eq!(ours.get(callback.as_str()).await.status, 303);
    let page = ours.get_json(callback.as_str()).await;
    // The browser is logged in with this client: it is led on, and nothing is redeemed again.
    assert_eq!(page.status, 303, "a replay: {}", page.body);
    assert_eq!(page.location().as_str(), fixture.url("/"));
    assert_eq!(fixture.count(Endpoint::OAuth1AccessToken), 1);
    assert!(is_logged_in(&fixture, &ours).await, "the previous login is kept");
}

/// H34, T135.
pub(crate) async fn invalid_oauth1_callbacks_are_400(package: &str) {
    let fixture = Fixture::oauth1(package, "").await;
    let name = |name: &str| name.to_owned();
    for fault in [
        Fault::AuthorizationMissing(name("oauth_verifier")),
        Fault::AuthorizationParam(name("oauth_verifier"), name("")),
        Fault::AuthorizationTwice(name("oauth_verifier"), name("x")),
        Fault::AuthorizationParam(name("oauth_token"), name("x")),
        Fault::AuthorizationMissing(name("oauth_token")),
        Fault::AuthorizationParam(name("oauth_problem"), name("permission_unknown")),
    ] {
        fixture.assert_rejects(fault, 400).await;
    }
    assert_eq!(fixture.count(Endpoint::OAuth1AccessToken), 0);
}

/// O1, T134.
pub(crate) async fn broken_provider_responses_are_502(package: &str) {
    let fixture = Fixture::oauth1(package, "").await;
    let response = |name: &str, value: Option<&str>| {
        Fault::OAuth1Param(name.to_owned(), value.map(ToOwned::to_owned))
    };
    let mut faults = vec![
        response("oauth_callback_confirmed", None),
        response("oauth_callback_confirmed", Some("false")),
        response("oauth_token", None),
        response("oauth_token_secret", None),
        Fault::OAuth1ParamTwice("oauth_token".into(), "x".into()),
        Fault::AuthorizationParam("oauth_verifier".into(), "wrong".into()),
    ];
    for endpoint in [Endpoint::OAuth1RequestToken, Endpoint::OAuth1AccessToken] {
        let away = Reply::Redirect(307, "https://evil.example/".into());
        for reply in [
            Reply::html(200),
            Reply::html(401),
            Reply::html(500),
            Reply::Reset,
            Reply::Truncated,
            away,
        ] {
            faults.push(Fault::Response(endpoint, reply));
        }
    }
    for fault in faults {
        fixture.assert_rejects(fault, 502).await;
    }
    fixture.assert_rejects(response("oauth_callback_confirmed", None), 502).await;
    let fixture = Fixture::oauth1(package, "dangerous_unconfirmed_callback = true").await;
    fixture.provider().inject(response("oauth_callback_confirmed", None));
    let browser = Browser::new();
    assert_eq!(fixture.log_in(&browser).await.status, 303);
}

/// O6, H35: the browser's cookies and the app's log.
pub(crate) async fn token_secret_of_pending_login_stays_on_server(package: &str) {
    let fixture = Fixture::oauth1(package, "signature_type = 'QUERY'").await;
    let name = || "oauth_token_secret".to_owned();
    let browser = Browser::new();
    let secret = "the-secret-of-these-credentials";
    fixture.provider().inject(Fault::OAuth1Param(name(), Some(secret.to_owned())));
    let callback = fixture.allowed(&browser).await;
    let kept = format!("{:?}", browser.cookie("localhost"));
    let page = browser.get_json(callback.as_str()).await;
    assert_eq!(page.status, 502, "the provider has another secret");
    fixture.provider().clear_faults();
    fixture.log_in(&browser).await;
    browser.get(fixture.url("/api/op/x")).await;
    let profile = browser.get(fixture.url("/profile")).await.body;
    let shown = format!("{kept}{}{profile}{}", page.body, fixture.app.log());
    assert!(!shown.contains(secret) && !shown.contains("s3cr3t"), "{shown}");
    for seen in fixture.provider().received_requests() {
        for name in ["oauth_signature", "oauth_token", "oauth_verifier"] {
            if let Some(value) = seen.secret(name) {
                assert!(!shown.contains(value), "{name} of {} is in\n{shown}", seen.path);
            }
        }
    }
}

pub(crate) async fn oauth1_logout_is_local(package: &str) {
    let fixture = Fixture::oauth1(package, "").await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    assert!(is_logged_in(&fixture, &browser).await);
    let out = browser.request(Method::POST, fixture.url("/logout"), &[], None).await;
    assert_eq!(out.location().as_str(), fixture.url("/logged-out"));
    assert_eq!(browser.follow(out).await.status, 200);
    assert!(!is_logged_in(&fixture, &browser).await);
    assert_eq!(browser.get_json(fixture.url("/api/op/x")).await.status, 401);
    let nobody: Value = browser.get(fixture.url("/profile")).await.json();
    assert_eq!(nobody["error"], "not_logged_in");
}
