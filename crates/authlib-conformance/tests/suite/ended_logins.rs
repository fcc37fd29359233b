//! Logins that end elsewhere: by the provider, or in another browser.

use std::time::Duration;

use authlib_conformance::{Browser, Fixture, Page};
use authlib_provider::{Endpoint, Fault, Reply};
use reqwest::Method;
use serde_json::{Value, json};

/// The provider's request to the app, which comes without cookies.
async fn back_channel(fixture: &Fixture, token: &str) -> Page {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let url = fixture.url("/backchannel-logout/op");
    Browser::new().request(Method::POST, url, &form, Some(format!("logout_token={token}"))).await
}

/// A browser in which Alice has logged in with this `sid`.
async fn session(fixture: &Fixture, sid: &str) -> Browser {
    let browser = Browser::new();
    fixture.provider().inject(Fault::claim("sid", sid));
    fixture.log_in(&browser).await;
    fixture.provider().clear_faults();
    assert!(fixture.is_alice(&browser).await);
    browser
}

fn token(fixture: &Fixture, claims: &Value) -> String {
    fixture.provider().logout_token("app", claims)
}

/// OpenID Connect Back-Channel Logout 1.0 §2.7.
pub(crate) async fn back_channel_logout_ends_logins_of_sid_or_sub(package: &str) {
    let fixture = Fixture::new(package).await;
    let (one, two, three) = (
        session(&fixture, "s1").await,
        session(&fixture, "s2").await,
        session(&fixture, "s3").await,
    );
    let page =
        back_channel(&fixture, &token(&fixture, &json!({"sid": "s1", "sub": "alice"}))).await;
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"), "{}", page.body);
    assert!(!fixture.is_alice(&one).await);
    assert_eq!(one.get_json(fixture.url("/api/op/echo")).await.status, 401);
    assert_eq!(one.get_json(fixture.url("/userinfo/op")).await.status, 401);
    assert!(fixture.is_alice(&two).await, "another session stays");
    let page = back_channel(&fixture, &token(&fixture, &json!({"sub": "bob"}))).await;
    assert_eq!(page.status, 200, "a user without logins");
    assert!(fixture.is_alice(&two).await, "another user stays");
    let page = back_channel(&fixture, &token(&fixture, &json!({"sub": "alice"}))).await;
    assert_eq!(page.status, 200);
    assert!(!fixture.is_alice(&two).await && !fixture.is_alice(&three).await);
    fixture.log_in(&one).await;
    assert!(fixture.is_alice(&one).await, "the user can log in again");
}

/// OpenID Connect Back-Channel Logout 1.0 §2.6 and §2.8; the table of claims is a unit test.
pub(crate) async fn invalid_logout_tokens_are_400_and_end_nothing(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = session(&fixture, "s1").await;
    let good = || token(&fixture, &json!({"sub": "alice"}));
    let injected = |fault| {
        fixture.provider().inject(fault);
        let token = good();
        fixture.provider().clear_faults();
        token
    };
    let mut tokens: Vec<_> = [
        json!({"sub": null}),
        json!({"sub": "alice", "nonce": "n"}),
        json!({"sub": "alice", "events": {}}),
        json!({"sub": "alice", "events": null}),
        json!({"sub": "alice", "events": {"https://op.example/other": {}}}),
        json!({"sub": "alice", "aud": "other"}),
        json!({"sub": "alice", "iss": "https://evil.example"}),
        json!({"sub": "alice", "exp": 1}),
        json!({"sub": "alice", "jti": ""}),
    ]
    .iter()
    .map(|claims| token(&fixture, claims))
    .collect();
    tokens.push(injected(Fault::ForeignKey));
    tokens.push(injected(Fault::Unsigned("none".into())));
    tokens.push(injected(Fault::SignedBy("ES256".into())));
    tokens.push(injected(Fault::HmacWithPublicKey));
    tokens.extend(["", "a.b.c", "x"].map(str::to_owned));
    let twice = format!("{}&logout_token={}", good(), good());
    tokens.push(twice);
    for token in tokens {
        let page = back_channel(&fixture, &token).await;
        assert_eq!(page.status, 400, "{token}: {}", page.body);
        assert_eq!(page.json()["error"], "invalid_request", "{token}");
        assert_eq!(page.header("cache-control"), "no-store", "{token}");
        assert!(fixture.is_alice(&browser).await, "{token}");
    }
    let url = fixture.url("/backchannel-logout/op");
    let page = browser.get_json(format!("{url}?logout_token={}", good())).await;
    assert!(page.status >= 400, "a GET");
    assert!(fixture.is_alice(&browser).await);
    let page = Browser::new().request(Method::POST, url.replace("/op", "/nobody"), &[], None).await;
    assert_eq!(page.status, 404);
}

pub(crate) async fn logout_token_is_accepted_once(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = session(&fixture, "s1").await;
    let token = token(&fixture, &json!({"sub": "alice"}));
    assert_eq!(back_channel(&fixture, &token).await.status, 200);
    fixture.log_in(&browser).await;
    assert_eq!(back_channel(&fixture, &token).await.status, 400);
    assert!(fixture.is_alice(&browser).await);
}

