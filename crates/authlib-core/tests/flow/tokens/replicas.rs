//! Several processes with one token store, with and without a lock between them.

use std::sync::{Arc, Mutex};

use authlib_core::message::{Request, Response};
use authlib_core::store::{RefreshLock, Saved, TokenOwner, TokenStore};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{ErrorKind, Result, Token};
use authlib_provider::{Endpoint, Fault};

use crate::test_bed::stores::{Shared, replica};
/// A longer way to the provider.
use crate::test_bed::{ProviderHttp, TestBed, expired, listen};

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

/// I11: Two replicas refresh at the same moment: the second is refused, or gets a token too many,
/// and takes the first one's from the store.
#[tokio::test]
async fn replica_losing_refresh_race_uses_winner_token() {
    for rotates in [true, false] {
        let store = Shared::default();
        let world = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
        let (_, owner, old) = expired(&world).await;
        if !rotates {
            world.provider.inject(Fault::NoRotation);
        }
        let replica = replica(&world, store.clone(), Far(ProviderHttp(world.provider.clone())));
        let (here, there) = (listen(&world.oauth), listen(&replica));
        let (one, two) = (world.app(), replica.client("op").unwrap());
        let (one, two) = tokio::join!(one.active_token(&owner), two.active_token(&owner));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(world.provider.count(Endpoint::Token), 2);
        assert_eq!(one.access_token, two.access_token);
        assert_ne!(one.access_token, old.access_token);
        let kept = store.load(&owner).await.unwrap().unwrap();
        assert_eq!(kept.access_token, one.access_token);
        assert_eq!(kept.refresh_token, one.refresh_token);
        assert_eq!(here.lock().unwrap().len(), 1);
        assert!(there.lock().unwrap().is_empty());
    }
}

/// A long way back from the provider.
struct LongWayBack(ProviderHttp);

impl HttpClient for LongWayBack {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let answer = self.0.send(request).await;
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            answer
        })
    }
}

/// A replica that is refused before the winner has saved can't know of it; what it then does to the
/// store must not cost the winner's token.
#[tokio::test]
async fn early_rejection_does_not_undo_winner_save() {
    let store = Shared::default();
    let world = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let (_, owner, _) = expired(&world).await;
    let replica = replica(&world, store.clone(), LongWayBack(ProviderHttp(world.provider.clone())));
    let (loser, winner) = (world.app(), replica.client("op").unwrap());
    // Its documents are at hand, as they are in a process that has been running for a while.
    winner.parse_id_token("a.b.c", None).await.unwrap_err();
    let (won, lost) = tokio::join!(winner.active_token(&owner), loser.active_token(&owner));
    assert_eq!(lost.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let kept = store.load(&owner).await.unwrap().unwrap();
    let won = won.unwrap();
    assert_eq!(kept.access_token, won.access_token);
    assert!(kept.refresh_token.is_some());
}

/// A store in which another process saves its token right after our first look.
struct Overtaken(Shared, Arc<Mutex<Option<Token>>>);

impl TokenStore for Overtaken {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        Box::pin(async move {
            let found = self.0.load(owner).await;
            let newer = self.1.lock().unwrap().take();
            if let Some(newer) = newer {
                self.0.save(owner, &newer).await?;
            }
            found
        })
    }

    fn save<'a>(&'a self, owner: &'a TokenOwner, token: &'a Token) -> BoxFuture<'a, Result<()>> {
        self.0.save(owner, token)
    }

    fn replace<'a>(
        &'a self,
        owner: &'a TokenOwner,
        old: &'a Token,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<Saved>> {
        self.0.replace(owner, old, new)
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        self.0.delete(owner)
    }
}

#[tokio::test]
async fn token_refreshed_by_another_process_is_reused() {
    let newer = Arc::new(Mutex::new(None));
    let store = Overtaken(Shared::default(), newer.clone());
    let world = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store));
    let (_, owner, _) = expired(&world).await;
    *newer.lock().unwrap() = Some(Token::bearer("the other process's"));
    let token = world.app().active_token(&owner).await.unwrap();
    assert_eq!(token.access_token.expose(), "the other process's");
    assert_eq!(world.provider.count(Endpoint::Token), 0);
}

/// A store that lets one process at a time refresh.
#[derive(Clone, Default)]
struct Locking(Shared, Arc<tokio::sync::Mutex<()>>);

impl TokenStore for Locking {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        self.0.load(owner)
    }

    fn save<'a>(&'a self, owner: &'a TokenOwner, token: &'a Token) -> BoxFuture<'a, Result<()>> {
        self.0.save(owner, token)
    }

    fn replace<'a>(
        &'a self,
        owner: &'a TokenOwner,
        old: &'a Token,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<Saved>> {
        self.0.replace(owner, old, new)
    }

    fn lock<'a>(&'a self, _: &'a TokenOwner) -> BoxFuture<'a, Result<RefreshLock>> {
        Box::pin(async move { Ok(RefreshLock::new(self.1.clone().lock_owned().await)) })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        self.0.delete(owner)
    }
}

/// I11: a thousand calls on three replicas over a store with a lock send one refresh request.
#[tokio::test]
async fn thousand_calls_on_three_replicas_refresh_once() {
    let store = Locking::default();
    let world = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let (_, owner, _) = expired(&world).await;
    let others = [(), ()].map(|()| {
        let wire = ProviderHttp(world.provider.clone());
        replica(&world, store.clone(), wire).client("op").unwrap()
    });
    let [second, third] = others;
    let apps = [world.app(), second, third];
    let calls = (0..1000).map(|nth| apps[nth % 3].active_token(&owner));
    let tokens = futures_util::future::join_all(calls).await;
    let first = tokens[0].as_ref().unwrap().access_token.clone();
    assert!(tokens.iter().all(|token| token.as_ref().unwrap().access_token == first));
    assert_eq!(world.provider.count(Endpoint::Token), 1);
}
