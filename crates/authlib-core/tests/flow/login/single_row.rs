//! One refresh token is in one row.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authlib_core::store::{TokenOwner, TokenStore as _};
use authlib_core::{AuthorizeOptions, ErrorKind, OAuth2Client, Token};
use authlib_provider::Fault;
use serde_json::Value;

use crate::test_bed::stores::Shared;
use crate::test_bed::wrapped_store::{Call, WrappedStore};
use crate::test_bed::{Browser, HOUR, TestBed};

fn bed(store: &Shared) -> TestBed {
    TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()))
}

/// The guide's old `connect` handler: two rows would spend one refresh token.
#[tokio::test]
async fn token_of_a_login_is_not_stored_for_a_user_too() {
    let store = Shared::default();
    let bed = bed(&store);
    let login = bed.log_in(&Browser::default()).await.unwrap();
    let user = OAuth2Client::for_owner(&bed.app(), TokenOwner::new("op", "7"));
    let error = user.set_token(login.token().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert!(error.to_string().contains("`log_in_as(user)`"), "{error}");
    assert!(user.token().await.unwrap().is_none());
    // The same row, and a token without a refresh token, are no conflict.
    let own = OAuth2Client::for_owner(&bed.app(), login.owner());
    own.set_token(login.token().unwrap()).await.unwrap();
    let mut token = login.token().unwrap().clone();
    token.refresh_token = None;
    user.set_token(&token).await.unwrap();
}

/// Some providers return the same refresh token for each login.
#[tokio::test]
async fn repeated_refresh_token_moves_to_the_newest_row() {
    let store = Shared::default();
    let bed = bed(&store);
    let first = bed.log_in(&Browser::default()).await.unwrap();
    let repeated = first.token().unwrap().refresh_token.clone().unwrap();
    bed.provider.inject(Fault::token("refresh_token", repeated.expose()));
    let second = bed.log_in(&Browser::default()).await.unwrap();
    let browser = Browser::default();
    let url = bed
        .start_with(&browser, AuthorizeOptions::from("/authorize/op").connect("7"))
        .await
        .unwrap();
    let holder = async |owner: &TokenOwner| {
        store.load(owner).await.unwrap().unwrap().refresh_token.is_some()
    };
    assert!(!holder(&first.owner()).await && holder(&second.owner()).await);
    let back = bed.provider.approve(&url, "alice").unwrap();
    let callback = bed.callback("op", &browser, &back).await.unwrap();
    let account = callback.connect("7").await.unwrap();
    assert!(!holder(&second.owner()).await && holder(&account.owner).await);
    // The others stay logged in until their access tokens expire.
    bed.provider.clear_faults();
    assert!(bed.app().active_token(&second.owner()).await.is_ok());
    bed.clock.advance(HOUR);
    let error = bed.app().active_token(&second.owner()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

/// A user with many logins must not make each login slower.
#[tokio::test]
async fn login_loads_no_rows_of_other_logins() {
    let (loads, counted) = (Arc::new(AtomicUsize::new(0)), Shared::default());
    let counter = loads.clone();
    let store = WrappedStore::new(&counted, move |call| {
        counter.fetch_add(usize::from(call == Call::Load), Ordering::Relaxed);
        Ok(())
    });
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let loads_of_login = async || {
        let before = loads.load(Ordering::Relaxed);
        bed.log_in(&Browser::default()).await.unwrap();
        loads.load(Ordering::Relaxed) - before
    };
    let first = loads_of_login().await;
    for _ in 0..10 {
        assert_eq!(loads_of_login().await, first);
    }
}

/// OpenID Connect Core §12.2: a refreshed ID token has the `nonce` of the original authentication or none. That is the login
/// from which the refresh token is.
#[tokio::test]
async fn moved_refresh_token_keeps_the_nonce_of_its_login() {
    let nonce = |token: &Token| {
        token.userinfo().unwrap().get::<String>("nonce").unwrap().map_or(Value::Null, Value::from)
    };
    for is_first in [true, false] {
        let store = Shared::default();
        let bed = bed(&store);
        let first = bed.log_in(&Browser::default()).await.unwrap();
        let first = first.token().unwrap();
        let repeated = first.refresh_token.clone().unwrap();
        bed.provider.inject(Fault::token("refresh_token", repeated.expose()));
        let second = bed.log_in(&Browser::default()).await.unwrap();
        bed.provider.clear_faults();
        assert_eq!(nonce(second.token().unwrap()), nonce(first));
        let refreshed = if is_first { nonce(first) } else { "another".into() };
        bed.provider.inject(Fault::RefreshedClaim("nonce".to_owned(), refreshed));
        bed.clock.advance(HOUR);
        let token = bed.app().active_token(&second.owner()).await;
        assert_eq!(token.is_ok(), is_first, "{:?}", token.err());
    }
}
