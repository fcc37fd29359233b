//! Attacks by other sites, users and browsers.

use authlib_conformance::{Browser, Fixture};
use authlib_provider::{Endpoint, Fault};
use futures_util::future::join_all;
use reqwest::Method;

/// T062, S1.
pub(crate) async fn callback_in_another_browser_does_not_log_in(package: &str) {
    let fixture = Fixture::new(package).await;
    let (attacker, victim) = (Browser::new(), Browser::new());
    let callback = fixture.allowed(&attacker).await;
    assert_eq!(victim.get_json(callback.as_str()).await.status, 400);
    victim.get(fixture.url("/login/op")).await;
    assert_eq!(victim.get_json(callback.as_str()).await.status, 400);
    assert!(!fixture.is_alice(&victim).await);
    assert_eq!(fixture.count(Endpoint::Token), 0);
}

/// C1.
pub(crate) async fn concurrent_duplicate_callbacks_log_in_once(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    let pages = join_all((0..8).map(|_| browser.get_json(callback.as_str()))).await;
    // The others are sent again with the cookie of the first one's login, which they then lead to.
    for page in pages {
        assert_eq!(page.status, 303, "{}", page.body);
        assert_eq!(browser.follow(page).await.status, 200);
    }
    assert_eq!(fixture.count(Endpoint::Token), 1);
    assert!(fixture.is_alice(&browser).await);
}

/// C9.
pub(crate) async fn head_and_prefetch_keep_pending_login(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    browser.request(Method::HEAD, callback.as_str(), &[], None).await;
    browser.request(Method::GET, callback.as_str(), &[("purpose", "prefetch")], None).await;
    browser.request(Method::GET, callback.as_str(), &[("sec-purpose", "prefetch")], None).await;
    assert_eq!(fixture.count(Endpoint::Token), 0);
    assert_eq!(browser.get(callback.as_str()).await.status, 303);
}

/// T023, C2, C4 to C8, H02, H05, H29, H34.
pub(crate) async fn invalid_callbacks_are_rejected_and_end_login(package: &str) {
    let fixture = Fixture::new(package).await;
    let param = |name: &str, value: &str| Fault::AuthorizationParam(name.into(), value.into());
    let twice = |name: &str, value: &str| Fault::AuthorizationTwice(name.into(), value.into());
    for fault in [
        param("iss", "https://evil.example"),
        Fault::AuthorizationMissing("iss".into()),
        Fault::AuthorizationMissing("code".into()),
        twice("iss", fixture.provider().issuer()),
        twice("code", "another"),
        param("id_token", "a.b.c"),
        param("access_token", "x"),
        Fault::AuthorizationError("login_required".into(), "nobody is there".into()),
    ] {
        fixture.assert_rejects(fault, 400).await;
    }
    // A wrong or repeated `state` can't be used up.
    for fault in
        [param("state", "wrong"), Fault::AuthorizationMissing("state".into()), twice("state", "x")]
    {
        let browser = Browser::new();
        fixture.provider().inject(fault.clone());
        let callback = fixture.allowed(&browser).await;
        assert_eq!(browser.get_json(callback.as_str()).await.status, 400, "{fault:?}");
        assert!(!fixture.is_alice(&browser).await);
        fixture.provider().clear_faults();
    }
    // The `state` of another client.
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    let crossed = callback.as_str().replace("/authorize/op?", "/authorize/op_two?");
    assert_eq!(browser.get_json(&crossed).await.status, 400);
    assert_eq!(browser.get_json(callback.as_str()).await.status, 400, "used up");
    assert_eq!(fixture.count(Endpoint::Token), 0);
}

/// C12, W1.
pub(crate) async fn oversized_callbacks_are_rejected_unread(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("state=s&code={}", "x".repeat(10_000_000));
    let page = browser.request(Method::POST, fixture.url("/authorize/op"), &form, Some(body)).await;
    assert_eq!(page.status, 413);
    for name in ["state", "code"] {
        let url = fixture.url(&format!("/authorize/op?{name}={}", "x".repeat(9000)));
        assert_eq!(browser.get_json(url).await.status, 400, "{name}");
    }
}

