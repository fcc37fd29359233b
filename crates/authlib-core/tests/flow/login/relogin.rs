//! A second login of a browser whose response has no refresh token, as Google's.

use authlib_core::adapter::LoginClient;
use authlib_core::store::TokenStore as _;
use authlib_core::{Token, login};
use authlib_provider::{Endpoint, Fault};
use futures_util::future::join;
use http::Method;

use crate::test_bed::stores::Shared;
use crate::test_bed::{Browser, HOUR, TestBed, request};

fn bed(store: &Shared) -> TestBed {
    TestBed::with(
        |provider| provider,
        |client| client.accepted_issuer("https://b.example"),
        |oauth| oauth.token_store(store.clone()),
    )
}

fn no_refresh_token() -> Fault {
    Fault::TokenMissing("refresh_token".into())
}

#[tokio::test]
async fn second_login_keeps_refresh_token_of_first() {
    let store = Shared::default();
    let bed = bed(&store);
    let browser = Browser::default();
    let first = bed.log_in(&browser).await.unwrap();
    bed.provider.inject(no_refresh_token());
    let second = bed.log_in(&browser).await.unwrap();
    assert_eq!(second.token().unwrap().refresh_token, first.token().unwrap().refresh_token);
    assert_ne!(second.token().unwrap().access_token, first.token().unwrap().access_token);
    let stored = store.load(&second.owner()).await.unwrap().unwrap();
    assert_eq!(stored.refresh_token, first.token().unwrap().refresh_token);
    assert!(store.load(&first.owner()).await.unwrap().is_none(), "never in two rows");
    // The refreshed ID token has the nonce of the first login.
    bed.provider.clear_faults();
    bed.clock.advance(HOUR);
    let token = bed.app().active_token(&second.owner()).await.unwrap();
    assert_ne!(token.refresh_token, first.token().unwrap().refresh_token);
    let user = login::require_user(&bed.oauth, &browser).await.unwrap();
    assert_eq!(user.userinfo().unwrap().sub(), "alice");
}

/// Only the same user with the same client in the same browser.
#[tokio::test]
async fn refresh_token_of_another_login_is_not_kept() {
    let store = Shared::default();
    let bed = bed(&store);
    let browser = Browser::default();
    let first = bed.log_in(&browser).await.unwrap();
    bed.provider.inject(no_refresh_token());
    let other = bed.log_in(&Browser::default()).await.unwrap();
    assert!(other.token().unwrap().refresh_token.is_none(), "another browser");
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "bob").unwrap();
    let bob = bed.finish(&browser, &back).await.unwrap();
    assert!(bob.token().unwrap().refresh_token.is_none(), "another user");
    assert!(store.load(&first.owner()).await.unwrap().is_none());

    bed.provider.clear_faults();
    bed.log_in(&browser).await.unwrap();
    bed.provider.inject(no_refresh_token());
    bed.provider.inject(Fault::claim("iss", "https://b.example"));
    let other = bed.log_in(&browser).await.unwrap();
    assert!(other.token().unwrap().refresh_token.is_none(), "the same `sub` of another issuer");

    bed.provider.clear_faults();
    let first = bed.log_in(&browser).await.unwrap();
    let second = bed.log_in(&browser).await.unwrap();
    assert!(second.token().unwrap().refresh_token.is_some());
    assert_ne!(
        second.token().unwrap().refresh_token,
        first.token().unwrap().refresh_token,
        "the login's own"
    );
}

/// The refresh token that is being used up is not the one that is kept.
#[tokio::test]
async fn refresh_in_flight_ends_before_its_token_is_kept() {
    let store = Shared::default();
    let bed = bed(&store);
    let browser = Browser::default();
    let first = bed.log_in(&browser).await.unwrap();
    bed.clock.advance(HOUR);
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.provider.clear_requests();
    let (app, owner) = (bed.app(), first.owner());
    let callback = async {
        // The code's response is the second token response.
        while bed.provider.count(Endpoint::Token) == 0 {
            tokio::task::yield_now().await;
        }
        bed.provider.inject(no_refresh_token());
        bed.finish(&browser, &back).await
    };
    let (refreshed, second) = join(app.active_token(&owner), callback).await;
    let (refreshed, second) = (refreshed.unwrap(), second.unwrap());
    assert_ne!(refreshed.refresh_token, first.token().unwrap().refresh_token);
    assert_eq!(second.token().unwrap().refresh_token, refreshed.refresh_token);
    bed.provider.clear_faults();
    bed.clock.advance(HOUR);
    assert!(app.active_token(&second.owner()).await.is_ok());
}

/// A row that the application selects: reconnecting the same account.
#[tokio::test]
async fn set_token_keeps_refresh_token_of_same_user_only() {
    let store = Shared::default();
    let bed = bed(&store);
    let app = bed.app();
    let token = async || {
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        let back = bed.provider.approve(&url, "alice").unwrap();
        let callback = bed.callback("op", &browser, &back).await.unwrap();
        callback.complete().await.unwrap().token
    };
    let first = token().await;
    let browser = Browser::default();
    let client = LoginClient::new(app, &browser, request(Method::POST, None, &[]));
    let row = client.for_user("employee-7");
    row.set_token(&first).await.unwrap();
    bed.provider.inject(no_refresh_token());
    let again = token().await;
    row.set_token(&again).await.unwrap();
    let stored = row.token().await.unwrap().unwrap();
    assert_eq!(stored.access_token, again.access_token);
    assert_eq!(stored.refresh_token, first.refresh_token);
    // Without a user there is nothing to compare.
    row.set_token(&Token::bearer("at")).await.unwrap();
    assert!(row.token().await.unwrap().unwrap().refresh_token.is_none());
}
