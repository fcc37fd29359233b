//! Tokens that the store failed to save: a rotated refresh token must not be lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::store::{FnTokenStore, TokenChange, TokenOwner, TokenStore as _, UnsavedToken};
use authlib_core::{Error, ErrorKind, Token};
use authlib_provider::{Endpoint, Fault, Reply};

use crate::test_bed::service::{WAYS, Way, service_bed};
use crate::test_bed::stores::Disk;
use crate::test_bed::wrapped_store::save;
use crate::test_bed::{Browser, HOUR, TestBed, builder, expired, listen};

/// Alice's token has expired and the disk is full.
async fn full() -> (TestBed, Disk, TokenOwner, Token) {
    let disk = Disk::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(disk.store()));
    let (_, owner, old) = expired(&bed).await;
    disk.fill(true);
    (bed, disk, owner, old)
}

async fn is_active(bed: &TestBed, token: &Token) -> bool {
    bed.app().introspect_token(&token.access_token, None).await.unwrap().active()
}

#[tokio::test]
async fn unsaved_token_comes_with_error_and_is_stored_later() {
    let (bed, disk, owner, old) = full().await;
    let heard = listen(&bed.oauth);
    let mut rescued = None;
    // While the disk is full, nothing more is requested, and no token is returned.
    for _ in 0..20 {
        let error = bed.app().active_token(&owner).await.unwrap_err();
        assert_eq!((error.kind(), error.client()), (ErrorKind::Store, Some("op")));
        assert!(!format!("{error} {error:?}").contains(old.access_token.expose()));
        let unsaved = UnsavedToken::of(&error).expect("the token comes along").token().clone();
        assert!(!format!("{error:?}").contains(unsaved.access_token.expose()));
        let first: &Token = rescued.get_or_insert_with(|| unsaved.clone());
        assert_eq!(first.access_token, unsaved.access_token);
    }
    let rescued = rescued.unwrap();
    assert_ne!(rescued.refresh_token, old.refresh_token);
    assert!(heard.lock().unwrap().is_empty());
    let error = bed.app().get("echo", &owner).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(bed.provider.count(Endpoint::Api), 0);
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
    disk.fill(false);
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_eq!(token.access_token, rescued.access_token);
    assert_eq!(
        disk.store().load(&owner).await.unwrap().unwrap().refresh_token,
        rescued.refresh_token
    );
    assert_eq!(heard.lock().unwrap().len(), 1);
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
    // The next refresh continues with that token.
    bed.clock.advance(HOUR);
    bed.app().active_token(&owner).await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Token), 2);
}

/// The old token is valid for half a minute, but its refresh token was used: the caller must get
/// the new one, or it may be lost.
#[tokio::test]
async fn unsaved_token_is_reported_even_if_old_one_is_valid() {
    let disk = Disk::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(disk.store()));
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    bed.clock.advance(Duration::from_secs(3600 - 30));
    disk.fill(true);
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(UnsavedToken::of(&error).is_some());
}

/// A disk that was full for hours: the stored token has expired, and is refreshed before it is
/// returned.
#[tokio::test]
async fn expired_unsaved_token_is_stored_and_refreshed() {
    let (bed, disk, owner, _) = full().await;
    let error = bed.app().active_token(&owner).await.unwrap_err();
    let unsaved = UnsavedToken::of(&error).unwrap().token().clone();
    bed.clock.advance(HOUR);
    disk.fill(false);
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_ne!(token.access_token, unsaved.access_token);
    assert!(is_active(&bed, &token).await);
    assert_eq!(bed.provider.count(Endpoint::Token), 2);
}

