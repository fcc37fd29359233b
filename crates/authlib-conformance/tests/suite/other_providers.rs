//! Logins at OpenID providers of other projects, found by their issuer: login, eight API calls at once with an expired
//! token, refresh, logout; a refused consent and a wrong secret.

use authlib_conformance::{Browser, InteropKind, OtherLogin, OtherProvider, Step};
use futures_util::future::join_all;
use reqwest::Method;

/// Without special settings.
const PLAIN: OtherProvider = OtherProvider {
    kind: InteropKind::OidcProvider,
    auth_method: "client_secret_basic",
    settings: "",
    scope: "openid profile email",
    cannot: &[],
};

pub(crate) async fn oidc_provider(package: &str) {
    let provider = OtherProvider {
        scope: "openid profile email offline_access",
        // It ignores `offline_access` without it (OpenID Connect Core §11).
        settings: "authorize_params = { prompt = 'consent' }",
        ..PLAIN
    };
    whole_trip(package, provider).await;
}

pub(crate) async fn django_oauth_toolkit(package: &str) {
    let provider = OtherProvider { kind: InteropKind::DjangoOAuthToolkit, ..PLAIN };
    whole_trip(package, provider).await;
}

pub(crate) async fn better_auth(package: &str) {
    let scope = "openid profile email offline_access";
    whole_trip(package, OtherProvider { kind: InteropKind::BetterAuth, scope, ..PLAIN }).await;
}

pub(crate) async fn oauth2_mock_server(package: &str) {
    let provider = OtherProvider {
        kind: InteropKind::OAuth2MockServer,
        cannot: &[(Step::Refuse, "it has no pages"), (Step::WrongSecret, "it accepts any secret")],
        ..PLAIN
    };
    whole_trip(package, provider).await;
}

pub(crate) async fn idpyoidc(package: &str) {
    let provider = OtherProvider {
        kind: InteropKind::Idpyoidc,
        // It does not decode the credentials of Basic.
        auth_method: "client_secret_post",
        scope: "openid profile email offline_access",
        // It rejects `offline_access` without it (OpenID Connect Core §11 wants it to ignore the scope).
        settings: "authorize_params = { prompt = 'consent' }",
        cannot: &[
            (Step::LogOut, "its session endpoint fails with a KeyError"),
            (Step::Refuse, "it has no page for consent"),
        ],
    };
    whole_trip(package, provider).await;
}

pub(crate) async fn pyop(package: &str) {
    whole_trip(package, OtherProvider { kind: InteropKind::Pyop, ..PLAIN }).await;
}

const DOORKEEPER: OtherProvider = OtherProvider {
    kind: InteropKind::Doorkeeper,
    // It does not decode the credentials of Basic, against RFC 6749 §2.3.1.
    settings: "raw_client_secret_basic = true",
    cannot: &[(Step::LogOut, "it has no endpoint for logout")],
    ..PLAIN
};

pub(crate) async fn doorkeeper(package: &str) {
    whole_trip(package, DOORKEEPER).await;
}

/// Doorkeeper's refreshed ID token has the time of the user's last sign-in on any device, against OpenID Connect
/// Core §12.2.
pub(crate) async fn doorkeeper_sign_in_elsewhere_keeps_login(package: &str) {
    let Some(login) = OtherLogin::start(package, DOORKEEPER).await else { return };
    let browser = login.browser();
    login.log_in(&browser, "op", "allow").await;
    let before = browser.get(login.url("/profile")).await.json();
    let sign_in = login.server.url("/login");
    let elsewhere = login.server.decide(&login.browser(), &sign_in, "alice", "allow").await;
    assert_eq!(elsewhere.status, 200, "{}", elsewhere.body);
    for _ in 0..2 {
        let refreshed = browser.request(Method::POST, login.url("/refresh/op"), &[], None).await;
        assert_eq!(refreshed.status, 200, "{}\n{}", refreshed.body, login.app.log());
    }
    let after = browser.get(login.url("/profile")).await.json();
    assert_eq!(after["claims"]["auth_time"], before["claims"]["auth_time"], "{after}");
    let log = login.app.log();
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("auth_time")), "{log}");
    assert_eq!(browser.get(login.url("/userinfo/op")).await.status, 200);
}

