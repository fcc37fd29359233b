//! Cases that the tests of `authlib-sqlx` and `authlib-redis` share, beside the kit for implementations of stores.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use authlib_core::store::{PendingLoginStore, ReplaceOutcome, TokenOwner, TokenRow, TokenStore};
use authlib_core::{Keyring, Token};
use tokio::task::JoinSet;
use tower_sessions::cookie::time::{Duration as TimeSpan, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::{Session, SessionStore};

const TTL: Duration = Duration::from_secs(60);

/// A random key of this name.
///
/// # Panics
///
/// If there is no randomness.
#[must_use]
pub fn keys(name: &str) -> Keyring {
    Keyring::generate(name).unwrap()
}

/// A row of the client `client`.
#[must_use]
pub fn row(user: &str, token: Token) -> TokenRow {
    TokenRow::new(TokenOwner::new("client", user), token)
}

/// Owners that a database could mix up, or cut: `users`, and those that every database must tell apart.
///
/// # Panics
///
/// If one is.
pub async fn owners_of_any_form(store: &impl TokenStore, users: &[&str]) {
    let long = "s".repeat(255);
    let longer = format!("{long}s");
    let common = ["user", "USER", "user ", "ùser", "", "%", &long, &longer];
    let users: Vec<&str> = common.into_iter().chain(users.iter().copied()).collect();
    for user in &users {
        store.save(&row(user, Token::bearer(*user))).await.unwrap();
    }
    for user in users {
        let found = store.load(&TokenOwner::new("client", user)).await.unwrap().unwrap();
        assert_eq!(found.access_token.expose(), user);
        assert!(store.load(&TokenOwner::new("CLIENT", user)).await.unwrap().is_none());
    }
}

/// Stores a token of 64 kB for the user `large`.
///
/// # Panics
///
/// If it does not come back.
pub async fn large_token(store: &impl TokenStore) {
    let mut large = Token::bearer("large");
    large.id_token = Some("x".repeat(64_000).into());
    store.save(&row("large", large)).await.unwrap();
    let found = store.load(&TokenOwner::new("client", "large")).await.unwrap().unwrap();
    assert_eq!(found.id_token.unwrap().expose().len(), 64_000);
}

/// 32 writers, spread over the stores of several processes: each update of a counter is one lease and one replacement.
///
/// # Panics
///
/// If an update is lost.
pub async fn writers_lose_nothing<S>(stores: &[S])
where
    S: TokenStore + PendingLoginStore + Clone + 'static,
{
    const WRITERS: usize = 32;
    let owner = TokenOwner::new("client", "counter");
    stores[0].save(&row("counter", Token::bearer("0"))).await.unwrap();
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let (store, owner) = (stores[number % stores.len()].clone(), owner.clone());
        writers.spawn(async move {
            let lease = loop {
                match store.acquire(&owner, TTL).await.unwrap() {
                    Some(lease) => break lease,
                    None => tokio::task::yield_now().await,
                }
            };
            let old = store.load(&owner).await.unwrap().unwrap();
            let next = old.access_token.expose().parse::<usize>().unwrap() + 1;
            let new = Token::bearer(next.to_string());
            let outcome = store.replace(&lease, Some(&old), &new).await.unwrap();
            assert!(matches!(outcome, ReplaceOutcome::Replaced));
            store.release(lease).await.unwrap();
            let key = format!("pending-{number}");
            store.insert(&key, "{}".to_owned(), TTL).await.unwrap();
            let own = row(&key, Token::bearer(&*key));
            store.save(&own).await.unwrap();
            assert!(store.take(&key).await.unwrap().is_some());
            assert!(store.load(&own.owner).await.unwrap().is_some());
        });
    }
    writers.join_all().await;
    let last = stores[0].load(&owner).await.unwrap().unwrap();
    assert_eq!(last.access_token.expose(), WRITERS.to_string());
}

