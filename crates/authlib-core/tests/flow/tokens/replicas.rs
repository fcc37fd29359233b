//! Several processes with one token store, with and without leases.

use std::sync::{Arc, Mutex};

use authlib_core::message::{Request, Response};
use authlib_core::store::{TokenRow, TokenStore};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{ErrorKind, Result, Token};
use authlib_provider::{Endpoint, Fault};
use futures_util::FutureExt as _;

use crate::test_bed::stores::{Shared, replica};
use crate::test_bed::wrapped_store::{Call, WrappedStore};
use crate::test_bed::{ProviderHttp, TestBed, expired, listen};

/// A slow request to the provider.
struct Far(ProviderHttp);

impl HttpClient for Far {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            self.0.send(request).await
        })
    }
}

/// I11: Two replicas refresh at the same time: the second is rejected or gets another token, and
/// uses the first one's from the store.
#[tokio::test]
async fn replica_losing_refresh_race_uses_winner_token() {
    for rotates in [true, false] {
        let store = Shared::default();
        let bed = TestBed::with(
            |p| p,
            |c| c,
            |oauth| oauth.token_store(WrappedStore::without_leases(&store)),
        );
        let (_, owner, old) = expired(&bed).await;
        if !rotates {
            bed.provider.inject(Fault::NoRotation);
        }
        let replica = replica(
            &bed,
            WrappedStore::without_leases(&store),
            Far(ProviderHttp(bed.provider.clone())),
        );
        let (here, there) = (listen(&bed.oauth), listen(&replica));
        let (one, two) = (bed.app(), replica.client("op").unwrap());
        let (one, two) = tokio::join!(one.active_token(&owner), two.active_token(&owner));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(bed.provider.count(Endpoint::Token), 2);
        assert_eq!(one.access_token, two.access_token);
        assert_ne!(one.access_token, old.access_token);
        let kept = store.load(&owner).await.unwrap().unwrap();
        assert_eq!(kept.access_token, one.access_token);
        assert_eq!(kept.refresh_token, one.refresh_token);
        assert_eq!(here.lock().unwrap().len(), 1);
        assert!(there.lock().unwrap().is_empty());
    }
}

/// A slow response from the provider.
struct LongWayBack(ProviderHttp);

impl HttpClient for LongWayBack {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let response = self.0.send(request).await;
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            response
        })
    }
}

/// A replica that is rejected before the winner has saved its token must not delete that token.
#[tokio::test]
async fn early_rejection_does_not_undo_winner_save() {
    let store = Shared::default();
    let bed = TestBed::with(
        |p| p,
        |c| c,
        |oauth| oauth.token_store(WrappedStore::without_leases(&store)),
    );
    let (_, owner, _) = expired(&bed).await;
    let replica = replica(
        &bed,
        WrappedStore::without_leases(&store),
        LongWayBack(ProviderHttp(bed.provider.clone())),
    );
    let (loser, winner) = (bed.app(), replica.client("op").unwrap());
    // Its documents are cached, as in a process that has been running for a while.
    winner.parse_id_token("a.b.c", None).await.unwrap_err();
    let (won, lost) = tokio::join!(winner.active_token(&owner), loser.active_token(&owner));
    assert_eq!(lost.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let kept = store.load(&owner).await.unwrap().unwrap();
    let won = won.unwrap();
    assert_eq!(kept.access_token, won.access_token);
    assert!(kept.refresh_token.is_some());
}

#[tokio::test]
async fn token_refreshed_by_another_process_is_reused() {
    let newer = Arc::new(Mutex::new(None));
    let (rows, saved) = (Shared::default(), newer.clone());
    let other = rows.clone();
    // Another process saves its token right after our first read.
    let store = WrappedStore::new(&rows, move |call| {
        if call == Call::Load
            && let Some(newer) = saved.lock().unwrap().take()
        {
            other.save(&newer).now_or_never().unwrap()?;
        }
        Ok(())
    });
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store));
    let (_, owner, _) = expired(&bed).await;
    let token = Token::bearer("the other process's");
    *newer.lock().unwrap() = Some(TokenRow::new(owner.clone(), token));
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_eq!(token.access_token.expose(), "the other process's");
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
}

/// I11: a thousand calls on three replicas over a store with leases send one refresh request.
#[tokio::test]
async fn thousand_calls_on_three_replicas_refresh_once() {
    let store = Shared::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let (_, owner, _) = expired(&bed).await;
    let others = [(), ()].map(|()| {
        let wire = ProviderHttp(bed.provider.clone());
        replica(&bed, store.clone(), wire).client("op").unwrap()
    });
    let [second, third] = others;
    let apps = [bed.app(), second, third];
    let calls = (0..1000).map(|nth| apps[nth % 3].active_token(&owner));
    let tokens = futures_util::future::join_all(calls).await;
    let first = tokens[0].as_ref().unwrap().access_token.clone();
    assert!(tokens.iter().all(|token| token.as_ref().unwrap().access_token == first));
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}
