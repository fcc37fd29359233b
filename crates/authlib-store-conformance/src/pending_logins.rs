//! The cases of [`PendingLoginStore`].

use futures_util::future::try_join_all;

use super::{CALLERS, Case, SLACK, TTL, ensure};
use authlib_core::clock::Clock;
use authlib_core::store::PendingLoginStore;
use authlib_core::transport::BoxFuture;

type Run = for<'a> fn(&'a dyn PendingLoginStore, &'a dyn Clock) -> BoxFuture<'a, Case>;

pub(super) const CASES: &[(&str, Run)] = &[
    ("records come back unchanged, by keys that are compared byte by byte", |store, _| {
        Box::pin(unchanged(store))
    }),
    ("a record is taken once", |store, _| Box::pin(taken_once(store))),
    ("a record is gone after its ttl", |store, clock| Box::pin(expires(store, clock))),
];

async fn unchanged(store: &dyn PendingLoginStore) -> Case {
    let record = format!("{{\"text\":\"'ü\\n{}\"}}", "x".repeat(8000));
    store.insert("conformance-key", record.clone(), TTL).await?;
    for other in ["conformance-KEY", "conformance-key ", "conformance-ke", "conformance-%"] {
        ensure(store.take(other).await?.is_none(), "another key returned the record")?;
    }
    ensure(store.take("conformance-key").await? == Some(record), "the record was changed or lost")
}

async fn taken_once(store: &dyn PendingLoginStore) -> Case {
    store.insert("conformance-once", "record".to_owned(), TTL).await?;
    let taken = try_join_all((0..CALLERS).map(|_| store.take("conformance-once"))).await?;
    ensure(taken.iter().flatten().count() == 1, "concurrent callers must get it once")?;
    ensure(store.take("conformance-once").await?.is_none(), "it was returned again later")
}

async fn expires(store: &dyn PendingLoginStore, clock: &dyn Clock) -> Case {
    store.insert("conformance-ttl", "record".to_owned(), TTL).await?;
    clock.sleep(TTL + SLACK).await;
    ensure(store.take("conformance-ttl").await?.is_none(), "it was returned after its ttl")
}
