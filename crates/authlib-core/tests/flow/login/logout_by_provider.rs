//! Logins that the provider ends: what its requests must have, and what follows a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authlib_core::login::{self, back_channel_logout};
use authlib_core::store::{LoginQuery, TokenStore as _};
use authlib_core::{ErrorKind, Result};
use authlib_provider::Fault;
use futures_util::FutureExt as _;
use serde_json::json;

use crate::test_bed::stores::Shared;
use crate::test_bed::wrapped_store::{Call, WrappedStore, failing_store};
use crate::test_bed::{Browser, HOUR, ISSUER, TestBed};

/// A store, and the switch that makes it fail to delete rows.
fn failing_bed() -> (TestBed, Arc<AtomicBool>) {
    let (store, fails) = failing_store(|call| call == Call::Delete);
    (TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store)), fails)
}

async fn front_channel(bed: &TestBed, browser: &Browser, iss: &str, sid: &str) -> Result<usize> {
    let query = format!("iss={iss}&sid={sid}");
    login::front_channel_logout(&bed.app(), browser, Some(&query)).await
}

/// OpenID Connect Back-Channel Logout 1.0 §2.8: the provider may send the token again after an error.
#[tokio::test]
async fn failed_logout_token_can_be_repeated_and_used_one_cannot() {
    let (bed, fails) = failing_bed();
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    let token = bed.provider.logout_token("app", &json!({"sub": "alice"}));
    let token = bed.app().verify_logout_token(&token).await.unwrap();
    fails.store(true, Ordering::Relaxed);
    let error = back_channel_logout(&bed.app(), &token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    fails.store(false, Ordering::Relaxed);
    assert_eq!(back_channel_logout(&bed.app(), &token).await.unwrap(), 1);
    assert!(bed.is_anonymous(&browser).await);
    let error = back_channel_logout(&bed.app(), &token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidIdToken, "a replay");
}

#[tokio::test]
async fn front_channel_logout_says_if_the_login_did_not_end() {
    let (bed, fails) = failing_bed();
    let browser = Browser::default();
    bed.provider.inject(Fault::claim("sid", "s1"));
    bed.log_in(&browser).await.unwrap();
    fails.store(true, Ordering::Relaxed);
    let error = front_channel(&bed, &browser, ISSUER, "s1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    fails.store(false, Ordering::Relaxed);
    assert_eq!(front_channel(&bed, &browser, ISSUER, "s1").await.unwrap(), 1);
    assert!(bed.is_anonymous(&browser).await);
}

/// Anybody can send these requests: what they store has a limit, and names of other issuers are not stored.
#[tokio::test]
async fn front_channel_logouts_of_unknown_sessions_are_limited() {
    let store = Shared::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let (browser, nobody) = (Browser::default(), Browser::default());
    bed.provider.inject(Fault::claim("sid", "s1"));
    bed.log_in(&browser).await.unwrap();
    let long = "s".repeat(513);
    for (iss, sid) in [("https://evil.example", "s1"), (ISSUER, long.as_str())] {
        let error = front_channel(&bed, &nobody, iss, sid).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{iss}");
    }
    for sid in 0..1_000 {
        front_channel(&bed, &nobody, ISSUER, &format!("unknown-{sid}")).await.unwrap();
    }
    let error = front_channel(&bed, &nobody, ISSUER, "one-more").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    let session = |sid: &str| LoginQuery::Session { issuer: ISSUER.into(), sid: sid.into() };
    assert!(store.logins_ended_at(&[session("unknown-999")]).await.unwrap().is_some());
    assert!(store.logins_ended_at(&[session("one-more")]).await.unwrap().is_none());
    assert!(!bed.is_anonymous(&browser).await);
    assert_eq!(front_channel(&bed, &nobody, ISSUER, "s1").await.unwrap(), 1, "a known one");
    assert!(bed.is_anonymous(&browser).await);
    bed.clock.advance(HOUR);
    assert!(front_channel(&bed, &nobody, ISSUER, "one-more").await.is_ok());
}

/// The second login is stored, and ends while the refresh token of the first is moved to it.
#[tokio::test]
async fn login_that_ended_during_its_callback_does_not_come_back() {
    let rows = Shared::default();
    let (deletes, is_second) = (rows.clone(), Arc::new(AtomicBool::new(false)));
    let armed = is_second.clone();
    let store = WrappedStore::new(&rows, move |call| {
        if call == Call::Replace && armed.load(Ordering::Relaxed) {
            let query = LoginQuery::ClientSubject { client: "op".into(), sub: "alice".into() };
            for row in deletes.find_rows(&query).now_or_never().unwrap()? {
                deletes.delete(&row.owner).now_or_never().unwrap()?;
            }
        }
        Ok(())
    });
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store));
    let browser = Browser::default();
    bed.log_in(&browser).await.unwrap();
    bed.provider.inject(Fault::TokenMissing("refresh_token".into()));
    is_second.store(true, Ordering::Relaxed);
    bed.log_in(&browser).await.unwrap();
    assert!(bed.is_anonymous(&browser).await, "an administrator has deleted all rows");
}
