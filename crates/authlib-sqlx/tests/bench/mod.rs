//! The cases that hold for both databases.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(crate) use authlib_conformance::store_cases::{keys, row, writers_lose_nothing};
use authlib_conformance::store_cases::{large_token, owners_of_any_form};
use authlib_core::clock::{Clock, FixedClock};
use authlib_core::store::{FoundRow, LoginQuery, ReplaceOutcome, TokenOwner, TokenStore as _};
use authlib_core::{ErrorKind, Keyring, Token};
use authlib_sqlx::SqlxStore;
use authlib_store_conformance::{check_pending_login_store, check_token_store};

const DAY: Duration = Duration::from_secs(24 * 3600);
const TTL: Duration = Duration::from_secs(60);

fn token(access_token: &str, expires_at: Option<SystemTime>, has_refresh_token: bool) -> Token {
    let mut token = Token::bearer(access_token);
    token.expires_at = expires_at;
    token.refresh_token = has_refresh_token.then(|| "rt".to_owned().into());
    token
}

pub(crate) async fn check(store: &SqlxStore, clock: &dyn Clock) {
    check_token_store(store, clock).await.unwrap();
    check_pending_login_store(store, clock).await.unwrap();
}

#[cfg(feature = "tower-sessions")]
pub(crate) async fn sessions_are_shared([one, other]: [SqlxStore; 2]) {
    let key = keys("k");
    let stores = [one, other].map(|store| store.keyring(key.clone()));
    authlib_conformance::store_cases::sessions_are_shared(stores).await;
}

#[cfg(feature = "actix-session")]
pub(crate) async fn actix_sessions_are_shared([one, other]: [SqlxStore; 2]) {
    let key = keys("k");
    let stores = [one, other].map(|store| store.keyring(key.clone()));
    authlib_conformance::store_cases::actix_sessions_are_shared(stores).await;
}

/// The cases of an empty store on a clock.
pub(crate) async fn all(store: &SqlxStore, clock: &Arc<FixedClock>) {
    owners_of_any_form(store, &[" user", "u\u{300}ser", "'"]).await;
    large_token(store).await;
    wrong_and_rotated_keys(store).await;
    row_ends_with_its_token(store, clock).await;
    unused_row_ends(store, clock).await;
    ended_row_is_replaced(store, clock).await;
}

/// A row in the tables of the first version.
pub(crate) const OLDER_ROW: &str = r#"INSERT INTO older_token (client, user_id, token, hash, expires_at) VALUES
    ('client', 'older', '{"access_token":"1","token_type":"Bearer","refresh_token":"rt"}', 'x', 9000000000000)"#;

/// Upgrades the tables of the first version, with [`OLDER_ROW`].
pub(crate) async fn older_tables_are_upgraded(store: &SqlxStore) {
    let owner = TokenOwner::new("client", "older");
    store.migrate().await.unwrap();
    let found = store.load(&owner).await.unwrap().unwrap();
    store.save(&row("older", found.clone())).await.unwrap();
    let fingerprint = LoginQuery::fingerprint("client", &found).unwrap();
    let query = LoginQuery::RefreshToken { client: "client".to_owned(), fingerprint };
    assert_eq!(store.find_rows(&query).await.unwrap(), [FoundRow::new(owner, false)]);
}

async fn wrong_and_rotated_keys(store: &SqlxStore) {
    let (old, new) = (keys("old"), keys("new"));
    let both = Keyring::parse(&format!("{},{}", *new.to_text(), *old.to_text())).unwrap();
    let sealed = store.clone().keyring(old.clone());
    let owner = TokenOwner::new("client", "keys");
    sealed.save(&row("keys", Token::bearer("at"))).await.unwrap();
    store.save(&row("clear", Token::bearer("at"))).await.unwrap();
    for wrong in [keys("other"), keys("old")] {
        let error = store.clone().keyring(wrong).load(&owner).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(error.to_string().contains("old"), "{error}");
    }
    assert!(store.load(&owner).await.unwrap_err().to_string().contains("AUTHLIB_KEYS"));
    let rotated = store.clone().keyring(both);
    assert!(rotated.load(&owner).await.unwrap().is_some());
    assert!(rotated.load(&TokenOwner::new("client", "clear")).await.is_err());
    assert!(rotated.reseal().await.unwrap() >= 2);
    assert_eq!(rotated.reseal().await.unwrap(), 0);
    let after = store.clone().keyring(new);
    for user in ["keys", "clear", "large"] {
        assert!(after.load(&TokenOwner::new("client", user)).await.unwrap().is_some(), "{user}");
    }
}

async fn row_ends_with_its_token(store: &SqlxStore, clock: &Arc<FixedClock>) {
    let store = store.clone().keyring(keys("k"));
    let at = clock.now() + TTL;
    store.save(&row("short", token("1", Some(at), false))).await.unwrap();
    store.save(&row("refreshed", token("1", Some(at), true))).await.unwrap();
    let mut login = row("login", token("1", Some(at), false));
    (login.is_login, login.lifetime) = (true, Some(TTL * 2));
    store.save(&login).await.unwrap();
    let has =
        async |user: &str| store.load(&TokenOwner::new("client", user)).await.unwrap().is_some();
    assert!(has("short").await);
    clock.advance(TTL);
    assert!(!has("short").await);
    assert!(has("refreshed").await && has("login").await);
    clock.advance(TTL);
    assert!(!has("login").await);
}

async fn unused_row_ends(store: &SqlxStore, clock: &Arc<FixedClock>) {
    let store = store.clone().keyring(keys("k")).unused_for(DAY * 10);
    for user in ["used", "unused"] {
        store.save(&row(user, Token::bearer("1"))).await.unwrap();
    }
    let has =
        async |user: &str| store.load(&TokenOwner::new("client", user)).await.unwrap().is_some();
    for _ in 0..5 {
        clock.advance(DAY * 2);
        assert!(has("used").await);
    }
    assert!(!has("unused").await);
    clock.advance(DAY * 9);
    assert!(has("used").await);
    clock.advance(DAY * 11);
    assert!(!has("used").await);
}

/// A token that expired while it was fetched again, and one that is gone.
async fn ended_row_is_replaced(store: &SqlxStore, clock: &Arc<FixedClock>) {
    let store = store.clone().keyring(keys("k"));
    let owner = TokenOwner::new("client", "service");
    let old = token("1", Some(clock.now() + TTL), false);
    store.save(&row("service", old.clone())).await.unwrap();
    clock.advance(TTL);
    assert!(store.load(&owner).await.unwrap().is_none());
    let lease = store.acquire(&owner, TTL).await.unwrap().unwrap();
    let new = token("2", Some(clock.now() + TTL), false);
    let outcome = store.replace(&lease, None, &new).await.unwrap();
    assert!(matches!(outcome, ReplaceOutcome::Replaced));
    assert_eq!(store.load(&owner).await.unwrap().unwrap().access_token.expose(), "2");
    clock.advance(TTL);
    store.release(lease).await.unwrap();
    let lease = store.acquire(&owner, TTL).await.unwrap().unwrap();
    let outcome = store.replace(&lease, Some(&new), &token("3", None, false)).await.unwrap();
    assert!(matches!(outcome, ReplaceOutcome::Replaced));
    assert_eq!(store.load(&owner).await.unwrap().unwrap().access_token.expose(), "3");
    store.release(lease).await.unwrap();
}
