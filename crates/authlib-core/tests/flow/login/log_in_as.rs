//! Logins whose token is in the row of a user of the application.

use authlib_core::login::{self, Identity, LoginResult, Session as _, back_channel_logout};
use authlib_core::store::{FnTokenStore, TokenOwner, TokenStore as _};
use authlib_core::{ErrorKind, LogoutOptions, Result};
use authlib_provider::{Endpoint, Fault, TestUser};
use serde_json::json;

use crate::test_bed::stores::Shared;
use crate::test_bed::{Browser, HOUR, ISSUER, SECOND, TestBed, sent};

fn bed(store: &Shared) -> TestBed {
    TestBed::with(
        |provider| provider.user(TestUser::new("bob")),
        |client| client,
        |oauth| oauth.token_store(store.clone()),
    )
}

async fn log_in_as(
    bed: &TestBed,
    browser: &Browser,
    account: &str,
    user: &str,
) -> Result<LoginResult> {
    let url = bed.start(browser).await?;
    let back = bed.provider.approve(&url, account).unwrap();
    bed.callback("op", browser, &back).await?.log_in_as(user).await
}

#[tokio::test]
async fn browsers_and_jobs_share_one_row_and_one_refresh() {
    let store = Shared::default();
    let bed = bed(&store);
    let (one, two) = (Browser::default(), Browser::default());
    log_in_as(&bed, &one, "alice", "7").await.unwrap();
    let second = log_in_as(&bed, &two, "alice", "7").await.unwrap();
    assert_eq!(second.owner(), TokenOwner::new("op", "7"));
    let user = login::require_user(&bed.oauth, &one).await.unwrap();
    assert_eq!(user.identity().unwrap().subject, "alice");
    let token = |user: &login::CurrentUser| user.token().unwrap().access_token.clone();
    assert_eq!(token(&user), token(&second), "the newest token");
    bed.clock.advance(HOUR);
    bed.provider.clear_requests();
    for browser in [&one, &two] {
        let user = login::require_user(&bed.oauth, browser).await.unwrap();
        bed.app().active_token(&user.owner()).await.unwrap();
    }
    bed.app().active_token(&TokenOwner::new("op", "7")).await.unwrap();
    assert_eq!(sent(&bed, Endpoint::Token).len(), 1);
    // The row outlives logins.
    bed.clock.advance(HOUR * 24 * 365);
    bed.app().active_token(&TokenOwner::new("op", "7")).await.unwrap();
    assert!(bed.is_anonymous(&one).await, "a login of a year ago");
}

/// A copy of the session, as an encrypted cookie, ends with its login.
#[tokio::test]
async fn logout_ends_login_of_one_browser_and_keeps_token() {
    let store = Shared::default();
    let bed = bed(&store);
    let (one, two, copy) = (Browser::default(), Browser::default(), Browser::default());
    log_in_as(&bed, &one, "alice", "7").await.unwrap();
    log_in_as(&bed, &two, "alice", "7").await.unwrap();
    copy.save(&one.load().await.unwrap().unwrap()).await.unwrap();
    assert!(!bed.is_anonymous(&copy).await);
    let revoking = LogoutOptions::new().revoke_tokens();
    bed.log_out(&one, &[], revoking).await.unwrap();
    assert!(sent(&bed, Endpoint::Revoke).is_empty(), "the others need the token");
    assert!(bed.is_anonymous(&one).await && bed.is_anonymous(&copy).await);
    assert!(!bed.is_anonymous(&two).await);
    bed.app().active_token(&TokenOwner::new("op", "7")).await.unwrap();
    // A second login in the same browser ends the first one, and only that.
    copy.save(&two.load().await.unwrap().unwrap()).await.unwrap();
    bed.clock.advance(SECOND);
    log_in_as(&bed, &two, "alice", "7").await.unwrap();
    assert!(bed.is_anonymous(&copy).await && !bed.is_anonymous(&two).await);
}

