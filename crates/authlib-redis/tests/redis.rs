//! The store over a Redis server, and over a cluster of three, that the tests start: the conformance kit, encryption, and
//! what several replicas do at once.

// Tells clippy that this is test code, where `unwrap` is allowed.
#![cfg(test)]

#[cfg(feature = "cluster")]
mod cluster;

use std::time::Duration;

use authlib_conformance::RedisServer;
use authlib_conformance::store_cases::{
    keys, large_token, owners_of_any_form, row, writers_lose_nothing,
};
use authlib_core::clock::{Clock as _, SystemClock};
use authlib_core::store::{
    LoginQuery, PendingLoginStore as _, TokenOwner, TokenRow, TokenStore as _,
};
use authlib_core::{ErrorKind, Keyring, Token};
use authlib_redis::RedisStore;
use authlib_store_conformance::{check_pending_login_store, check_token_store};

const TTL: Duration = Duration::from_secs(60);

fn login(user: &str) -> TokenRow {
    let mut row = row(user, Token::bearer(user));
    row.is_login = true;
    row.issuer = Some("https://op.example".to_owned());
    (row.sub, row.sid) = (Some("sub".to_owned()), Some("sid".to_owned()));
    row.lifetime = Some(TTL);
    row
}

async fn check(store: &RedisStore) {
    check_token_store(store, &SystemClock).await.unwrap();
    check_pending_login_store(store, &SystemClock).await.unwrap();
}

#[tokio::test]
async fn redis_keeps_the_promises() {
    let Some(server) = RedisServer::start().await else { return };
    let store = RedisStore::connect(&server.url()).await.unwrap();
    check(&store.clone().keyring(keys("k"))).await;
    owners_of_any_form(&store, &["{a}", "\0"]).await;
    large_token(&store).await;
    wrong_and_rotated_keys(&store).await;
    row_in_another_place_does_not_open(&server, &store).await;
    rows_end_with_their_token_or_without_use(&store).await;
    every_key_expires(&server).await;
}

