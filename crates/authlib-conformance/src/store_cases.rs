//! Cases that the tests of `authlib-sqlx` and `authlib-redis` share, beside the kit for implementations of stores.

use std::time::Duration;

use authlib_core::store::{PendingLoginStore, ReplaceOutcome, TokenOwner, TokenRow, TokenStore};
use authlib_core::{Keyring, Token};
use tokio::task::JoinSet;

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
