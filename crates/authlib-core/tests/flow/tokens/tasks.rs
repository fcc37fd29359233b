//! Refreshes as tasks of their own: they end without the request that started them.

use std::time::Duration;

use authlib_core::Token;
use authlib_core::message::{Request, Response};
use authlib_core::store::TokenStore as _;
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_provider::{Endpoint, Fault, Reply};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use crate::test_bed::stores::Shared;
use crate::test_bed::{Browser, ProviderHttp, TestBed, expired};

/// A client with a runtime.
struct Spawning(ProviderHttp);

impl HttpClient for Spawning {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.0.send(request)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        drop(tokio::spawn(task));
        Ok(())
    }
}

fn bed(store: &Shared) -> TestBed {
    let http = |provider| Spawning(ProviderHttp(provider));
    TestBed::with_http(|p| p, |c| c, |oauth| oauth.token_store(store.clone()), http)
}

/// Lets other tasks run.
async fn idle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn is(one: &Token, other: &Token) -> bool {
    one.access_token == other.access_token
}

#[tokio::test]
async fn refresh_is_stored_when_its_caller_goes_away() {
    for polls in 1..8 {
        let store = Shared::default();
        let bed = bed(&store);
        let (_, owner, old) = expired(&bed).await;
        let app = bed.app();
        let mut call = Box::pin(app.active_token(&owner));
        for _ in 0..polls {
            assert!((&mut call).now_or_never().is_none(), "{polls}");
        }
        drop(call);
        idle().await;
        let stored = store.load(&owner).await.unwrap().unwrap();
        assert!(!is(&stored, &old) && stored.refresh_token != old.refresh_token, "{polls}");
        assert_eq!(bed.provider.count(Endpoint::Token), 1, "{polls}");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_refresh_ahead_of_expiry() {
    let store = Shared::default();
    let bed = bed(&store);
    let user = bed.log_in(&Browser::default()).await.unwrap();
    let (owner, old) = (user.login.owner(), user.token().unwrap().clone());
    bed.provider.clear_requests();
    let app = bed.app();
    // A token lives for an hour, and is refreshed a minute before its end.
    bed.clock.advance(Duration::from_secs(3600 - 40));
    let tokens = join_all((0..100).map(|_| app.active_token(&owner))).await;
    assert!(tokens.into_iter().all(|token| is(&token.unwrap(), &old)));
    idle().await;
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
    let stored = store.load(&owner).await.unwrap().unwrap();
    assert!(!is(&stored, &old));
    assert!(is(&app.active_token(&owner).await.unwrap(), &stored));
}

/// The last seconds of a token may be too short for a request.
#[tokio::test]
async fn token_about_to_expire_is_awaited() {
    let store = Shared::default();
    let bed = bed(&store);
    let user = bed.log_in(&Browser::default()).await.unwrap();
    bed.clock.advance(Duration::from_secs(3600 - 30));
    let token = bed.app().active_token(&user.login.owner()).await.unwrap();
    assert!(!is(&token, user.token().unwrap()));
}

#[tokio::test]
async fn failed_early_refresh_keeps_token_until_it_expires() {
    let store = Shared::default();
    let bed = bed(&store);
    let user = bed.log_in(&Browser::default()).await.unwrap();
    let (owner, app) = (user.login.owner(), bed.app());
    bed.provider.inject(Fault::Response(Endpoint::Token, Reply::json(503, "{}")));
    bed.clock.advance(Duration::from_secs(3600 - 40));
    for _ in 0..3 {
        assert!(is(&app.active_token(&owner).await.unwrap(), user.token().unwrap()));
        idle().await;
    }
    bed.provider.clear_faults();
    bed.clock.advance(Duration::from_secs(600));
    assert!(!is(&app.active_token(&owner).await.unwrap(), user.token().unwrap()));
}

/// Also without a runtime: then it is `shutdown` that runs the refresh.
#[tokio::test]
async fn shutdown_waits_for_refreshes() {
    for spawns in [true, false] {
        let store = Shared::default();
        let bed = match spawns {
            true => bed(&store),
            false => TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone())),
        };
        let (_, owner, old) = expired(&bed).await;
        let app = bed.app();
        let mut call = Box::pin(app.active_token(&owner));
        assert!((&mut call).now_or_never().is_none());
        drop(call);
        bed.oauth.shutdown().await;
        let stored = store.load(&owner).await.unwrap().unwrap();
        assert!(!is(&stored, &old), "{spawns}");
        bed.oauth.shutdown().await;
    }
}
