//! Concurrent tabs, cross-site requests and unusual methods.

use authlib_core::login::{self, Incoming, Session, SessionState};
use authlib_core::{ErrorKind, LogoutOptions};
use authlib_provider::Fault;
use http::{HeaderMap, Method};

use crate::test_bed::{Browser, SECRET, TestBed};

/// A logout in another tab is not undone by a login that was waiting for the provider.
#[tokio::test]
async fn logout_in_another_tab_is_not_undone() {
    let other = authlib_core::ClientConfig::new("other")
        .client_id("app")
        .client_secret(SECRET)
        .issuer(crate::test_bed::ISSUER)
        .scope("openid");
    let world = TestBed::with(|p| p, |c| c, |oauth| oauth.register(other));
    let browser = Browser::default();
    world.log_in(&browser).await.unwrap();
    let other = world.oauth.client("other").unwrap();
    let start =
        login::authorize_redirect(&other, &browser, "/authorize/other".into()).await.unwrap();
    let url = start.headers()["location"].to_str().unwrap().to_owned();
    let back = world.provider.approve(&url, "alice").unwrap();
    let params = world.receive(&browser, &back).await.unwrap();

    /// A session that is emptied after the pending login was taken.
    struct LoggedOut<'a>(&'a Browser, std::cell::Cell<u32>);
    impl Session for LoggedOut<'_> {
        async fn load(&self) -> authlib_core::Result<Option<SessionState>> {
            self.1.set(self.1.get() + 1);
            if self.1.get() == 1 { self.0.load().await } else { Ok(None) }
        }
        async fn save(&self, state: &SessionState) -> authlib_core::Result<()> {
            self.0.save(state).await
        }
        async fn renew(&self) -> authlib_core::Result<()> {
            self.0.renew().await
        }
    }
    let session = LoggedOut(&browser, std::cell::Cell::new(0));
    login::authorize_access_token(&other, &session, &params).await.unwrap();
    let state = browser.load().await.unwrap().unwrap();
    let clients: Vec<_> = state.logins().iter().map(|login| login.client.as_str()).collect();
    assert_eq!(clients, ["other"]);
}

/// L8: a form of another site, or of another port of this host, does not log the user out.
#[tokio::test]
async fn cross_site_logout_request_is_rejected() {
    let world = TestBed::new();
    let browser = Browser::default();
    world.log_in(&browser).await.unwrap();
    let logout = |site: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("sec-fetch-site", site.parse().unwrap());
        let (oauth, browser) = (&world.oauth, &browser);
        async move { login::logout_redirect(oauth, browser, &headers, LogoutOptions::new(), "/").await }
    };
    for site in ["cross-site", "same-site"] {
        assert_eq!(logout(site).await.unwrap_err().kind(), ErrorKind::InvalidCallback, "{site}");
        assert!(!world.is_anonymous(&browser).await, "{site}");
    }
    assert!(logout("same-origin").await.is_ok());
    assert!(world.is_anonymous(&browser).await);
}

/// C9: A callback is a GET or a POST, no other method.
#[tokio::test]
async fn other_methods_are_not_callbacks() {
    let world = TestBed::new();
    let headers = HeaderMap::new();
    for method in [Method::OPTIONS, Method::PUT, Method::DELETE] {
        let incoming = Incoming::new(&method, Some("code=c&state=s"), &headers, b"");
        let received = login::receive(&world.app(), &Browser::default(), &incoming).await;
        assert_eq!(received.unwrap_err().kind(), ErrorKind::InvalidCallback, "{method}");
        assert!(!format!("{incoming:?}").contains("code"));
    }
}

/// The user sees the description of an `access_denied` response.
#[tokio::test]
async fn access_denied_shows_provider_description() {
    let world = TestBed::new();
    let reason = Fault::AuthorizationError("access_denied".into(), "verify your <e-mail>".into());
    world.provider.inject(reason);
    let error = world.log_in(&Browser::default()).await.unwrap_err();
    let answer = login::error_answer(&error, &HeaderMap::new());
    let page = String::from_utf8(answer.body().clone()).unwrap();
    assert_eq!(answer.status(), 403);
    assert!(page.contains("verify your &lt;e-mail&gt;"), "{page}");
}