/// OpenID Connect Front-Channel Logout 1.0 §3.
pub(crate) async fn front_channel_logout_needs_iss_and_sid(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = session(&fixture, "s1").await;
    let issuer = fixture.provider().issuer().to_owned();
    let open = async |frame: &Browser, query: String| {
        frame.get(fixture.url(&format!("/frontchannel-logout/op{query}"))).await
    };
    for (query, status) in [
        (String::new(), 400),
        ("?sid=s1".to_owned(), 400),
        (format!("?iss={issuer}"), 400),
        (format!("?iss={issuer}&sid=s1&sid=s1"), 400),
        (format!("?iss={issuer}&sid=other"), 200),
        ("?iss=https://evil.example&sid=s1".to_owned(), 400),
    ] {
        let page = open(&browser, query.clone()).await;
        assert_eq!(page.status, status, "{query}: {}", page.body);
        assert!(
            status == 200 || page.body.contains("<h1>Request not possible</h1>"),
            "{}",
            page.body
        );
        assert!(fixture.is_alice(&browser).await, "{query}");
    }
    // A frame of another site has no cookies.
    let page = open(&Browser::new(), format!("?iss={issuer}&sid=s1")).await;
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"), "{}", page.body);
    let policy = page.header("content-security-policy");
    assert!(policy.contains(&format!("frame-ancestors {issuer}")), "{policy}");
    // It would be a second opinion for software that does not know `frame-ancestors`.
    assert_eq!(page.header("x-frame-options"), "");
    assert!(!fixture.is_alice(&browser).await);
}

pub(crate) async fn logout_everywhere_ends_logins_in_all_browsers(package: &str) {
    let fixture = Fixture::new(package).await;
    let (one, two) = (session(&fixture, "s1").await, session(&fixture, "s2").await);
    let url = fixture.url("/logout-everywhere");
    let cross = [("sec-fetch-site", "cross-site")];
    let page = one.request(Method::POST, &url, &cross, None).await;
    assert!(page.status >= 400, "another site");
    let page = Browser::new().request(Method::POST, &url, &[], None).await;
    assert_eq!(page.status, 401, "not logged in");
    assert!(fixture.is_alice(&one).await && fixture.is_alice(&two).await);
    let page = one.request(Method::POST, &url, &[("sec-fetch-site", "same-origin")], None).await;
    assert_eq!((page.status, page.location().path()), (303, "/logged-out"), "{}", page.body);
    assert!(!fixture.is_alice(&one).await && !fixture.is_alice(&two).await);
}

/// A copy of the session from before the logout is of no use.
pub(crate) async fn copied_session_ends_with_logout(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = session(&fixture, "s1").await;
    let copy = browser.copy();
    assert_eq!(copy.get_json(fixture.url("/api/op/echo")).await.status, 200);
    browser.request(Method::POST, fixture.url("/logout"), &[], None).await;
    for path in ["/profile", "/api/op/echo", "/userinfo/op"] {
        assert_eq!(copy.get_json(fixture.url(path)).await.status, 401, "{path}");
    }
}

/// An app with these variables beside its client, and a browser in which Alice logged in more than a second ago.
async fn logged_in_a_second_ago(package: &str, vars: &[(&str, &str)]) -> (Fixture, Browser) {
    let config = format!(
        "[oauth.op]\nclient_id = 'app'\nclient_secret = '{}'\nissuer = 'ISSUER'\n\
         api_base_url = 'ISSUER/api'\nscope = 'openid profile'\n",
        Fixture::secret()
    );
    let fixture = Fixture::configured(package, &config, vars).await;
    let browser = Browser::new();
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    // The app has the system's clock.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    (fixture, browser)
}

/// On the server, whatever the browser's cookie says.
pub(crate) async fn login_ends_after_its_lifetime_or_idle_time(package: &str) {
    for (variable, seconds, stays) in [
        ("AUTHLIB_LOGIN_LIFETIME", "1", false),
        ("AUTHLIB_LOGIN_IDLE_TIMEOUT", "1", false),
        ("AUTHLIB_LOGIN_LIFETIME", "3600", true),
    ] {
        let (fixture, browser) = logged_in_a_second_ago(package, &[(variable, seconds)]).await;
        assert_eq!(fixture.is_alice(&browser).await, stays, "{variable}");
        for path in ["/protected", "/api/op/echo", "/userinfo/op"] {
            let page = browser.get_json(fixture.url(path)).await;
            assert_eq!(
                page.status,
                if stays { 200 } else { 401 },
                "{variable} {path}: {}",
                page.body
            );
        }
    }
}

/// RFC 6749 §5.2: only `invalid_grant` is about the user.
pub(crate) async fn revalidation_ends_login_unless_it_is_an_outage(package: &str) {
    for (fault, stays) in [
        (Fault::Response(Endpoint::Token, Reply::html(503)), true),
        (Fault::Response(Endpoint::Token, Reply::Reset), true),
        (Fault::RefreshRefused, false),
    ] {
        let vars = [("AUTHLIB_LOGIN_REVALIDATE_AFTER", "1")];
        let (fixture, browser) = logged_in_a_second_ago(package, &vars).await;
        let before = fixture.count(Endpoint::Token);
        fixture.provider().inject(fault.clone());
        assert_eq!(fixture.is_alice(&browser).await, stays, "{fault:?}");
        assert!(fixture.count(Endpoint::Token) > before, "{fault:?}: the provider was asked");
        fixture.provider().clear_faults();
        assert_eq!(fixture.is_alice(&browser).await, stays, "{fault:?}");
    }
}
