//! Logins and logouts as a user sees them.

use authlib_conformance::{Browser, Fixture};
use std::time::Duration;

use authlib_provider::{Endpoint, Fault, Reply};
use reqwest::Method;
use url::Url;

/// T012, T042, T061.
pub(crate) async fn login_returns_to_start_with_profile_and_new_session(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let home = browser.get(fixture.url("/")).await;
    assert_eq!(home.status, 200);
    assert!(home.body.contains("Log in with"), "{}", home.body);
    assert!(home.body.contains("/login/op") && home.body.contains("/login/op_two"));

    // T042, T061: `state` is sent and returned.
    let start = browser.get(fixture.url("/login/op?next=/profile%3Fx=1")).await.location();
    let callback = fixture.provider().approve(start.as_str(), "alice").unwrap();
    let state = |url: &Url| {
        url.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned())
    };
    assert!(state(&start).is_some_and(|state| state.len() >= 30), "{start}");
    assert_eq!(state(&start), state(&callback));
    let before = browser.cookie("localhost");
    let page = browser.get(callback.as_str()).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(page.location().as_str(), fixture.url("/profile?x=1"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let after = browser.cookie("localhost");
    assert_ne!(before.first().unwrap().1, after.first().unwrap().1, "the session has a new id");
    let attributes = after.first().unwrap().2.to_lowercase();
    assert!(attributes.contains("httponly") && attributes.contains("samesite=lax"), "{attributes}");

    let profile = browser.get(fixture.url("/profile")).await;
    let json = profile.json();
    assert_eq!((json["client"].as_str(), json["sub"].as_str()), (Some("op"), Some("alice")));
    assert_eq!(json["claims"]["name"], "Alice Example");
    assert_eq!(json["token"]["scope"], "openid profile email");
    assert_eq!(json["token"]["has_refresh_token"], true);
    assert!(json["token"]["expires_at"].is_u64());
    assert!(browser.get(fixture.url("/")).await.body.contains("Alice Example"));

    let seen = fixture.provider().received_requests();
    let token = seen.iter().find(|seen| seen.endpoint == Endpoint::Token).unwrap();
    assert_eq!(token.authorization.as_deref(), Some("Basic"));
}

/// T019, T047, T071.
pub(crate) async fn form_post_callback_works_with_lax_cookie(package: &str) {
    let fixture = Fixture::with(package, |p| p, "response_mode = 'form_post'").await;
    let browser = Browser::new();
    for (user, status) in [(Some("alice"), 303), (None, 403)] {
        if user.is_none() {
            fixture
                .provider()
                .inject(Fault::AuthorizationError("access_denied".into(), "no".into()));
        }
        let start = browser.get(fixture.url("/login/op")).await.location();
        assert!(start.as_str().contains("response_mode=form_post"));
        fixture.provider().auto_approve("alice");
        let form = browser.get(start.as_str()).await;
        // Another site posts the form, and the Lax cookie is not sent.
        let page = browser.submit(&form.action(), &form.fields(), &form.url).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        assert_eq!(page.header("cache-control"), "no-store");
        // Our page resubmits it, and the cookie is sent.
        let done = browser.submit(&page.action(), &page.fields(), &page.url).await;
        assert_eq!(done.status, status, "{}", done.body);
        assert!(!done.url.as_str().contains("code="), "no code in a URL");
    }
    assert!(fixture.is_alice(&browser).await);
    // A form without a pending login fails after one resubmission.
    let stranger = Browser::new();
    let elsewhere = Url::parse("https://elsewhere.example/").unwrap();
    let fields = [("code".to_owned(), "c".to_owned()), ("state".to_owned(), "s".to_owned())];
    let callback = Url::parse(&fixture.url("/authorize/op")).unwrap();
    let page = stranger.submit(&callback, &fields, &elsewhere).await;
    let done = stranger.submit(&page.action(), &page.fields(), &page.url).await;
    assert_eq!(done.status, 400, "{}", done.body);
}

/// `QuickBooks`' `realmId`, which the example apps pass on, and Apple's `user`.
pub(crate) async fn other_callback_params_are_readable_in_both_modes(package: &str) {
    for mode in ["query", "form_post"] {
        let settings = format!("response_mode = '{mode}'");
        let fixture = Fixture::with(package, |p| p, &settings).await;
        let user = r#"{"name":{"firstName":"Zoé","lastName":"Nimbus"}}"#;
        for (name, value) in [("realmId", "4620 & 1"), ("user", user)] {
            fixture.provider().inject(Fault::AuthorizationParam(name.into(), value.into()));
        }
        let browser = Browser::new();
        let start = browser.get(fixture.url("/login/op?next=/profile")).await.location();
        fixture.provider().auto_approve("alice");
        let done = match mode {
            "query" => {
                let back = browser.get(start.as_str()).await.location();
                browser.get(back.as_str()).await
            }
            _ => {
                let form = browser.get(start.as_str()).await;
                let page = browser.submit(&form.action(), &form.fields(), &form.url).await;
                browser.submit(&page.action(), &page.fields(), &page.url).await
            }
        };
        assert_eq!(done.status, 303, "{mode}: {}", done.body);
        let expected = fixture.url("/profile?company=4620%20%26%201");
        assert_eq!(done.location().as_str(), expected, "{mode}");
        assert!(fixture.is_alice(&browser).await, "{mode}");
        assert!(!fixture.app.log().contains("Nimbus"), "{mode}: the log has a user's name");
    }
}

/// T013, T043, T063.
pub(crate) async fn access_denied_is_403_without_retry(package: &str) {
    let fixture = Fixture::new(package).await;
    let page = fixture
        .assert_rejects(
            Fault::AuthorizationError("access_denied".into(), "the user refused".into()),
            403,
        )
        .await;
    assert_eq!(page.json()["error"], "access_denied");
    assert_eq!(page.header("location"), "");
    assert_eq!(fixture.count(Endpoint::Token), 0);
}

/// Apple reports `user_cancelled_authorize`, LinkedIn `user_cancelled_login`.
pub(crate) async fn configured_codes_of_cancelled_logins_are_403(package: &str) {
    let settings = "access_denied_errors = ['user_cancelled_authorize', 'user_cancelled_login']";
    let fixture = Fixture::with(package, |p| p, settings).await;
    for (code, status) in [
        ("user_cancelled_authorize", 403),
        ("user_cancelled_login", 403),
        ("access_denied", 403),
        ("user_cancelled", 400),
    ] {
        let fault = Fault::AuthorizationError(code.into(), "the user cancelled".into());
        fixture.assert_rejects(fault, status).await;
    }
}

pub(crate) async fn tabs_and_clients_with_common_prefix_are_independent(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let first = fixture.allowed(&browser).await;
    let second = fixture.allowed(&browser).await;
    let other = fixture.allowed_with(&browser, "op_two", "").await;
    for callback in [second, other, first] {
        assert_eq!(browser.get(callback.as_str()).await.status, 303);
    }
    assert_eq!(browser.get(fixture.url("/api/op/echo")).await.status, 200);
    assert_eq!(browser.get(fixture.url("/api/op_two/echo")).await.status, 200);
    // One of many started logins still finds its record.
    let mut newest = fixture.allowed(&browser).await;
    for _ in 0..20 {
        newest = fixture.allowed(&browser).await;
    }
    assert_eq!(browser.get(newest.as_str()).await.status, 303);
}

/// Tabs share a session: a slow request in one tab must not overwrite changes of the others.
pub(crate) async fn slow_login_in_one_tab_does_not_affect_others(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let slow = fixture.allowed(&browser).await;
    fixture.provider().inject(Fault::Response(Endpoint::Token, Reply::Hang));
    let meanwhile = async {
        while fixture.count(Endpoint::Token) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        fixture.provider().clear_faults();
        // One tab starts a login that it finishes later, the other logs in.
        let later = fixture.allowed(&browser).await;
        let other = fixture.allowed_with(&browser, "op_two", "").await;
        assert_eq!(browser.get(other.as_str()).await.status, 303);
        later
    };
    let (page, later) = tokio::join!(browser.get(slow.as_str()), meanwhile);
    assert_eq!(page.status, 502, "{}", page.body);
    assert!(fixture.is_alice(&browser).await, "the previous login is kept");
    assert_eq!(browser.get(later.as_str()).await.status, 303);
    assert_eq!(browser.get(fixture.url("/api/op_two/echo")).await.status, 200);
    assert_eq!(browser.get(fixture.url("/api/op/echo")).await.status, 200);
}

pub(crate) async fn login_started_during_another_callback_is_kept(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    // A slow but valid response, which arrives after the other tab's start.
    let slow = fixture.allowed(&browser).await;
    let ends = browser.get(slow.as_str());
    let begins = fixture.allowed_with(&browser, "op_two", "");
    let (page, later) = tokio::join!(ends, begins);
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(browser.get(later.as_str()).await.status, 303);
    assert_eq!(browser.get(fixture.url("/api/op_two/echo")).await.status, 200);
}

/// A login gives the session a new id, which the other callback does not know yet.
pub(crate) async fn concurrent_callbacks_of_two_clients_log_in_with_both(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let first = fixture.allowed(&browser).await;
    let second = fixture.allowed_with(&browser, "op_two", "?next=/userinfo/op_two").await;
    let (one, two) = tokio::join!(browser.get(first.as_str()), browser.get(second.as_str()));
    for page in [one, two] {
        assert_eq!(browser.follow(page).await.status, 200);
    }
    for client in ["op", "op_two"] {
        let page = browser.get(fixture.url(&format!("/api/{client}/echo"))).await;
        assert_eq!(page.status, 200, "{client}: {}", page.body);
    }
}

/// T024, T051, T072.
pub(crate) async fn logout_ends_local_and_provider_session(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    let before = browser.cookie("localhost");
    let out = browser.request(Method::POST, fixture.url("/logout"), &[], None).await;
    assert_eq!(out.status, 303);
    let to = out.location();
    assert_eq!(to.path(), "/end_session");
    let params: Vec<_> = to.query_pairs().collect();
    let names: Vec<_> = params.iter().map(|(name, _)| name.as_ref()).collect();
    assert_eq!(names, ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"]);
    assert_eq!(params[0].1.split('.').count(), 3, "an ID token");
    assert_eq!((params[1].1.as_ref(), &*params[2].1), ("app", &*fixture.url("/logged-out")));
    assert!(params[3].1.len() > 20, "{}", params[3].1);
    assert!(!fixture.is_alice(&browser).await, "logged out before the provider is asked");
    assert_eq!(browser.get(fixture.url("/api/op/echo")).await.status, 401);

    // A user who is logged in with two clients is logged out of both.
    fixture.log_in(&browser).await;
    let other = fixture.allowed_with(&browser, "op_two", "").await;
    browser.get(other.as_str()).await;
    browser.request(Method::POST, fixture.url("/logout"), &[], None).await;
    assert!(!fixture.is_alice(&browser).await);

    // The old session id is anonymous.
    browser.set_cookies("localhost", &before.first().unwrap().1);
    assert!(!fixture.is_alice(&browser).await);
}

/// T030 to T032, T054 to T056, T075 to T077.
pub(crate) async fn post_logout_redirect_is_accepted_once(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    let out = browser.request(Method::POST, fixture.url("/logout"), &[], None).await;
    let back = browser.get(out.location().as_str()).await.location();
    assert!(back.as_str().starts_with(&fixture.url("/logged-out?state=")));
    let wrong = fixture.url("/logged-out?state=wrong");
    let page = browser.get(&wrong).await;
    assert_eq!(page.status, 400, "another state");
    assert!(page.body.contains("<h1>Logout not confirmed</h1>"), "{}", page.body);
    assert_eq!(browser.get_json(fixture.url("/logged-out")).await.status, 400, "no state");
    assert_eq!(Browser::new().get_json(back.as_str()).await.status, 400, "another browser");
    assert_eq!(browser.get(back.as_str()).await.status, 200);
    assert_eq!(browser.get_json(back.as_str()).await.status, 400, "used before");
}

/// T028, T053, T074.
pub(crate) async fn logout_is_local_without_end_session_endpoint(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.provider().inject(Fault::metadata("end_session_endpoint", serde_json::Value::Null));
    fixture.log_in(&browser).await;
    let out = browser.request(Method::POST, fixture.url("/logout"), &[], None).await;
    assert_eq!(out.location().as_str(), fixture.url("/logged-out"));
    assert_eq!(browser.follow(out).await.status, 200);
    assert!(!fixture.is_alice(&browser).await);
}

/// The parameters of the page after the logout form was sent.
async fn logout_params(fixture: &Fixture, browser: &Browser) -> Vec<(String, String)> {
    fixture.log_in(browser).await;
    let out = browser.request(Method::POST, fixture.url("/logout"), &[], None).await;
    assert_eq!(out.status, 303, "{}", out.body);
    let to = out.location();
    assert_eq!(to.path(), "/end_session", "{to}");
    to.query_pairs().into_owned().filter(|(name, _)| name != "id_token_hint").collect()
}

/// T026.
pub(crate) async fn logout_sends_configured_parameters(package: &str) {
    let settings = "logout_params = { federated = '', audience = ['a b', 'c'] }";
    let fixture = Fixture::with(package, |p| p, settings).await;
    let params = logout_params(&fixture, &Browser::new()).await;
    let names: Vec<_> = params.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.starts_with(&["client_id", "post_logout_redirect_uri", "state"]), "{names:?}");
    for (name, value) in [("federated", ""), ("audience", "a b"), ("audience", "c")] {
        assert!(params.contains(&(name.into(), value.into())), "{name}: {params:?}");
    }
}

/// Amazon Cognito knows `logout_uri` only, and returns no `state`.
pub(crate) async fn logout_of_cognito_returns_without_state(package: &str) {
    let settings = "post_logout_redirect_param = 'logout_uri'";
    let fixture = Fixture::with(package, |p| p, settings).await;
    let browser = Browser::new();
    let params = logout_params(&fixture, &browser).await;
    let back = fixture.url("/logged-out");
    assert_eq!(params, [("client_id".into(), "app".into()), ("logout_uri".into(), back.clone())]);
    assert_eq!(browser.get(&back).await.status, 200);
    assert!(!fixture.is_alice(&browser).await);
}

pub(crate) async fn errors_are_html_or_json_and_never_cached(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let callback = fixture.url("/authorize/op?code=c&state=unknown");
    let html = browser.get(&callback).await;
    assert_eq!(html.status, 400);
    assert!(html.header("content-type").starts_with("text/html"));
    assert!(html.header("content-security-policy").contains("frame-ancestors 'none'"));
    let json = browser.get_json(&callback).await;
    assert_eq!(json.json()["error"], "invalid_callback");
    assert!(json.json()["error_description"].as_str().unwrap().contains("log in again"));
    let start = browser.get(fixture.url("/login/op")).await;
    for page in [html, json, start] {
        assert_eq!(page.header("cache-control"), "no-store", "{}", page.url);
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{}", page.url);
    }
    // The log says which check failed and what to check.
    let log = fixture.app.log();
    assert!(log.contains("no session") && log.contains("SameSite=Lax"), "{log}");
}

/// T001, T006, T038, T057.
pub(crate) async fn unknown_client_and_unknown_page_are_404(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    for path in
        ["/login/nobody", "/authorize/nobody?code=c&state=s", "/userinfo/nobody", "/api/nobody/x"]
    {
        let page = browser.get_json(fixture.url(path)).await;
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(page.json()["error"], "unknown_client", "{path}");
    }
    assert_eq!(browser.get(fixture.url("/no-such-page")).await.status, 404);
    // A path that is not UTF-8 names no client either.
    for path in ["/login/%ff", "/api/x/%ff%fe"] {
        assert_eq!(browser.get(fixture.url(path)).await.status, 404, "{path}");
    }
    assert_eq!(browser.get(fixture.url("/healthz")).await.body, "ok");
}

pub(crate) async fn next_is_never_another_site(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    for next in [
        "//evil.example",
        "/%5Cevil.example",
        "%09//evil.example",
        "https:evil.example",
        "https://evil.example/",
        "/%2509/evil.example",
        "/@evil.example",
        "javascript:alert(1)",
    ] {
        let callback = fixture.allowed_with(&browser, "op", &format!("?next={next}")).await;
        let page = browser.get(callback.as_str()).await;
        assert_eq!(page.location().as_str(), fixture.url("/"), "{next}");
    }
}

pub(crate) async fn a_provider_error_is_shown_escaped(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let error =
        Fault::AuthorizationError("server_error".into(), "<script>alert(1)</script>".into());
    fixture.provider().inject(error);
    let callback = fixture.allowed(&browser).await;
    // With a wrong `state`, the error is not believed.
    let forged = browser.get(callback.as_str().replace("state=", "state=x")).await;
    assert_eq!(forged.status, 400);
    assert!(!forged.body.contains("alert(1)"), "{}", forged.body);
    let page = browser.get(callback.as_str()).await;
    assert_eq!(page.status, 400);
    assert!(
        page.body.contains("&lt;script&gt;") && !page.body.contains("<script>"),
        "{}",
        page.body
    );
    assert_eq!(fixture.count(Endpoint::Token), 0);
}

/// Search pages and dashboards have long links.
pub(crate) async fn long_next_is_kept_and_a_longer_one_is_logged(package: &str) {
    let fixture = Fixture::new(package).await;
    for (length, is_kept) in [(1000, true), (4097, false)] {
        let browser = Browser::new();
        let next = format!("/{}", "a".repeat(length - 1));
        let callback = fixture.allowed_with(&browser, "op", &format!("?next={next}")).await;
        let page = browser.get(callback).await;
        assert_eq!(page.location().path() == next, is_kept, "{length}: {}", page.location());
        assert_eq!(fixture.app.log().contains("`next` of a login ignored"), !is_kept, "{length}");
    }
}

pub(crate) async fn clients_are_logged_at_startup(package: &str) {
    let fixture = Fixture::new(package).await;
    let log = fixture.app.log();
    let issuer = fixture.provider().issuer();
    let lines = log.lines().filter(|line| line.contains("client registered"));
    let lines: Vec<_> = lines.filter(|line| line.contains(issuer)).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(
        lines.iter().all(|line| line.contains("accepts_logins") && line.contains("token store"))
    );
}