/// `rediss://` trusts the certificates of the system; an application can trust another CA by its own client.
#[cfg(feature = "tls")]
#[tokio::test]
async fn server_with_tls_must_have_a_trusted_certificate() {
    let Some((server, url)) = RedisServer::with_tls().await else { return };
    let error = RedisStore::connect(&url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("certificate"), "{error}");
    let client = |ca: &str| {
        let root_cert = Some(ca.as_bytes().to_vec());
        let certificates = redis::TlsCertificates { client_tls: None, root_cert };
        redis::Client::build_with_tls(url.as_str(), certificates).unwrap()
    };
    let other = redis::aio::ConnectionManager::new_with_config(
        client(authlib_conformance::OTHER_CA),
        redis::aio::ConnectionManagerConfig::new().set_number_of_retries(1),
    );
    assert!(other.await.is_err());
    let connection = redis::aio::ConnectionManager::new(client(authlib_conformance::CA));
    let store = RedisStore::new(connection.await.unwrap());
    store.save(&row("tls", Token::bearer("at"))).await.unwrap();
    assert!(store.load(&TokenOwner::new("client", "tls")).await.unwrap().is_some());
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_one_server() {
    let Some(mut server) = RedisServer::start().await else { return };
    let mut stores = Vec::new();
    for _ in 0..3 {
        stores.push(RedisStore::connect(&server.url()).await.unwrap());
    }
    writers_lose_nothing(&stores).await;
    index_follows_its_rows(&server, &stores[0]).await;
    refresh_token_is_found_until_it_is_replaced(&server, &stores[0]).await;
    #[cfg(feature = "tower-sessions")]
    sessions_are_shared(&server, &stores).await;
    server_can_be_restarted(&mut server, &stores[0]).await;
}

async fn wrong_and_rotated_keys(store: &RedisStore) {
    let (old, new) = (keys("old"), keys("new"));
    let both = Keyring::parse(&format!("{},{}", *new.to_text(), *old.to_text())).unwrap();
    let owner = TokenOwner::new("client", "keys");
    store.clone().keyring(old).save(&row("keys", Token::bearer("at"))).await.unwrap();
    for wrong in [keys("other"), keys("old")] {
        let error = store.clone().keyring(wrong).load(&owner).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
    }
    assert!(store.load(&owner).await.unwrap_err().to_string().contains("AUTHLIB_KEYS"));
    let rotated = store.clone().keyring(both);
    assert!(rotated.load(&owner).await.unwrap().is_some());
    // The rows of the cases before, in clear text.
    assert!(rotated.load(&TokenOwner::new("client", "large")).await.is_err());
    assert!(rotated.reseal().await.unwrap() > 2);
    assert_eq!(rotated.reseal().await.unwrap(), 0);
    let after = store.clone().keyring(new);
    for user in ["keys", "large", "user"] {
        assert!(after.load(&TokenOwner::new("client", user)).await.unwrap().is_some(), "{user}");
    }
}

async fn row_in_another_place_does_not_open(server: &RedisServer, store: &RedisStore) {
    let store = store.clone().keyring(keys("k")).key_prefix("swap:").unwrap();
    for user in ["alice", "bob"] {
        store.save(&row(user, Token::bearer(user))).await.unwrap();
    }
    let rows = values(&server.command("KEYS swap:*:row").unwrap());
    assert_eq!(rows.len(), 2, "{rows:?}");
    server.command(&format!("COPY {} {} REPLACE", rows[0], rows[1])).unwrap();
    let loaded = ["alice", "bob"].map(|user| TokenOwner::new("client", user));
    let mut errors = 0;
    for owner in &loaded {
        errors += usize::from(store.load(owner).await.is_err());
    }
    assert_eq!(errors, 1);
    server.command(&format!("HSET {} token k.abcdef", rows[0])).unwrap();
    for owner in &loaded {
        assert_eq!(store.load(owner).await.unwrap_err().kind(), ErrorKind::Store);
    }
    store.insert("one", "{}".to_owned(), TTL).await.unwrap();
    server.command("RENAME swap:pending:one swap:pending:two").unwrap();
    assert_eq!(store.take("two").await.unwrap_err().kind(), ErrorKind::Store);
}

async fn rows_end_with_their_token_or_without_use(store: &RedisStore) {
    let short = Duration::from_secs(2);
    let store = store.clone().keyring(keys("k")).unused_for(short);
    let mut expiring = Token::bearer("1");
    expiring.expires_at = Some(SystemClock.now() + Duration::from_secs(1));
    store.save(&row("expiring", expiring.clone())).await.unwrap();
    expiring.refresh_token = Some("rt".to_owned().into());
    store.save(&row("refreshed", expiring)).await.unwrap();
    store.save(&row("unused", Token::bearer("1"))).await.unwrap();
    let has =
        async |user: &str| store.load(&TokenOwner::new("client", user)).await.unwrap().is_some();
    assert!(has("expiring").await);
    SystemClock.sleep(Duration::from_millis(1300)).await;
    assert!(!has("expiring").await);
    assert!(has("refreshed").await);
    SystemClock.sleep(Duration::from_millis(1300)).await;
    assert!(has("refreshed").await, "it was used a while ago");
    assert!(!has("unused").await);
}

async fn every_key_expires(server: &RedisServer) {
    let all = values(&server.command("KEYS *").unwrap());
    assert!(all.len() > 20, "{all:?}");
    for key in all {
        let left = server.command(&format!("TTL {key}")).unwrap();
        assert!(!left.starts_with(":-1"), "{key} never expires");
    }
}

/// A set has no entry of a deleted or overwritten row, and expires with its last one.
async fn index_follows_its_rows(server: &RedisServer, store: &RedisStore) {
    let (issuer, sid) = ("https://op.example".to_owned(), "sid".to_owned());
    let query = LoginQuery::Session { issuer, sid };
    let set = format!("authlib:index:{}", query.key());
    let count = || server.command(&format!("ZCARD {set}")).unwrap().trim().to_owned();
    for user in ["a", "b", "a"] {
        store.save(&login(user)).await.unwrap();
    }
    assert_eq!(count(), ":2");
    assert_eq!(store.find_rows(&query).await.unwrap().len(), 2);
    store.delete(&TokenOwner::new("client", "a")).await.unwrap();
    assert_eq!(count(), ":1");
    let left = server.command(&format!("PTTL {set}")).unwrap();
    let left: u64 = left.trim().trim_start_matches(':').parse().unwrap();
    assert!(left <= 120_000, "the set outlives its rows by more than the slack: {left}");
    store.delete(&TokenOwner::new("client", "b")).await.unwrap();
    assert_eq!(count(), ":0");
    assert!(store.find_rows(&query).await.unwrap().is_empty());
}

#[cfg(feature = "tower-sessions")]
async fn sessions_are_shared(server: &RedisServer, stores: &[RedisStore]) {
    let key = keys("k");
    let store = |replica: usize| stores[replica].clone().keyring(key.clone());
    authlib_conformance::store_cases::sessions_are_shared([store(0), store(1)]).await;
    #[cfg(feature = "actix-session")]
    authlib_conformance::store_cases::actix_sessions_are_shared([store(0), store(1)]).await;
    for key in values(&server.command("KEYS authlib:session:*").unwrap()) {
        let record = server.command(&format!("GET {key}")).unwrap();
        assert!(values(&record)[0].starts_with("k."), "{record}");
        assert!(!server.command(&format!("TTL {key}")).unwrap().starts_with(":-1"));
    }
}

/// A row leaves the set of a refresh token that was replaced.
async fn refresh_token_is_found_until_it_is_replaced(server: &RedisServer, store: &RedisStore) {
    let token = |access_token: &str, refresh_token: &str| {
        let mut token = Token::bearer(access_token);
        token.refresh_token = Some(refresh_token.into());
        token
    };
    let query = |token: &Token| {
        let fingerprint = LoginQuery::fingerprint("client", token).unwrap();
        LoginQuery::RefreshToken { client: "client".to_owned(), fingerprint }
    };
    let count = |token: &Token| {
        let set = format!("authlib:index:{}", query(token).key());
        server.command(&format!("ZCARD {set}")).unwrap().trim().to_owned()
    };
    let (old, new) = (token("1", "one"), token("2", "two"));
    let owner = TokenOwner::new("client", "rotated");
    store.save(&row("rotated", old.clone())).await.unwrap();
    assert_eq!((count(&old), count(&new)), (":1".to_owned(), ":0".to_owned()));
    let lease = store.acquire(&owner, TTL).await.unwrap().unwrap();
    store.replace(&lease, Some(&old), &new).await.unwrap();
    store.release(lease).await.unwrap();
    assert_eq!((count(&old), count(&new)), (":0".to_owned(), ":1".to_owned()));
    assert_eq!(store.find_rows(&query(&new)).await.unwrap().len(), 1);
    store.delete(&owner).await.unwrap();
    assert_eq!(count(&new), ":0");
}

async fn server_can_be_restarted(server: &mut RedisServer, store: &RedisStore) {
    let owner = TokenOwner::new("client", "restart");
    server.stop();
    assert_eq!(store.load(&owner).await.unwrap_err().kind(), ErrorKind::Store);
    server.resume().await;
    let mut loaded = store.load(&owner).await;
    for _ in 0..50 {
        if loaded.is_ok() {
            break;
        }
        SystemClock.sleep(Duration::from_millis(100)).await;
        loaded = store.load(&owner).await;
    }
    // Redis had it in memory only; scripts are sent again.
    assert!(loaded.unwrap().is_none());
}

#[tokio::test]
async fn urls_are_checked_without_being_shown() {
    for (url, kind) in [
        ("http://user:secret@127.0.0.1", ErrorKind::Config),
        ("secret", ErrorKind::Config),
        ("redis://user:secret@127.0.0.1:1", ErrorKind::Store),
    ] {
        let error = RedisStore::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}");
        assert!(!format!("{error:?} {}", error.report()).contains("secret"), "{error:?}");
    }
}

/// The texts of a reply that is an array.
fn values(reply: &str) -> Vec<String> {
    let lines = reply.lines().filter(|line| !line.starts_with(['*', '$']));
    lines.map(str::to_owned).collect()
}
