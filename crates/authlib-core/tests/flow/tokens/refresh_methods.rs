//! Refresh methods: when they run, how often, and after failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use authlib_core::clock::Clock as _;
use authlib_core::config::Refresh;
use authlib_core::store::TokenOwner;
use authlib_core::{Error, ErrorKind, Grant, OAuth2Client, Token};
use authlib_provider::{Endpoint, Fault};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use crate::test_bed::service::{WAYS, Way, service, service_bed};
use crate::test_bed::{Browser, HOUR, SECOND, TestBed, client, expired, sent};

#[tokio::test]
async fn first_token_is_fetched_on_demand_and_after_expiry() {
    for way in WAYS {
        let bed = service_bed();
        let client = client(&bed, way.config(&bed));
        assert!(client.token().await.unwrap().is_none(), "{way:?}");
        assert_eq!(bed.provider.count(Endpoint::Token), 0, "{way:?}");
        let first = client.active_token().await.unwrap();
        for _ in 0..3 {
            assert_eq!(client.active_token().await.unwrap().access_token, first.access_token);
        }
        assert_eq!(bed.provider.count(Endpoint::Token), 1, "{way:?}");
        bed.clock.advance(HOUR);
        let second = client.active_token().await.unwrap();
        assert_ne!(second.access_token, first.access_token, "{way:?}");
        assert_eq!(client.get("echo").send().await.unwrap().status(), 200, "{way:?}");
        let requests = sent(&bed, Endpoint::Token);
        assert_eq!(requests.len(), 2, "{way:?}");
        let expected = match way {
            Way::Assertion => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Way::Callback | Way::ClientCredentials => "client_credentials",
        };
        for request in &requests {
            assert_eq!(request.field("grant_type"), Some(expected), "{way:?}");
            assert_eq!(request.field("scope"), Some("read"), "{way:?}");
        }
        // Each assertion is new: the provider accepts none twice.
        if way == Way::Assertion {
            assert_ne!(requests[0].secret("assertion"), requests[1].secret("assertion"));
        }
    }
}

/// RFC 6749 §4.4.3: a refresh token in the response is not used.
#[tokio::test]
async fn client_credentials_never_use_refresh_token() {
    let bed = service_bed();
    bed.provider.inject(Fault::token("refresh_token", "unasked"));
    let client = client(&bed, Way::ClientCredentials.config(&bed));
    client.active_token().await.unwrap();
    bed.clock.advance(HOUR);
    client.active_token().await.unwrap();
    for request in sent(&bed, Endpoint::Token) {
        assert_eq!(request.field("grant_type"), Some("client_credentials"));
        assert!(!request.names.contains(&"refresh_token".to_owned()));
    }
}