pub(crate) async fn lemonldap(package: &str) {
    let provider = OtherProvider {
        kind: InteropKind::LemonLdap,
        // Of Basic, it reads the credentials up to a `+` or `/` of their base64, and the secret up to a colon.
        auth_method: "client_secret_post",
        scope: "openid profile email offline_access",
        cannot: &[(
            Step::Refuse,
            "its page for consent is off: a session in which it was shown does not come back after logout",
        )],
        ..PLAIN
    };
    whole_trip(package, provider).await;
}

async fn whole_trip(package: &str, provider: OtherProvider) {
    let Some(login) = OtherLogin::start(package, provider).await else { return };
    // First, because some remember the consent.
    if login.can(Step::Refuse) {
        refused_consent_is_403(&login).await;
    }
    let browser = login.browser();
    let home = login.log_in(&browser, "op", "allow").await;
    assert_eq!(home.url.as_str(), login.url("/"), "{}\n{}", home.body, login.app.log());
    assert_is_alice(&login, &browser).await;
    calls_share_one_refresh(&login, &browser).await;
    let refreshed = browser.request(Method::POST, login.url("/refresh/op"), &[], None).await;
    assert_eq!(refreshed.status, 200, "{}\n{}", refreshed.body, login.app.log());
    assert_is_alice(&login, &browser).await;
    let out = login.log_out(&browser).await;
    assert_eq!(out.status, 200, "{}\n{}", out.body, login.app.log());
    let end = if login.can(Step::LogOut) { "/logged-out?state=" } else { "/logged-out" };
    assert!(out.url.as_str().starts_with(&login.url(end)), "{}", out.url);
    assert_eq!(browser.get(login.url("/profile")).await.status, 401);
    if login.can(Step::WrongSecret) {
        wrong_secret_is_a_clear_error(&login).await;
    }
}

async fn assert_is_alice(login: &OtherLogin, browser: &Browser) {
    let profile = browser.get(login.url("/profile")).await.json();
    assert_eq!(profile["claims"]["iss"], login.server.issuer(), "{profile}");
    assert_eq!(profile["claims"]["email"], "alice@example.com", "{profile}");
    assert_eq!(profile["token"]["has_refresh_token"], true, "{profile}");
}

/// A token is refreshed after half of its lifetime of a minute, so at a slow test.
async fn calls_share_one_refresh(login: &OtherLogin, browser: &Browser) {
    let metadata = browser.get(login.server.url("/.well-known/openid-configuration")).await.json();
    let userinfo = metadata["userinfo_endpoint"].as_str().unwrap();
    let path = userinfo.strip_prefix(&login.server.origin()).unwrap();
    let before = login.token_requests();
    let url = login.url(&format!("/api/op{path}"));
    for page in join_all((0..8).map(|_| browser.get(&url))).await {
        assert_eq!(page.status, 200, "{}\n{}", page.body, login.app.log());
        assert_eq!(page.json()["email"], "alice@example.com");
    }
    assert!(login.token_requests() - before <= 1, "{}", login.app.log());
}

async fn refused_consent_is_403(login: &OtherLogin) {
    let browser = login.browser();
    let page = login.log_in(&browser, "op", "deny").await;
    assert_eq!(page.status, 403, "{}\n{}", page.body, login.app.log());
    assert_eq!(browser.get(login.url("/profile")).await.status, 401);
}

async fn wrong_secret_is_a_clear_error(login: &OtherLogin) {
    let browser = login.browser();
    let page = login.log_in(&browser, "wrong", "allow").await;
    assert_eq!(page.status, 502, "{}\n{}", page.body, login.app.log());
    let log = login.app.log();
    assert!(log.contains("check `client_id`, `client_secret`"), "{log}");
    assert_eq!(browser.get(login.url("/profile")).await.status, 401);
}
