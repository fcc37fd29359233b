//! Concurrent tabs, cross-site requests and unusual methods.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use authlib_core::adapter::{LoginCallback, LoginError};
use authlib_core::login::{self, Session, SessionState};
use authlib_core::{ErrorKind, LogoutOptions};
use authlib_provider::Fault;
use http::Method;

use crate::test_bed::{Browser, SECRET, TestBed, location, request};

/// A logout in another tab is not undone by a login that was waiting for the provider.
#[tokio::test]
async fn logout_in_another_tab_is_not_undone() {
    let other = authlib_core::ClientConfig::new("other")
        .client_id("app")
        .client_secret(SECRET)
        .issuer(crate::test_bed::ISSUER)
        .scope("openid");
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.register(other));
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    let other = bed.oauth.client("other").unwrap();
    let options = "/authorize/other".into();
    let url = login::authorize_redirect(&other, &browser, options, None).await.unwrap();
    let back = bed.provider.approve(url.as_str(), "alice").unwrap();

    /// A session that is emptied after the callback was read and the pending login taken.
    struct LoggedOut<'a>(&'a Browser, Cell<u32>);
    impl Session for LoggedOut<'_> {
        async fn load(&self) -> authlib_core::Result<Option<SessionState>> {
            self.1.set(self.1.get() + 1);
            if self.1.get() <= 2 { self.0.load().await } else { Ok(None) }
        }
        async fn save(&self, state: &SessionState) -> authlib_core::Result<()> {
            self.0.save(state).await
        }
        async fn renew(&self) -> authlib_core::Result<()> {
            self.0.renew().await
        }
    }
    let session = LoggedOut(&browser, Cell::new(0));
    bed.callback("other", session, &back).await.unwrap().log_in().await.unwrap();
    let state = browser.load().await.unwrap().unwrap();
    let clients: Vec<_> = state.logins().iter().map(|login| login.client.as_str()).collect();
    assert_eq!(clients, ["other"]);
}

/// L8: a form of another site, or of another port of this host, does not log the user out.
#[tokio::test]
async fn cross_site_logout_request_is_rejected() {
    let bed = TestBed::new();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    let logout = |site: &'static str| {
        let (bed, browser) = (&bed, &browser);
        async move { bed.log_out(browser, &[("sec-fetch-site", site)], LogoutOptions::new()).await }
    };
    for site in ["cross-site", "same-site"] {
        assert_eq!(logout(site).await.unwrap_err().kind(), ErrorKind::InvalidRequest, "{site}");
        assert!(!bed.is_anonymous(&browser).await, "{site}");
    }
    assert!(logout("same-origin").await.is_ok());
    assert!(bed.is_anonymous(&browser).await);
}

/// C9: A callback is a GET or a POST, no other method.
#[tokio::test]
async fn other_methods_are_not_callbacks() {
    let bed = TestBed::new();
    for method in [Method::OPTIONS, Method::PUT, Method::DELETE] {
        let request = request(method.clone(), Some("code=c&state=s"), &[]);
        let read = LoginCallback::read(bed.app(), Browser::default(), &request, b"").await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::InvalidCallback, "{method}");
        assert!(!format!("{request:?}").contains("code"));
    }
}

/// The user sees the description of an `access_denied` response.
#[tokio::test]
async fn access_denied_shows_provider_description() {
    let bed = TestBed::new();
    let reason = Fault::AuthorizationError("access_denied".into(), "verify your <e-mail>".into());
    bed.provider.inject(reason);
    let error = bed.log_in(&Browser::default()).await.unwrap_err();
    let response = LoginError::from(error).response(None);
    let page = String::from_utf8(response.body().clone()).unwrap();
    assert_eq!(response.status(), 403);
    assert!(page.contains("verify your &lt;e-mail&gt;"), "{page}");
}

/// The sessions of a server-side store, by their ids.
#[derive(Default)]
struct Sessions(RefCell<HashMap<u32, String>>);

/// A request with the cookie of one of them.
struct WithCookie<'a> {
    sessions: &'a Sessions,
    id: Cell<u32>,
}

impl Session for WithCookie<'_> {
    async fn load(&self) -> authlib_core::Result<Option<SessionState>> {
        let sessions = self.sessions.0.borrow();
        Ok(sessions.get(&self.id.get()).map(|text| serde_json::from_str(text).unwrap()))
    }
    async fn save(&self, state: &SessionState) -> authlib_core::Result<()> {
        let text = serde_json::to_string(state).unwrap();
        self.sessions.0.borrow_mut().insert(self.id.get(), text);
        Ok(())
    }
    async fn renew(&self) -> authlib_core::Result<()> {
        self.sessions.0.borrow_mut().remove(&self.id.get());
        self.id.set(self.id.get() + 1);
        Ok(())
    }
    fn id(&self) -> Option<String> {
        Some(self.id.get().to_string())
    }
}

/// Session fixation: an attacker may know the id of a session before its login.
#[tokio::test]
async fn callback_with_outdated_session_id_must_be_sent_again() {
    let other = authlib_core::ClientConfig::new("other")
        .client_id("app")
        .client_secret(SECRET)
        .issuer(crate::test_bed::ISSUER);
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.register(other));
    let sessions = Sessions::default();
    let session = |id| WithCookie { sessions: &sessions, id: Cell::new(id) };
    let mut queries = Vec::new();
    for client in ["op", "other"] {
        let (app, options) = (bed.oauth.client(client).unwrap(), "/authorize/other".into());
        let url = login::authorize_redirect(&app, &session(1), options, None).await.unwrap();
        let back = bed.provider.approve(url.as_str(), "alice").unwrap();
        queries.push(back.query().unwrap().to_owned());
    }
    let read = async |client: &str, id, query: &str| {
        let request = request(Method::GET, Some(query), &[]);
        LoginCallback::read(bed.oauth.client(client).unwrap(), session(id), &request, b"").await
    };
    read("op", 1, &queries[0]).await.unwrap().log_in().await.unwrap();
    let replayed = format!("{}&again=2", queries[0]);
    let replayed = read("op", 1, &replayed).await.unwrap().log_in().await.unwrap_err();
    assert_eq!(replayed.kind(), ErrorKind::InvalidCallback);

    let again = read("other", 1, &queries[1]).await.unwrap_err().response(None);
    let marked = format!("{}&again=2", queries[1]);
    assert_eq!((again.status().as_u16(), location(&again)), (303, format!("?{marked}").as_str()));
    // With the old id it fails, with the new one both logins are in effect.
    let old = read("other", 1, &marked).await.unwrap().log_in().await.unwrap_err();
    assert_eq!(old.kind(), ErrorKind::InvalidCallback);
    read("other", 2, &marked).await.unwrap().log_in().await.unwrap();
    let state = session(3).load().await.unwrap().unwrap();
    let clients: Vec<_> = state.logins().iter().map(|login| login.client.as_str()).collect();
    assert_eq!(clients, ["op", "other"]);
}