/// S10.
pub(crate) async fn forged_host_does_not_change_redirect_uri(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let forged = [
        ("x-forwarded-host", "evil.example"),
        ("host", "evil.example"),
        ("x-forwarded-proto", "https"),
    ];
    let page = browser.request(Method::GET, fixture.url("/login/op"), &forged, None).await;
    let location = page.location();
    let (_, uri) = location.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
    assert_eq!(uri, fixture.url("/authorize/op"));
}

/// C15.
pub(crate) async fn session_fixation_fails(package: &str) {
    let fixture = Fixture::new(package).await;
    let (victim, attacker) = (Browser::new(), Browser::new());
    let callback = fixture.allowed(&victim).await;
    let planted = victim.cookie("localhost").first().unwrap().1.clone();
    attacker.get(fixture.url("/login/op")).await;
    assert_eq!(victim.get(callback.as_str()).await.status, 303);
    assert!(fixture.is_alice(&victim).await);
    attacker.set_cookies("localhost", &planted);
    assert!(!fixture.is_alice(&attacker).await);
}

/// C13, W6.
pub(crate) async fn garbage_session_cookie_is_anonymous(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    browser.get(fixture.url("/login/op")).await;
    for garbage in
        ["", "x", "%00", "AAAAAAAAAAAAAAAAAAAAAA", "a=b", "\"quoted\"", &"A".repeat(3000)]
    {
        browser.set_cookies("localhost", garbage);
        assert!(!fixture.is_alice(&browser).await, "{garbage}");
        assert_eq!(browser.get(fixture.url("/")).await.status, 200, "{garbage}");
        let callback = fixture.url("/authorize/op?code=c&state=s");
        assert_eq!(browser.get_json(callback).await.status, 400, "{garbage}");
    }
}

/// H35, B13: at `TRACE`, over good and bad logins, refreshes and logouts.
pub(crate) async fn secrets_are_never_logged(package: &str) {
    let fixture =
        Fixture::with(package, |p| p.access_token_lifetime(std::time::Duration::from_secs(30)), "")
            .await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    let code = callback.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    browser.get(callback.as_str()).await;
    browser.get(fixture.url("/api/op/echo")).await;
    for (fault, status) in [
        (Fault::claim("nonce", "x"), 400),
        (Fault::token("error", "invalid_grant"), 502),
        (Fault::BadSignature, 400),
    ] {
        fixture.assert_rejects(fault, status).await;
    }
    let out = browser.request(Method::POST, fixture.url("/logout"), &[], None).await.location();
    let hint = out.query_pairs().find(|(name, _)| name == "id_token_hint").unwrap().1.into_owned();
    let log = fixture.app.log();
    assert!(log.contains("user logged in"), "the log is captured");
    let cookie = browser.cookie("localhost").first().unwrap().1.clone();
    for secret in [code.as_str(), "s3cr3t", hint.as_str(), cookie.as_str()] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in the log: {}", line.unwrap());
    }
}

/// B22, H22.
pub(crate) async fn tokens_are_sent_to_api_origin_only(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    let before = fixture.provider().received_requests().len();
    for path in
        ["..%2fuserinfo", "https:%2f%2fevil.example%2f", "%2f%2fevil.example", "%2e%2e/userinfo"]
    {
        let page = browser.get_json(fixture.url(&format!("/api/op/{path}"))).await;
        assert!(matches!(page.status, 400 | 404), "{path}: {} {}", page.status, page.body);
        assert!(!page.body.contains("alice"), "{path}: {}", page.body);
    }
    assert_eq!(fixture.provider().received_requests().len(), before);
}

/// The log says what the browser sent.
pub(crate) async fn missing_and_unknown_session_cookies_are_told_apart(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    assert_eq!(Browser::new().get_json(callback.as_str()).await.status, 400);
    assert!(
        fixture.app.log().contains("the browser sent no session cookie"),
        "{}",
        fixture.app.log()
    );
    assert!(!fixture.app.log().contains("a session cookie that the session store does not know"));
    browser.set_cookies("localhost", "of-another-key-or-store");
    assert_eq!(browser.get_json(callback.as_str()).await.status, 400);
    let log = fixture.app.log();
    assert!(log.contains("a session cookie that the session store does not know"), "{log}");
}