#[tokio::test]
async fn all_logins_end_and_token_stays_for_jobs() {
    let store = Shared::default();
    let bed = bed(&store);
    let alice = Identity::new(ISSUER, "alice");
    for by in ["identity", "sub", "sid"] {
        bed.provider.inject(Fault::claim("sid", "s1"));
        let (one, bob) = (Browser::default(), Browser::default());
        log_in_as(&bed, &one, "alice", "7").await.unwrap();
        bed.provider.clear_faults();
        let two = Browser::default();
        log_in_as(&bed, &two, "alice", "7").await.unwrap();
        log_in_as(&bed, &bob, "bob", "8").await.unwrap();
        let end = async |claims| {
            let token = bed.provider.logout_token("app", &claims);
            let token = bed.app().verify_logout_token(&token).await.unwrap();
            back_channel_logout(&bed.app(), &token).await.unwrap();
        };
        match by {
            "identity" => assert_eq!(bed.oauth.end_logins(&alice).await.unwrap(), 0, "no rows"),
            "sub" => end(json!({"sub": "alice"})).await,
            _ => end(json!({"sub": "alice", "sid": "s1"})).await,
        }
        assert!(bed.is_anonymous(&one).await, "{by}");
        assert_eq!(bed.is_anonymous(&two).await, by != "sid", "{by}: another session");
        assert!(!bed.is_anonymous(&bob).await, "{by}: another user");
        bed.app().active_token(&TokenOwner::new("op", "7")).await.unwrap();
        bed.clock.advance(SECOND);
        log_in_as(&bed, &one, "alice", "7").await.unwrap();
        assert!(!bed.is_anonymous(&one).await, "{by}: a new login");
    }
}

#[tokio::test]
async fn disconnecting_ends_logins_of_row() {
    let store = Shared::default();
    let bed = bed(&store);
    let browser = Browser::default();
    log_in_as(&bed, &browser, "alice", "7").await.unwrap();
    assert!(bed.app().disconnect("7").await.unwrap());
    assert!(bed.is_anonymous(&browser).await);
}

#[tokio::test]
async fn row_of_another_account_or_user_is_not_taken() {
    let store = Shared::default();
    let bed = bed(&store);
    let browser = Browser::default();
    log_in_as(&bed, &browser, "alice", "7").await.unwrap();
    let other = Browser::default();
    for (account, user, kind) in [
        ("bob", "7", ErrorKind::Conflict),
        ("alice", "8", ErrorKind::Conflict),
        ("alice", "", ErrorKind::InvalidRequest),
    ] {
        let error = log_in_as(&bed, &other, account, user).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{account} {user}: {error}");
        assert!(bed.is_anonymous(&other).await);
    }
    let user = login::require_user(&bed.oauth, &browser).await.unwrap();
    assert_eq!(user.userinfo().unwrap().sub(), "alice");
}

/// The login of a browser without `log_in_as` becomes one with it, and the other way round.
#[tokio::test]
async fn later_login_of_other_kind_replaces_earlier_one() {
    let store = Shared::default();
    let bed = bed(&store);
    let browser = Browser::default();
    let own = bed.log_in(&browser).await.unwrap().owner();
    log_in_as(&bed, &browser, "alice", "7").await.unwrap();
    assert!(store.load(&own).await.unwrap().is_none());
    bed.log_in(&browser).await.unwrap();
    let kept = store.load(&TokenOwner::new("op", "7")).await.unwrap().unwrap();
    assert!(kept.refresh_token.is_some(), "the user's row keeps its refresh token");
    assert!(!bed.is_anonymous(&browser).await);
}

#[tokio::test]
async fn store_of_two_functions_works_in_one_process() {
    let rows = Shared::default();
    let (found, kept) = (rows.clone(), rows);
    let store = FnTokenStore::new(
        move |owner| {
            let rows = found.clone();
            async move { rows.load(&owner).await }
        },
        move |change| {
            let rows = kept.clone();
            async move {
                match change.token {
                    Some(token) => {
                        crate::test_bed::wrapped_store::save(&rows, &change.owner, token).await
                    }
                    None => rows.delete(&change.owner).await?,
                }
                Ok(())
            }
        },
    );
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store));
    let (one, two) = (Browser::default(), Browser::default());
    log_in_as(&bed, &one, "alice", "7").await.unwrap();
    log_in_as(&bed, &two, "alice", "7").await.unwrap();
    login::logout(&bed.oauth, &one).await.unwrap();
    assert!(!bed.is_anonymous(&two).await);
}