#[tokio::test]
async fn logout_drops_unsaved_token() {
    let (bed, disk, owner, _) = full().await;
    bed.app().active_token(&owner).await.unwrap_err();
    disk.store().delete(&owner).await.unwrap();
    disk.fill(false);
    for _ in 0..2 {
        let error = bed.app().active_token(&owner).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
    // Not even for a later login of the same owner.
    save(&disk.store(), &owner, Token::bearer("of a later login")).await;
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_eq!(token.access_token.expose(), "of a later login");
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn new_login_replaces_unsaved_token() {
    let (bed, disk, owner, _) = full().await;
    bed.app().active_token(&owner).await.unwrap_err();
    disk.fill(false);
    save(&disk.store(), &owner, Token::bearer("of a later login")).await;
    for _ in 0..2 {
        let token = bed.app().active_token(&owner).await.unwrap();
        assert_eq!(token.access_token.expose(), "of a later login");
    }
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// RFC 7009: the newest token must be revoked.
#[tokio::test]
async fn revocation_revokes_unsaved_token() {
    let (bed, disk, owner, _) = full().await;
    let error = bed.app().active_token(&owner).await.unwrap_err();
    let unsaved = UnsavedToken::of(&error).unwrap().token().clone();
    assert!(is_active(&bed, &unsaved).await);
    bed.app().revoke_token(&owner).await.unwrap();
    assert!(!is_active(&bed, &unsaved).await);
    assert!(disk.store().load(&owner).await.unwrap().is_none());
    disk.fill(false);
    assert_eq!(
        bed.app().active_token(&owner).await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert!(disk.store().load(&owner).await.unwrap().is_none());
}

/// The response could not be verified and the store failed: the refresh token is not lost.
#[tokio::test]
async fn rotated_refresh_token_survives_two_failures() {
    let (bed, disk, owner, old) = full().await;
    bed.provider.rotate_keys();
    bed.provider.inject(Fault::Response(Endpoint::Jwks, Reply::html(503)));
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
    bed.provider.clear_faults();
    disk.fill(false);
    bed.clock.advance(HOUR);
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_ne!(token.access_token, old.access_token);
    assert_eq!(token.userinfo().unwrap().sub(), "alice");
    assert_eq!(bed.provider.count(Endpoint::Token), 2);
}

/// A rejection that could not be stored is not requested again.
#[tokio::test]
async fn store_failure_does_not_resend_rejected_refresh_token() {
    let (bed, disk, owner, _) = full().await;
    bed.provider.inject(Fault::RefreshRefused);
    for _ in 0..10 {
        let error = bed.app().active_token(&owner).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
    }
    disk.fill(false);
    let heard = listen(&bed.oauth);
    assert_eq!(
        bed.app().active_token(&owner).await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert!(disk.store().load(&owner).await.unwrap().unwrap().refresh_token.is_none());
    assert!(heard.lock().unwrap().is_empty(), "the access token is the same");
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// Otherwise the next call would store and use the revoked token.
#[tokio::test]
async fn unsaved_token_is_not_stored_after_revocation() {
    for way in WAYS {
        let (bed, disk) = (service_bed(), Disk::default());
        let client = builder(&bed, way.config(&bed)).token_store(disk.store()).build().unwrap();
        disk.fill(true);
        let error = client.active_token().await.unwrap_err();
        let revoked = UnsavedToken::of(&error).unwrap().token().access_token.clone();
        client.revoke_token().await.unwrap();
        disk.fill(false);
        let token = client.active_token().await.unwrap();
        assert_ne!(token.access_token, revoked, "{way:?}");
    }
}

#[tokio::test]
async fn unsaved_first_token_never_overwrites_stored_one() {
    for way in WAYS {
        for other in [false, true] {
            let (bed, disk) = (service_bed(), Disk::default());
            let client = builder(&bed, way.config(&bed)).token_store(disk.store());
            let client = client.build().unwrap();
            disk.fill(true);
            let error = client.active_token().await.unwrap_err();
            let unsaved = UnsavedToken::of(&error).unwrap().token().access_token.clone();
            assert_eq!(client.active_token().await.unwrap_err().kind(), ErrorKind::Store);
            disk.fill(false);
            let mut expected = unsaved;
            if other {
                expected = "another".into();
                client.set_token(&Token::bearer("another")).await.unwrap();
            }
            for _ in 0..2 {
                assert_eq!(client.active_token().await.unwrap().access_token, expected);
            }
            assert_eq!(client.token().await.unwrap().unwrap().access_token, expected);
            assert_eq!(bed.provider.count(Endpoint::Token), 1, "{way:?}");
        }
    }
}

type Changes = Arc<Mutex<Vec<TokenChange>>>;

/// A store of two functions; the second fails while the switch is on.
fn functions() -> (FnTokenStore, Changes, Arc<AtomicBool>) {
    let (changes, fails) = (Changes::default(), Arc::new(AtomicBool::new(false)));
    let (found, heard, switch) = (changes.clone(), changes.clone(), fails.clone());
    let store = FnTokenStore::new(
        move |owner| {
            let changes = found.lock().unwrap();
            let last = changes.iter().rev().find(|change| change.owner == owner);
            let token = last.and_then(|change| change.token.clone());
            async move { Ok(token) }
        },
        move |change| {
            let fails = switch.load(Ordering::Relaxed);
            if !fails {
                heard.lock().unwrap().push(change);
            }
            // A callback can return any error.
            let failed = || Error::new(ErrorKind::AccessDenied, "read only");
            async move { if fails { Err(failed()) } else { Ok(()) } }
        },
    );
    (store, changes, fails)
}

#[tokio::test]
async fn fn_token_store_receives_owner_and_both_tokens() {
    let (store, changes, fails) = functions();
    let bed = service_bed();
    let config = Way::ClientCredentials.config(&bed);
    let client = builder(&bed, config).user("nightly").token_store(store).build().unwrap();
    let first = client.active_token().await.unwrap();
    bed.clock.advance(HOUR);
    // Every failure is a store error, and causes no second request.
    fails.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let error = client.active_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{error}");
        assert!(format!("{:?}", UnsavedToken::of(&error).unwrap()).contains("read only"));
    }
    fails.store(false, Ordering::Relaxed);
    let second = client.active_token().await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Token), 2);
    client.revoke_token().await.unwrap();
    let changes = changes.lock().unwrap();
    let name = |token: &Option<Token>| token.as_ref().map(|t| t.access_token.expose().to_owned());
    let told: Vec<_> =
        changes.iter().map(|change| (name(&change.token), name(&change.old))).collect();
    let (first, second) = (name(&Some(first)), name(&Some(second)));
    assert_eq!(told, [(first.clone(), None), (second, first), (None, None)]);
    assert!(changes.iter().all(|change| change.owner == TokenOwner::new("service", "nightly")));
    assert!(!format!("{changes:?}").contains(told[1].0.as_deref().unwrap()));
}

#[tokio::test]
async fn failing_store_read_fetches_no_token() {
    let bed = service_bed();
    let store = FnTokenStore::new(
        |_| async { Err(Error::new(ErrorKind::Store, "the table is locked")) },
        |_| async { Ok(()) },
    );
    let config = Way::ClientCredentials.config(&bed);
    let client = builder(&bed, config).token_store(store).build().unwrap();
    for error in [
        client.active_token().await.unwrap_err(),
        client.get("echo").send().await.unwrap_err(),
        client.refresh_token().await.unwrap_err(),
        client.revoke_token().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(UnsavedToken::of(&error).is_none());
    }
    assert!(bed.provider.received_requests().is_empty());
}
