//! Failing sessions and stores, and pending logins outside the session: no failure logs a user in.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use authlib_core::login::{self, Session, SessionState};
use authlib_core::store::MemoryPendingLoginStore;
use authlib_core::{AuthorizeOptions, Error, ErrorKind, Result};
use authlib_provider::Endpoint;

use crate::test_bed::wrapped_store::failing_store;
use crate::test_bed::{Browser, TestBed};

/// The operation of a session that fails.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Load,
    Renew,
    /// The `n`th save from now.
    Save(u32),
}

/// A browser whose session store fails.
struct Failing<'a> {
    browser: &'a Browser,
    fault: Cell<Fault>,
}

impl Failing<'_> {
    fn error() -> Error {
        Error::new(ErrorKind::Store, "the session store is away")
    }
}

impl Session for Failing<'_> {
    async fn load(&self) -> Result<Option<SessionState>> {
        if self.fault.get() == Fault::Load { Err(Self::error()) } else { self.browser.load().await }
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        match self.fault.get() {
            Fault::Save(0) => return Err(Self::error()),
            Fault::Save(left) => self.fault.set(Fault::Save(left - 1)),
            _ => {}
        }
        self.browser.save(state).await
    }

    async fn renew(&self) -> Result<()> {
        if self.fault.get() == Fault::Renew {
            Err(Self::error())
        } else {
            self.browser.renew().await
        }
    }
}

#[tokio::test]
async fn login_is_not_started_if_session_cannot_be_saved() {
    for fault in [Fault::Load, Fault::Save(0)] {
        let bed = TestBed::new();
        let browser = Browser::default();
        let failing = Failing { browser: &browser, fault: Cell::new(fault) };
        let options = AuthorizeOptions::from("/authorize/op");
        let started = login::authorize_redirect(&bed.app(), &failing, options, None).await;
        assert_eq!(started.unwrap_err().kind(), ErrorKind::Store);
    }
}

/// C16: no error logs a user in; a `state` that can't be marked as used is not used.
#[tokio::test]
async fn failing_session_during_callback_does_not_log_in() {
    for (fault, token_requests) in
        [(Fault::Load, 0), (Fault::Save(0), 0), (Fault::Renew, 1), (Fault::Save(1), 1)]
    {
        let bed = TestBed::new();
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        let back = bed.provider.approve(&url, "alice").unwrap();
        let failing = Failing { browser: &browser, fault: Cell::new(fault) };
        let kind = match bed.callback("op", &failing, &back).await {
            Ok(callback) => callback.log_in().await.unwrap_err().kind(),
            Err(error) => error.kind(),
        };
        assert_eq!(kind, ErrorKind::Store);
        assert_eq!(bed.provider.count(Endpoint::Token), token_requests);
        assert!(bed.is_anonymous(&browser).await);
        if fault != Fault::Load {
            // Used up, whatever happened.
            let again = bed.finish(&browser, &back).await.unwrap_err();
            assert_eq!(again.kind(), ErrorKind::InvalidCallback);
        }
    }
}

#[tokio::test]
async fn failing_token_store_blocks_login_but_not_logout() {
    let (store, away) = failing_store(|_| true);
    away.store(true, Ordering::Relaxed);
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store));
    let browser = Browser::default();
    assert_eq!(bed.log_in(&browser).await.unwrap_err().kind(), ErrorKind::Store);
    let state = browser.load().await.unwrap().unwrap();
    assert!(state.logins().is_empty());

    away.store(false, Ordering::Relaxed);
    bed.log_in(&browser).await.unwrap();
    away.store(true, Ordering::Relaxed);
    // The store's error is returned, but the user is logged out all the same.
    assert!(login::logout(&bed.oauth, &browser).await.is_ok(), "nobody is kept logged in");
    assert!(browser.load().await.unwrap().unwrap().logins().is_empty());
}

/// T011: With a pending login store, the session contains only a marker, and both are necessary.
#[tokio::test]
async fn pending_login_store_keeps_secrets_out_of_session() {
    let with_store = || {
        TestBed::with(
            |p| p,
            |c| c,
            |oauth| oauth.pending_login_store(MemoryPendingLoginStore::new()),
        )
    };
    let bed = with_store();
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let state = serde_json::to_string(&browser.load().await.unwrap().unwrap()).unwrap();
    assert!(!state.contains("code_verifier") && !state.contains("nonce"), "{state}");
    assert!(state.len() < 200, "{} bytes", state.len());
    let back = bed.provider.approve(&url, "alice").unwrap();
    // S1: the store alone is not sufficient.
    let stranger = Browser::default();
    bed.start(&stranger).await.unwrap();
    assert!(bed.finish(&stranger, &back).await.is_err());
    // The session alone is not sufficient either: another process with an empty store.
    let elsewhere = with_store();
    assert!(elsewhere.finish(&browser, &back).await.is_err());
    assert_eq!(bed.provider.count(Endpoint::Token), 0);

    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    assert_eq!(
        bed.finish(&browser, &back).await.unwrap().token().unwrap().userinfo().unwrap().sub(),
        "alice"
    );
    assert!(bed.finish(&browser, &back).await.is_err());
}

/// C15: the session id changes at login and logout, and a second login replaces the token of the
/// first.
#[tokio::test]
async fn login_and_logout_renew_session_id() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let first = bed.log_in(&browser).await.unwrap();
    assert_eq!(*browser.renewed.borrow(), 1);
    let second = bed.log_in(&browser).await.unwrap();
    assert_eq!(*browser.renewed.borrow(), 2);
    let old = bed.app().active_token(&first.owner()).await.unwrap_err();
    assert_eq!(old.kind(), ErrorKind::Unauthenticated, "the replaced login's token is deleted");
    assert!(bed.app().active_token(&second.owner()).await.is_ok());
    login::logout(&bed.oauth, &browser).await.unwrap();
    assert_eq!(*browser.renewed.borrow(), 3);
    assert!(bed.app().active_token(&second.owner()).await.is_err());
    assert!(login::logout(&bed.oauth, &browser).await.unwrap().is_none());
}
