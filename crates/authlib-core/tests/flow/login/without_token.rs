//! Logins whose token is not kept (`keep_token`).

use authlib_core::adapter::LoginClient;
use authlib_core::login::{self, Identity, RequireLogin, Session as _, back_channel_logout};
use authlib_core::store::{FnTokenStore, LoginQuery, TokenStore};
use authlib_core::{AuthorizeOptions, ClientConfig, Error, ErrorKind, LogoutOptions};
use authlib_provider::{Endpoint, Fault, TestUser};
use http::Method;
use serde_json::json;

use crate::test_bed::stores::Shared;
use crate::test_bed::{Browser, HOUR, ISSUER, SECOND, TestBed, location, request, sent};

fn bed(store: impl TokenStore + 'static, client: fn(ClientConfig) -> ClientConfig) -> TestBed {
    TestBed::with(
        |provider| {
            provider.user(TestUser::new("carol").name("Carol").claim("groups", json!(["staff"])))
        },
        |config| client(config.keep_token(false)),
        |oauth| oauth.token_store(store),
    )
}

async fn log_in(bed: &TestBed, browser: &Browser, user: &str) -> Result<(), Error> {
    let url = bed.start(browser).await?;
    let back = bed.provider.approve(&url, user).unwrap();
    bed.finish(browser, &back).await.map(drop)
}

/// A store of an application that has no tokens: it neither loads nor saves any.
fn store_of_no_rows() -> FnTokenStore {
    let unused = || Error::new(ErrorKind::Store, "no row is read or written");
    FnTokenStore::new(move |_| async move { Err(unused()) }, move |_| async move { Err(unused()) })
}

#[tokio::test]
async fn login_survives_without_a_row_and_keeps_chosen_claims() {
    let bed = bed(store_of_no_rows(), |config| config.keep_claims(["groups"]));
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "carol").unwrap();
    let result = bed.finish(&browser, &back).await.unwrap();
    assert!(result.token().is_ok(), "at hand at the end of the login");
    assert_eq!(result.userinfo().unwrap().name(), Some("Carol"));
    bed.clock.advance(HOUR);
    bed.provider.clear_requests();
    let user = login::require_user(&bed.oauth, &browser).await.unwrap();
    assert_eq!(user.identity(), Some(Identity::new(ISSUER, "carol")));
    let claims = user.userinfo().unwrap();
    assert_eq!(claims.get::<Vec<String>>("groups").unwrap().unwrap(), ["staff"]);
    assert_eq!((claims.sub(), claims.name()), ("carol", None));
    assert_eq!(user.scope(), Some("openid profile email"));
    assert!(bed.provider.received_requests().is_empty());
    let session = serde_json::to_string(&browser.load().await.unwrap().unwrap()).unwrap();
    for token in ["access_token", "refresh_token", "id_token"] {
        assert!(!session.contains(token), "{session}");
    }
}

#[tokio::test]
async fn calls_name_the_setting() {
    let bed = bed(store_of_no_rows(), |config| config);
    let browser = Browser::default();
    log_in(&bed, &browser, "alice").await.unwrap();
    let user = login::require_user(&bed.oauth, &browser).await.unwrap();
    let client = LoginClient::new(bed.app(), &browser, request(Method::GET, None, &[]));
    let errors = [user.token().map(drop).unwrap_err(), client.user().await.map(drop).unwrap_err()];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`keep_token`"), "{error}");
    }
    // A store with rows would say that there is none.
    let bed = self::bed(Shared::default(), |config| config);
    let error = bed.app().get("echo", &user.owner()).send().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let connect = AuthorizeOptions::from("/authorize/op").connect("7");
    let error = bed.start_with(&browser, connect).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`keep_token`"), "{error}");
}

#[tokio::test]
async fn login_has_the_applications_id_of_the_user() {
    let bed = bed(store_of_no_rows(), |config| config);
    let (one, two) = (Browser::default(), Browser::default());
    for (browser, user) in [(&one, "7"), (&two, "7"), (&two, "")] {
        let url = bed.start(browser).await.unwrap();
        let back = bed.provider.approve(&url, "alice").unwrap();
        let callback = bed.callback("op", browser, &back).await.unwrap();
        let kind = callback.log_in_as(user).await.map(drop).map_err(|error| error.kind());
        let expected = if user.is_empty() { Err(ErrorKind::InvalidRequest) } else { Ok(()) };
        assert_eq!(kind, expected);
    }
    let user = login::require_user(&bed.oauth, &one).await.unwrap();
    assert_eq!(user.user_id(), Some("7"));
    login::logout(&bed.oauth, &one).await.unwrap();
    assert!(bed.is_anonymous(&one).await && !bed.is_anonymous(&two).await);
}

