//! Refresh of users' tokens: concurrency, rotation, rejection, dropped requests.

use std::time::Duration;

use authlib_core::store::{TokenOwner, TokenStore as _};
use authlib_core::{ErrorKind, login};
use authlib_provider::{Endpoint, Fault, Reply};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use serde_json::json;

use crate::test_bed::log::capture_log;
use crate::test_bed::stores::Shared;
use crate::test_bed::{Browser, HOUR, ISSUER, TestBed, expired, listen};

/// Shopify, Slack and others return the account with the first token only.
#[tokio::test]
async fn extra_members_survive_refresh_without_them() {
    let bed = TestBed::new();
    bed.provider.inject(Fault::token("team", json!("T1")));
    let browser = Browser::default();
    let owner = bed.log_in(&browser).await.unwrap().owner();
    bed.provider.clear_faults();
    bed.clock.advance(HOUR);
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_eq!(token.extra::<String>("team").unwrap().as_deref(), Some("T1"));
    bed.provider.inject(Fault::token("team", json!("T2")));
    bed.clock.advance(HOUR);
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_eq!(token.extra::<String>("team").unwrap().as_deref(), Some("T2"));
}

/// H24, I11: a hundred requests at once with one expired token.
#[tokio::test]
async fn hundred_concurrent_calls_send_one_refresh_request() {
    let bed = TestBed::new();
    let (_, owner, old) = expired(&bed).await;
    let heard = listen(&bed.oauth);
    let app = bed.app();
    let tokens = join_all((0..100).map(|_| app.active_token(&owner))).await;
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
    let first = tokens[0].clone().unwrap();
    assert_ne!(first.access_token, old.access_token);
    for token in tokens {
        assert_eq!(token.unwrap().access_token, first.access_token);
    }
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    let [update] = heard.as_slice() else { panic!("{} updates", heard.len()) };
    assert_eq!(update.owner, owner);
    assert_eq!(update.old.refresh_token, old.refresh_token);
    assert_eq!(update.token.access_token, first.access_token);
    // It is in the store: no second request.
    assert_eq!(app.active_token(&owner).await.unwrap().access_token, first.access_token);
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// I12: two users at once, each gets its own token.
#[tokio::test]
async fn refreshes_of_two_users_do_not_mix() {
    let bed = TestBed::new();
    let mut owners = Vec::new();
    for user in ["alice", "bob"] {
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        let back = bed.provider.approve(&url, user).unwrap();
        owners.push((user, bed.finish(&browser, &back).await.unwrap().owner()));
    }
    bed.clock.advance(HOUR);
    let app = bed.app();
    let users = join_all(owners.iter().cycle().take(20).map(|(user, owner)| {
        let app = app.clone();
        async move { (*user, app.userinfo(owner).await.unwrap()) }
    }))
    .await;
    for (user, info) in users {
        assert_eq!(info.sub(), user);
    }
    assert_eq!(bed.provider.count(Endpoint::Token), 4, "two logins and two refreshes");
}

/// RFC 6749 §6: members that a refresh response omits stay the same, and each rotated token is used
/// once.
#[tokio::test]
async fn rotated_refresh_token_replaces_old_one_else_kept() {
    for rotates in [true, false] {
        let bed = TestBed::new();
        let (_, owner, old) = expired(&bed).await;
        if !rotates {
            bed.provider.inject(Fault::NoRotation);
        }
        bed.provider.inject(Fault::TokenMissing("scope".into()));
        let mut seen = vec![old.access_token];
        for _ in 0..3 {
            let token = bed.app().active_token(&owner).await.unwrap();
            assert!(!seen.contains(&token.access_token));
            assert_eq!(token.refresh_token == old.refresh_token, !rotates);
            assert_eq!(token.scope.as_deref(), Some("openid profile email"));
            assert_eq!(token.userinfo().unwrap().sub(), "alice", "who it is stays known");
            seen.push(token.access_token);
            bed.clock.advance(HOUR);
        }
        let requests = bed.provider.received_requests();
        let mut tokens = requests.iter().filter(|seen| seen.endpoint == Endpoint::Token);
        assert!(tokens.all(|seen| seen.names.contains(&"refresh_token".to_owned())));
    }
}

/// I13: a rejected refresh token is not used again.
#[tokio::test]
async fn rejected_refresh_is_remembered_until_new_login() {
    let bed = TestBed::new();
    let (_, owner, _) = expired(&bed).await;
    bed.provider.inject(Fault::RefreshRefused);
    let app = bed.app();
    for _ in 0..100 {
        let error = app.active_token(&owner).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        assert_eq!(error.client(), Some("op"));
    }
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// During an outage of the provider, the user stays logged in, and the refresh token is kept.
#[tokio::test]
async fn provider_outage_loses_no_token() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let login = bed.log_in(&browser).await.unwrap();
    let (app, owner) = (bed.app(), login.owner());
    bed.provider.inject(Fault::Response(Endpoint::Token, Reply::Reset));
    // Within the leeway, the old token is used.
    bed.clock.advance(Duration::from_secs(3570));
    let token = app.active_token(&owner).await.unwrap();
    assert_eq!(token.access_token, login.token().unwrap().access_token);
    // After its expiry it is not used.
    bed.clock.advance(Duration::from_secs(30));
    assert_eq!(app.active_token(&owner).await.unwrap_err().kind(), ErrorKind::Transport);
    for reply in [Reply::json(503, "{}"), Reply::html(200), Reply::json(429, r#"{"error":"x"}"#)] {
        bed.provider.clear_faults();
        bed.provider.inject(Fault::Response(Endpoint::Token, reply));
        bed.clock.advance(Duration::from_secs(60));
        assert_eq!(app.active_token(&owner).await.unwrap_err().kind(), ErrorKind::InvalidResponse);
    }
    bed.provider.clear_faults();
    bed.clock.advance(Duration::from_secs(60));
    assert_ne!(app.active_token(&owner).await.unwrap().access_token, token.access_token);
}

/// The rotated token is not lost, wherever the request is dropped.
#[tokio::test]
async fn request_dropped_during_refresh_loses_no_token() {
    for polls in 0..20 {
        let bed = TestBed::new();
        let (_, owner, old) = expired(&bed).await;
        let app = bed.app();
        let mut dropped = Box::pin(app.active_token(&owner));
        for _ in 0..polls {
            if let Some(done) = (&mut dropped).now_or_never() {
                done.unwrap();
                break;
            }
        }
        drop(dropped);
        let token = app.active_token(&owner).await.unwrap();
        assert_ne!(token.access_token, old.access_token);
        assert_eq!(bed.provider.count(Endpoint::Token), 1, "after {polls} polls");
        // The stored token is the provider's current one.
        assert_eq!(app.userinfo(&owner).await.unwrap().sub(), "alice");
    }
}

#[tokio::test]
async fn logout_during_refresh_wins() {
    let store = Shared::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let (browser, owner, _) = expired(&bed).await;
    let heard = listen(&bed.oauth);
    let app = bed.app();
    let (refreshed, logged_out) =
        tokio::join!(app.active_token(&owner), login::logout(&bed.oauth, &browser));
    assert!(logged_out.unwrap().is_some());
    assert_eq!(refreshed.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert!(store.load(&owner).await.unwrap().is_none());
    assert!(heard.lock().unwrap().is_empty());
}

/// J31, I14: a refreshed ID token must be for the same user. Otherwise the response is not used, and the login
/// ends.
#[tokio::test]
async fn refresh_that_changes_user_ends_login() {
    for (fault, says) in [
        (Fault::RefreshedClaim("sub".into(), json!("mallory")), "`sub`"),
        (Fault::RefreshedClaim("sub".into(), json!(1)), "`sub`"),
        (Fault::RefreshedClaim("iss".into(), json!("https://evil.example")), "`iss`"),
        (Fault::RefreshedClaim("aud".into(), json!("other")), "`aud`"),
        (Fault::RefreshedClaim("nonce".into(), json!("another")), "`nonce`"),
        (Fault::BadSignature, "signature"),
        (Fault::Unsigned("none".into()), "three parts"),
    ] {
        let store = Shared::default();
        let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
        let (browser, owner, _) = expired(&bed).await;
        let heard = listen(&bed.oauth);
        bed.provider.inject(fault.clone());
        let error = bed.app().active_token(&owner).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidIdToken, "{fault:?}: {error}");
        assert!(error.report().to_string().contains(says), "{fault:?}: {error}");
        assert!(error.to_string().contains("must log in again"), "{fault:?}: {error}");
        assert!(store.load(&owner).await.unwrap().is_none(), "{fault:?}");
        assert!(bed.is_anonymous(&browser).await, "{fault:?}");
        assert!(heard.lock().unwrap().is_empty(), "{fault:?}");
        // The used refresh token is not sent again.
        assert_eq!(
            bed.app().active_token(&owner).await.unwrap_err().kind(),
            ErrorKind::Unauthenticated
        );
        assert_eq!(bed.provider.count(Endpoint::Token), 1, "{fault:?}");
    }
    // A refreshed ID token may omit the nonce, and a refresh response the ID token.
    for fault in [Fault::without_claim("nonce"), Fault::NoIdToken] {
        let bed = TestBed::new();
        let (_, owner, old) = expired(&bed).await;
        bed.provider.inject(fault.clone());
        let token = bed.app().active_token(&owner).await.unwrap();
        assert_ne!(token.access_token, old.access_token, "{fault:?}");
        assert!(token.id_token.is_some(), "{fault:?}");
    }
}

/// Doorkeeper, and so GitLab, sends the `auth_time` of the latest sign-in on any device. The tokens are
/// used, and what the login knows about the user stays.
#[tokio::test]
async fn odd_refreshed_id_token_keeps_tokens_and_claims() {
    for (fault, says) in [
        (Fault::RefreshedClaim("auth_time".into(), json!(1)), "`auth_time`"),
        (Fault::RefreshedClaim("auth_time".into(), json!("1")), "`auth_time`"),
        (Fault::RefreshedClaim("azp".into(), json!("other")), "`azp`"),
        (Fault::RefreshedClaim("at_hash".into(), json!("AAAA")), "`at_hash`"),
        (Fault::RefreshedClaim("exp".into(), json!(1)), "expired"),
        (Fault::without_claim("iat"), "`iat`"),
        (Fault::header("typ", "at+jwt"), "at+jwt"),
    ] {
        let (log, _guard) = capture_log();
        let bed = TestBed::new();
        let (browser, owner, old) = expired(&bed).await;
        bed.provider.inject(fault.clone());
        let mut seen = vec![(old.access_token.clone(), old.refresh_token.clone())];
        for _ in 0..2 {
            let token = bed.app().active_token(&owner).await.unwrap();
            let tokens = (token.access_token.clone(), token.refresh_token.clone());
            assert!(!seen.contains(&tokens), "{fault:?}");
            seen.push(tokens);
            assert_eq!(token.userinfo().unwrap(), old.userinfo().unwrap(), "{fault:?}");
            assert_eq!(token.id_token, old.id_token, "{fault:?}");
            assert!(!bed.is_anonymous(&browser).await);
            bed.clock.advance(HOUR);
        }
        let text = log.text();
        assert!(text.contains("refreshed ID token ignored") && text.contains(says), "{text}");
    }
}

/// J31: After a login without a nonce, an ID token with one is rejected.
#[tokio::test]
async fn unsent_nonce_in_refreshed_id_token_is_rejected() {
    let bed = TestBed::with(|p| p, |client| client.dangerous_skip_nonce(), |oauth| oauth);
    let (_, owner, _) = expired(&bed).await;
    bed.provider.inject(Fault::RefreshedClaim("nonce".into(), json!("unasked")));
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert!(error.to_string().contains("`nonce`"), "{error}");
}

/// T010: a refresh endpoint of its own, and the subscriber hears of its token.
#[tokio::test]
async fn refresh_uses_configured_endpoint_and_parameters() {
    let bed = TestBed::with(
        |provider| provider,
        |client| {
            client
                .refresh_token_param("audience", "api")
                .refresh_token_url(format!("{ISSUER}/api/refresh"))
        },
        |oauth| oauth,
    );
    let (_, owner, old) = expired(&bed).await;
    let heard = listen(&bed.oauth);
    let body = r#"{"access_token":"new","token_type":"Bearer","expires_in":60}"#;
    bed.provider.inject(Fault::Response(Endpoint::Api, Reply::json(200, body)));
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_eq!(token.access_token.expose(), "new");
    let requests = bed.provider.received_requests();
    let [asked] = requests.iter().filter(|seen| seen.method == "POST").collect::<Vec<_>>()[..]
    else {
        panic!("{requests:?}");
    };
    assert_eq!(asked.path, "/api/refresh");
    assert_eq!(asked.field("audience"), Some("api"));
    assert_eq!(asked.field("grant_type"), Some("refresh_token"));
    assert_eq!(asked.secret("refresh_token"), old.refresh_token.as_ref().map(|t| t.expose()));
    let heard = heard.lock().unwrap();
    let [update] = heard.as_slice() else { panic!("{} updates", heard.len()) };
    assert_eq!(update.token.access_token.expose(), "new");
    assert_eq!(update.old.access_token, old.access_token);
}

#[tokio::test]
async fn token_without_expiry_or_refresh_token_never_refreshes() {
    let bed = TestBed::new();
    bed.provider.inject(Fault::TokenMissing("expires_in".into()));
    let login = bed.log_in(&Browser::default()).await.unwrap();
    bed.provider.clear_faults();
    bed.clock.advance(HOUR * 11);
    assert!(bed.app().active_token(&login.owner()).await.is_ok());
    assert_eq!(bed.provider.count(Endpoint::Token), 1);

    let bed = TestBed::new();
    bed.provider.inject(Fault::TokenMissing("refresh_token".into()));
    let (_, owner, _) = expired(&bed).await;
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("no refresh token"), "{error}");
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn unknown_owner_has_no_token() {
    let bed = TestBed::new();
    let nobody = TokenOwner::new("op", "nobody");
    let error = bed.app().active_token(&nobody).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(bed.provider.received_requests().is_empty());
}