#[tokio::test]
async fn refresh_callback_receives_expired_token() {
    let bed = service_bed();
    let clock = bed.clock.clone();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let config = service().refresh_with(Refresh::callback(move |old| {
        let (number, now) = (counter.fetch_add(1, Ordering::Relaxed), clock.now());
        let name = old.map(|old| old.access_token.expose().to_owned()).unwrap_or_default();
        async move {
            let mut token = Token::bearer(format!("{name}{number}"));
            token.expires_at = Some(now + HOUR);
            Ok(token)
        }
    }));
    let client = client(&bed, config);
    for expected in ["0", "01", "012"] {
        assert_eq!(client.active_token().await.unwrap().access_token.expose(), expected);
        assert_eq!(client.active_token().await.unwrap().access_token.expose(), expected);
        bed.clock.advance(HOUR);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    assert!(bed.provider.received_requests().is_empty());
}

/// A user who has logged out gets no token back.
#[tokio::test]
async fn refresh_callback_fetches_no_first_token_of_a_user() {
    let callback = Refresh::callback(|_| async { Ok(Token::bearer("new")) });
    let bed = TestBed::with(|p| p, |client| client.refresh_with(callback), |oauth| oauth);
    let browser = Browser::default();
    let owner = bed.log_in(&browser).await.unwrap().owner();
    let refreshed = bed.app().refresh_token(&owner).await.unwrap();
    assert_eq!(refreshed.access_token.expose(), "new");
    authlib_core::login::logout(&bed.oauth, &browser).await.unwrap();
    for result in [bed.app().active_token(&owner).await, bed.app().refresh_token(&owner).await] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
}

#[tokio::test]
async fn disabled_refresh_uses_token_until_expiry_then_401() {
    let bed = TestBed::with(|p| p, |client| client.refresh_with(Refresh::Off), |oauth| oauth);
    let login = bed.log_in(&Browser::default()).await.unwrap();
    bed.provider.clear_requests();
    assert!(login.token().unwrap().refresh_token.is_some());
    // Within the leeway, too.
    bed.clock.advance(Duration::from_secs(3599));
    assert!(bed.app().active_token(&login.owner()).await.is_ok());
    bed.clock.advance(SECOND);
    let error = bed.app().active_token(&login.owner()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("`refresh_with`"), "{error}");
    let error = bed.app().refresh_token(&login.owner()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(bed.provider.received_requests().is_empty());
}

#[tokio::test]
async fn hundred_concurrent_calls_share_any_refresh_method() {
    for way in WAYS {
        let bed = service_bed();
        let client = client(&bed, way.config(&bed));
        for sent in 1..=3 {
            let tokens = join_all((0..100).map(|_| client.active_token())).await;
            let first = tokens[0].clone().unwrap();
            for token in tokens {
                assert_eq!(token.unwrap().access_token, first.access_token, "{way:?}");
            }
            assert_eq!(bed.provider.count(Endpoint::Token), sent, "{way:?}");
            bed.clock.advance(HOUR);
        }
    }
}

/// Wherever the call is dropped, the token is not fetched twice.
#[tokio::test]
async fn call_dropped_during_refresh_loses_no_token() {
    for way in WAYS {
        for polls in 0..20 {
            let bed = service_bed();
            let client = client(&bed, way.config(&bed));
            let mut dropped = Box::pin(client.active_token());
            for _ in 0..polls {
                if (&mut dropped).now_or_never().is_some() {
                    break;
                }
            }
            drop(dropped);
            let token = client.active_token().await.unwrap();
            assert_eq!(client.active_token().await.unwrap().access_token, token.access_token);
            assert_eq!(bed.provider.count(Endpoint::Token), 1, "{way:?} after {polls} polls");
        }
    }
}

/// RFC 9700 §4.14.2: the refresh token was used and the response is lost. The second attempt is
/// rejected as a replay, and the user must log in again.
#[tokio::test]
async fn lost_refresh_response_retries_once_then_needs_login() {
    let bed = TestBed::new();
    let (_, owner, _) = expired(&bed).await;
    bed.provider.inject(Fault::ResponseLost(Endpoint::Token));
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    bed.clock.advance(SECOND);
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    assert_eq!(error.provider_error(), None, "{error}");
    assert!(error.to_string().contains("log in again"), "{error}");
    for _ in 0..10 {
        bed.clock.advance(HOUR);
        assert_eq!(
            bed.app().active_token(&owner).await.unwrap_err().kind(),
            ErrorKind::Unauthenticated
        );
    }
    assert_eq!(bed.provider.count(Endpoint::Token), 2);
    // Without a refresh token, only time is lost.
    for way in WAYS {
        let bed = service_bed();
        let client = client(&bed, way.config(&bed));
        bed.provider.inject(Fault::ResponseLost(Endpoint::Token));
        assert_eq!(client.active_token().await.unwrap_err().kind(), ErrorKind::Transport);
        bed.clock.advance(SECOND);
        client.active_token().await.unwrap();
    }
}

#[tokio::test]
async fn refresh_callback_error_reaches_caller() {
    for kind in [ErrorKind::Config, ErrorKind::Unauthenticated, ErrorKind::Transport] {
        let bed = service_bed();
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let config = service().refresh_with(Refresh::callback(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            async move { Err(Error::new(kind, "the vault is sealed")) }
        }));
        let client = client(&bed, config);
        for _ in 0..100 {
            let error = client.active_token().await.unwrap_err();
            assert_eq!((error.kind(), error.client()), (kind, Some("service")));
            assert!(error.to_string().contains("the vault is sealed"), "{error}");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1, "nobody knows what a call costs");
        bed.clock.advance(SECOND);
        client.active_token().await.unwrap_err();
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
    let owner = TokenOwner::new("another", "");
    let bed = service_bed();
    let app = client(&bed, service()).registered_client().clone();
    assert_eq!(app.active_token(&owner).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    // The token is not stored under the key of another client.
    let stranger = OAuth2Client::for_owner(&app, owner);
    let error = stranger.set_token(&Token::bearer("ours")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let error = stranger.fetch_token(Grant::client_credentials()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

/// However far the refresh has come, its token is revoked and deleted, and the next one is another.
#[tokio::test]
async fn revocation_waits_for_refresh_and_revokes_new_token() {
    for way in WAYS {
        for polls in 1..12 {
            let bed = service_bed();
            let client = client(&bed, way.config(&bed));
            let mut dropped = Box::pin(client.active_token());
            for _ in 0..polls {
                if (&mut dropped).now_or_never().is_some() {
                    break;
                }
            }
            drop(dropped);
            client.revoke_token().await.unwrap();
            assert!(client.token().await.unwrap().is_none(), "{way:?} after {polls} polls");
            assert_eq!(bed.provider.count(Endpoint::Token), 1, "{way:?} after {polls} polls");
            let requests = bed.provider.received_requests();
            let revoked = requests.iter().find(|seen| seen.endpoint == Endpoint::Revoke).unwrap();
            let revoked = revoked.secret("token").unwrap().to_owned();
            let next = client.active_token().await.unwrap();
            assert_ne!(next.access_token.expose(), revoked);
            let about = client.introspect_token(&revoked.into(), None).await.unwrap();
            assert!(!about.active(), "{way:?} after {polls} polls");
            // Both at once.
            let (_, revoked) = tokio::join!(client.refresh_token(), client.revoke_token());
            revoked.unwrap();
            assert!(client.token().await.unwrap().is_none(), "{way:?}");
        }
    }
}