#[tokio::test]
async fn protected_routes_use_kept_claims() {
    let bed = bed(store_of_no_rows(), |config| config.keep_claims(["groups"]));
    let browser = Browser::default();
    let options = AuthorizeOptions::from("/authorize/op").max_age(HOUR);
    let url = bed.start_with(&browser, options).await.unwrap();
    let back = bed.provider.approve(&url, "carol").unwrap();
    bed.finish(&browser, &back).await.unwrap();
    bed.clock.advance(SECOND * 120);
    let any = RequireLogin::new;
    for (required, status) in [
        (any(), 200),
        (any().scope("profile"), 200),
        (any().scope("admin"), 403),
        (any().claim("groups", "staff"), 200),
        (any().claim("groups", "admins"), 403),
        (any().claim("name", "Carol"), 403),
        (any().max_age(HOUR), 200),
        (any().max_age(SECOND), 401),
    ] {
        let request = request(Method::GET, None, &[]);
        let checked =
            authlib_core::adapter::require_login(&bed.oauth, &browser, &request, &required).await;
        let found = checked.map_or_else(|error| error.status(), |_| 200);
        assert_eq!(found, status, "{required:?}");
    }
}

/// With every store, also one without a lookup.
#[tokio::test]
async fn login_ends_by_logout_by_provider_and_everywhere() {
    for has_lookup in [true, false] {
        let bed = match has_lookup {
            true => bed(Shared::default(), |config| config),
            false => bed(store_of_no_rows(), |config| config),
        };
        for by in ["logout", "sub", "sid", "front channel", "identity", "login"] {
            let by_whom = format!("{by}, lookup: {has_lookup}");
            bed.clock.advance(SECOND);
            let (one, copy, bob) = (Browser::default(), Browser::default(), Browser::default());
            bed.provider.inject(Fault::claim("sid", "s1"));
            log_in(&bed, &one, "alice").await.unwrap();
            bed.provider.clear_faults();
            copy.save(&one.load().await.unwrap().unwrap()).await.unwrap();
            log_in(&bed, &bob, "carol").await.unwrap();
            let end = async |claims| {
                let token = bed.provider.logout_token("app", &claims);
                let token = bed.app().verify_logout_token(&token).await.unwrap();
                back_channel_logout(&bed.app(), &token).await.unwrap();
            };
            match by {
                "logout" => drop(login::logout(&bed.oauth, &one).await.unwrap()),
                "sub" => end(json!({"sub": "alice"})).await,
                "sid" => end(json!({"sid": "s1"})).await,
                "front channel" => {
                    let query = format!("iss={ISSUER}&sid=s1");
                    let other = Browser::default();
                    let ended = login::front_channel_logout(&bed.app(), &other, Some(&query)).await;
                    ended.unwrap();
                }
                "identity" => {
                    bed.oauth.end_logins(&Identity::new(ISSUER, "alice")).await.unwrap();
                }
                // A second login in the same browser.
                _ => log_in(&bed, &one, "alice").await.unwrap(),
            }
            assert!(bed.is_anonymous(&copy).await, "{by_whom}");
            assert_eq!(bed.is_anonymous(&one).await, by != "login", "{by_whom}");
            assert!(!bed.is_anonymous(&bob).await, "{by_whom}: another user");
        }
    }
}

/// OpenID Connect RP-Initiated Logout 1.0 §2: `id_token_hint` is recommended, and `client_id` is the alternative.
#[tokio::test]
async fn logout_at_provider_is_without_id_token_hint() {
    let bed = bed(Shared::default(), |config| config);
    let browser = Browser::default();
    log_in(&bed, &browser, "alice").await.unwrap();
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out").revoke_tokens();
    let response = bed.log_out(&browser, &[], options).await.unwrap();
    let url = location(&response);
    assert!(url.contains("client_id=app") && !url.contains("id_token_hint"), "{url}");
    assert!(sent(&bed, Endpoint::Revoke).is_empty());
    assert!(bed.is_anonymous(&browser).await);
}

#[tokio::test]
async fn login_that_is_to_be_revalidated_ends() {
    let bed = TestBed::with(
        |provider| provider,
        |config| config.keep_token(false),
        |oauth| oauth.login_revalidate_after(HOUR),
    );
    let browser = Browser::default();
    log_in(&bed, &browser, "alice").await.unwrap();
    assert!(!bed.is_anonymous(&browser).await);
    bed.clock.advance(HOUR);
    assert!(bed.is_anonymous(&browser).await);
}

#[tokio::test]
async fn setting_counts_from_the_next_login() {
    let store = Shared::default();
    let with_token = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let without = bed(store.clone(), |config| config);
    let (one, two) = (Browser::default(), Browser::default());
    with_token.log_in(&one).await.unwrap();
    log_in(&without, &two, "alice").await.unwrap();
    let user = login::require_user(&without.oauth, &one).await.unwrap();
    assert!(user.token().is_ok());
    let user = login::require_user(&with_token.oauth, &two).await.unwrap();
    assert!(user.token().is_err());
    // The row of the replaced login is deleted.
    log_in(&without, &one, "alice").await.unwrap();
    let query = LoginQuery::ClientSubject { client: "op".to_owned(), sub: "alice".to_owned() };
    assert!(store.find_rows(&query).await.unwrap().is_empty());
}

#[tokio::test]
async fn claims_without_room_fail_the_login() {
    let bed = bed(Shared::default(), |config| config.keep_claims(["name"]));
    let browser = Browser::default();
    bed.provider.inject(Fault::claim("name", "n".repeat(2048)));
    let error = log_in(&bed, &browser, "carol").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("the largest is `name`"), "{error}");
    assert!(bed.is_anonymous(&browser).await);
}
