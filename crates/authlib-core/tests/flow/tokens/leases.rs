//! The lease of a refresh: released on every path, waited for, and fenced.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::clock::{Clock as _, FixedClock};
use authlib_core::store::{
    Lease, MemoryTokenStore, TokenOwner, TokenRow, TokenStore as _, UnsavedToken,
};
use authlib_core::{Error, ErrorKind, Token};
use authlib_provider::{Endpoint, Fault};
use futures_util::FutureExt as _;

use crate::test_bed::stores::Shared;
use crate::test_bed::wrapped_store::{Call, WrappedStore};
use crate::test_bed::{HOUR, SECOND, TestBed, expired};

/// A store on a clock of its own.
fn rows() -> (Shared, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::new(std::time::SystemTime::UNIX_EPOCH));
    (Arc::new(MemoryTokenStore::on_clock(clock.clone(), 100)), clock)
}

fn acquire(rows: &Shared, owner: &TokenOwner, ttl: Duration) -> Option<Lease> {
    rows.acquire(owner, ttl).now_or_never().unwrap().unwrap()
}

#[tokio::test]
async fn lease_is_released_on_every_path() {
    let (acquired, released) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (acquired.clone(), released.clone());
    let store = WrappedStore::new(&rows().0, move |call| {
        match call {
            Call::Acquire => counts.0.fetch_add(1, Ordering::Relaxed),
            Call::Release => counts.1.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        Ok(())
    });
    let panics = Arc::new(AtomicBool::new(false));
    let has_bug = panics.clone();
    let bed = TestBed::with(
        |p| p,
        |c| c,
        |oauth| {
            oauth.token_store(store).on_token_update(move |_| {
                assert!(!has_bug.load(Ordering::Relaxed), "the application's own bug");
            })
        },
    );
    let (_, owner, _) = expired(&bed).await;
    let check = |count: usize| {
        assert_eq!(acquired.load(Ordering::Relaxed), count);
        assert_eq!(released.load(Ordering::Relaxed), count);
    };
    bed.app().active_token(&owner).await.unwrap();
    check(1);
    bed.clock.advance(HOUR);
    bed.provider.inject(Fault::Response(Endpoint::Token, authlib_provider::Reply::html(503)));
    bed.app().active_token(&owner).await.unwrap_err();
    check(2);
    bed.provider.clear_faults();
    bed.clock.advance(HOUR);
    panics.store(true, Ordering::Relaxed);
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
    check(3);
    bed.app().revoke_token(&owner).await.unwrap();
    check(4);
}

/// The store could not be reached at the end of a refresh. The same process need not wait for its own lease.
#[tokio::test]
async fn lease_that_was_not_released_is_released_later() {
    let fails = AtomicBool::new(true);
    let store = WrappedStore::new(&rows().0, move |call| {
        if call == Call::Release && fails.swap(false, Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Store, "the token store failed"));
        }
        Ok(())
    });
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store));
    let (_, owner, _) = expired(&bed).await;
    bed.app().active_token(&owner).await.unwrap();
    bed.clock.advance(HOUR);
    let before = bed.clock.now();
    bed.app().active_token(&owner).await.unwrap();
    assert_eq!(bed.clock.now(), before, "nothing was waited for");
}

/// A process that died in the middle of a refresh holds the others up until its lease expires.
#[tokio::test]
async fn refresh_waits_for_the_lease_of_a_dead_process_to_expire() {
    let (rows, clock) = rows();
    let store = WrappedStore::new(&rows, move |call| {
        if call == Call::Acquire {
            clock.advance(SECOND);
        }
        Ok(())
    });
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store));
    let (_, owner, _) = expired(&bed).await;
    let _dead = acquire(&rows, &owner, SECOND * 30).unwrap();
    bed.app().active_token(&owner).await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn lease_that_never_expires_is_a_store_error() {
    let (rows, _) = rows();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(rows.clone()));
    let (_, owner, _) = expired(&bed).await;
    let _stuck = acquire(&rows, &owner, Duration::MAX).unwrap();
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
}

/// A process that was suspended during its refresh: another holds the lease by now. The rotated refresh token
/// is not lost.
#[tokio::test]
async fn late_refresh_result_is_stored_by_next_call() {
    let (rows, clock) = rows();
    let successor = Arc::new(Mutex::new(None));
    let owner_of_lease = Arc::new(Mutex::new(None::<TokenOwner>));
    let (next, suspended, others) = (successor.clone(), owner_of_lease.clone(), rows.clone());
    let store = WrappedStore::new(&rows, move |call| {
        if call == Call::Replace
            && let Some(owner) = suspended.lock().unwrap().take()
        {
            clock.advance(HOUR);
            *next.lock().unwrap() = acquire(&others, &owner, SECOND);
        }
        Ok(())
    });
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store));
    let (_, owner, old) = expired(&bed).await;
    *owner_of_lease.lock().unwrap() = Some(owner.clone());
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    let unsaved = UnsavedToken::of(&error).expect("the token comes along").token().clone();
    let stored = rows.load(&owner).await.unwrap().unwrap();
    assert_eq!(stored.access_token, old.access_token, "the successor is not overwritten");
    // The successor ends without a token.
    drop(successor.lock().unwrap().take());
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_eq!(token.access_token, unsaved.access_token);
    assert_eq!(rows.load(&owner).await.unwrap().unwrap().refresh_token, token.refresh_token);
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// While another process refreshes: how often the store is asked, and how late the new token is seen. The table is in the guide.
#[tokio::test]
async fn waiting_process_polls_with_growing_pauses() {
    for (refresh, calls, late) in
        [(100, 5, 50), (500, 9, 250), (1000, 11, 250), (5000, 27, 250), (20_000, 87, 250)]
    {
        let (refresh, late) = (Duration::from_millis(refresh), Duration::from_millis(late));
        let (rows, _) = rows();
        let (asked, due) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
        let (count, other, saved) = (asked.clone(), rows.clone(), due.clone());
        let pause = Mutex::new(Duration::from_millis(50));
        let store = WrappedStore::new(&rows, move |call| {
            count.fetch_add(1, Ordering::Relaxed);
            let mut due = saved.lock().unwrap();
            let Some((clock, at, row)) = due.as_ref() else { return Ok(()) };
            let (clock, at): (&Arc<FixedClock>, &std::time::SystemTime) = (clock, at);
            if call == Call::Acquire {
                // The other process saves during the pause that follows.
                let mut pause = pause.lock().unwrap();
                if clock.now() + *pause >= *at {
                    other.save(row).now_or_never().unwrap()?;
                    *due = None;
                }
                *pause = (*pause * 2).min(Duration::from_millis(500));
            }
            Ok(())
        });
        let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store));
        let (_, owner, _) = expired(&bed).await;
        let _lease = acquire(&rows, &owner, HOUR).unwrap();
        let new = TokenRow::new(owner.clone(), Token::bearer("of the other process"));
        let at = bed.clock.now() + refresh;
        *due.lock().unwrap() = Some((bed.clock.clone(), at, new));
        asked.store(0, Ordering::Relaxed);
        let token = bed.app().active_token(&owner).await.unwrap();
        assert_eq!(token.access_token.expose(), "of the other process");
        let waited = bed.clock.now().duration_since(at).unwrap();
        assert_eq!((asked.load(Ordering::Relaxed), waited), (calls, late), "{refresh:?}");
    }
}