/// Browser sessions, as tower-sessions uses a store, through the stores of two replicas.
///
/// # Panics
///
/// If a session is lost, or is found after its end.
pub async fn sessions_are_shared<S: SessionStore + Clone>(stores: [S; 2]) {
    let stores = stores.map(Arc::new);
    let open = |replica: usize, id: Option<Id>| Session::new(id, stores[replica].clone(), None);
    let user =
        async |replica: usize, id: Id| open(replica, Some(id)).get::<String>("user").await.unwrap();
    let first = open(0, None);
    first.insert("user", "alice").await.unwrap();
    first.save().await.unwrap();
    let id = first.id().unwrap();
    assert_eq!(user(1, id).await.as_deref(), Some("alice"));
    // A login gives the session a new id.
    let second = open(1, Some(id));
    second.load().await.unwrap();
    second.cycle_id().await.unwrap();
    second.save().await.unwrap();
    let new = second.id().unwrap();
    assert_eq!(user(0, id).await, None, "the old id");
    assert_eq!(user(0, new).await.as_deref(), Some("alice"));
    second.flush().await.unwrap();
    assert_eq!(user(0, new).await, None, "after the logout");

    let ends_in = |milliseconds| {
        let expiry_date = OffsetDateTime::now_utc() + TimeSpan::milliseconds(milliseconds);
        Record { id: Id::default(), data: [("n".to_owned(), 1.into())].into(), expiry_date }
    };
    let (long, mut same) = (ends_in(60_000), ends_in(60_000));
    stores[0].save(&long).await.unwrap();
    let loaded = stores[1].load(&long.id).await.unwrap();
    assert_eq!(loaded.as_ref(), Some(&long));
    same.id = long.id;
    same.data.clear();
    stores[1].create(&mut same).await.unwrap();
    assert_ne!(same.id, long.id, "the id is in use");
    assert_eq!(stores[0].load(&long.id).await.unwrap(), Some(long));
    let (short, ended) = (ends_in(1_000), ends_in(-1_000));
    stores[0].save(&short).await.unwrap();
    stores[0].save(&ended).await.unwrap();
    assert!(stores[1].load(&short.id).await.unwrap().is_some());
    assert!(stores[1].load(&ended.id).await.unwrap().is_none());
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert!(stores[1].load(&short.id).await.unwrap().is_none());
}

/// Browser sessions, as actix-session uses a store, through the stores of two replicas.
///
/// # Panics
///
/// If a session is lost, or is found after its end.
pub async fn actix_sessions_are_shared<S: actix_session::storage::SessionStore>(stores: [S; 2]) {
    let [one, two] = &stores;
    let values = |user: &str| HashMap::from([("user".to_owned(), user.to_owned())]);
    let minute = TimeSpan::minutes(1);
    let key = one.save(values("alice"), &minute).await.unwrap();
    assert_eq!(two.load(&key).await.unwrap(), Some(values("alice")));
    let text = key.as_ref().to_owned();
    let key = two.update(key, values("bob"), &minute).await.unwrap();
    assert_eq!(key.as_ref(), text, "the same session");
    assert_eq!(one.load(&key).await.unwrap(), Some(values("bob")));
    one.delete(&key).await.unwrap();
    assert_eq!(two.load(&key).await.unwrap(), None, "after the logout");
    let new = two.update(key, values("bob"), &minute).await.unwrap();
    assert_ne!(new.as_ref(), text, "a session that ended does not come back");
    let short = one.save(values("carol"), &TimeSpan::seconds(1)).await.unwrap();
    let extended = one.save(values("dave"), &TimeSpan::seconds(1)).await.unwrap();
    two.update_ttl(&extended, &minute).await.unwrap();
    assert!(two.load(&short).await.unwrap().is_some());
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(two.load(&short).await.unwrap(), None);
    assert_eq!(two.load(&extended).await.unwrap(), Some(values("dave")));
    two.update_ttl(&short, &minute).await.unwrap();
    assert_eq!(one.load(&short).await.unwrap(), None, "it has ended");
}
