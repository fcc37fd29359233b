//! The row of a browser login in the token store: its lookup keys and its lifetime.

use authlib_core::login::{self, Session as _};
use authlib_core::store::{LoginQuery, TokenStore as _};
use authlib_provider::Fault;

use crate::test_bed::stores::Shared;
use crate::test_bed::{Browser, HOUR, ISSUER, TestBed};

#[tokio::test]
async fn login_is_found_by_sub_and_sid_until_logout() {
    let store = Shared::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    bed.provider.inject(Fault::claim("sid", "session-1"));
    let browser = Browser::default();
    let owner = bed.log_in(&browser).await.unwrap().owner();
    let state = browser.load().await.unwrap().unwrap();
    let login = state.login("op").unwrap();
    assert_eq!((login.issuer.as_deref(), login.sid.as_deref()), (Some(ISSUER), Some("session-1")));
    let (issuer, sub) = (ISSUER.to_owned(), "alice".to_owned());
    let queries = [
        LoginQuery::ClientSubject { client: "op".to_owned(), sub: sub.clone() },
        LoginQuery::IssuerSubject { issuer: issuer.clone(), sub },
        LoginQuery::Session { issuer, sid: "session-1".to_owned() },
    ];
    for query in &queries {
        let found = store.find_logins(query).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&owner), "{query:?}");
    }
    login::logout(&bed.oauth, &browser).await.unwrap();
    for query in &queries {
        assert!(store.find_logins(query).await.unwrap().is_empty(), "{query:?}");
    }
}

/// Browsers that are closed without a logout leave their rows behind.
#[tokio::test]
async fn abandoned_login_is_dropped_after_its_lifetime() {
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.login_lifetime(HOUR * 3));
    let (browser, active) = (Browser::default(), Browser::default());
    bed.log_in(&browser).await.unwrap();
    let owner = bed.log_in(&active).await.unwrap().owner();
    bed.clock.advance(HOUR * 2);
    bed.app().active_token(&owner).await.unwrap();
    bed.clock.advance(HOUR * 2);
    let user = async |browser| login::current_user(&bed.oauth, browser).await.unwrap();
    assert!(user(&browser).await.is_none());
    assert!(user(&active).await.is_some(), "a refresh restarts the lifetime");
}
