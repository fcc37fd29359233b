//! The store over a cluster of three nodes.

use std::collections::HashSet;
use std::time::Duration;

use authlib_conformance::RedisCluster;
use authlib_conformance::in_process::{SessionInMemory, log_in, provider, registry};
use authlib_conformance::store_cases::{
    keys, large_token, owners_of_any_form, row, writers_lose_nothing,
};
use authlib_core::clock::{Clock as _, SystemClock};
use authlib_core::store::{LoginQuery, TokenOwner, TokenStore as _};
use authlib_core::{ErrorKind, Token, login};
use authlib_redis::RedisStore;
use tokio::task::JoinSet;

use crate::{check, login as login_row, values, wrong_and_rotated_keys};

async fn store(cluster: &RedisCluster) -> RedisStore {
    let urls = cluster.urls();
    // The others are found by the first one.
    RedisStore::connect_cluster(&[&urls[0]]).await.unwrap()
}

#[tokio::test]
async fn cluster_keeps_the_promises() {
    let Some(cluster) = RedisCluster::start().await else { return };
    let store = store(&cluster).await;
    check(&store).await;
    owners_of_any_form(&store, &["{a}", "\0"]).await;
    large_token(&store).await;
    for node in &cluster.nodes {
        let rows = values(&node.command("KEYS authlib:*:row").unwrap());
        assert!(!rows.is_empty(), "a node has no row");
    }
    // Seals the rows of all nodes again.
    wrong_and_rotated_keys(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_one_cluster() {
    let Some(mut cluster) = RedisCluster::start().await else { return };
    let stores = [store(&cluster).await, store(&cluster).await, store(&cluster).await];
    writers_lose_nothing(&stores).await;
    index_finds_the_rows_of_all_nodes(&stores).await;
    logins_are_refreshed_and_ended(&stores).await;
    moved_slot_is_followed(&cluster, &stores[0]).await;
    node_can_be_restarted(&mut cluster, &stores[0]).await;
}

/// The set of a session is on another node than most of its rows.
async fn index_finds_the_rows_of_all_nodes(stores: &[RedisStore]) {
    let (issuer, sid) = ("https://op.example".to_owned(), "sid".to_owned());
    let query = LoginQuery::Session { issuer, sid };
    let users: Vec<_> = (0..30).map(|number| format!("user {number}")).collect();
    for user in &users {
        stores[0].save(&login_row(user)).await.unwrap();
    }
    let found = stores[1].find_rows(&query).await.unwrap();
    let found: HashSet<_> = found.into_iter().map(|row| row.owner.user).collect();
    assert_eq!(found, users.iter().cloned().collect());
    for user in &users {
        stores[2].delete(&TokenOwner::new("client", user)).await.unwrap();
    }
    assert!(stores[0].find_rows(&query).await.unwrap().is_empty());
}

/// Logins through one replica, which end through another one.
async fn logins_are_refreshed_and_ended(stores: &[RedisStore]) {
    let provider = provider(&["alice".to_owned()]);
    let keyring = keys("k");
    let replica = |store: &RedisStore| {
        let store = store.clone().keyring(keyring.clone());
        registry(&provider).token_store(store).build().unwrap()
    };
    let oauth = replica(&stores[0]);
    let (one, two) = (SessionInMemory::default(), SessionInMemory::default());
    let first = log_in(&oauth, &provider, &one, "alice").await;
    log_in(&oauth, &provider, &two, "alice").await;
    let owner = first.login.owner();
    let client = oauth.client("op").unwrap();
    client.refresh_token(&owner).await.unwrap();
    assert_eq!(oauth.logins_of(&first.identity().unwrap()).await.unwrap().len(), 2);
    login::logout(&oauth, &one).await.unwrap();
    assert!(login::current_user(&oauth, &one).await.unwrap().is_none());
    assert!(login::current_user(&oauth, &two).await.unwrap().is_some());
    let other = replica(&stores[1]);
    assert_eq!(other.end_logins(&first.identity().unwrap()).await.unwrap(), 1);
    assert!(login::current_user(&oauth, &two).await.unwrap().is_none());
}

/// The connection still knows the old node.
async fn moved_slot_is_followed(cluster: &RedisCluster, store: &RedisStore) {
    store.save(&row("moved", Token::bearer("at"))).await.unwrap();
    let (client, sub) = ("client".to_owned(), "moved".to_owned());
    let tag = LoginQuery::ClientSubject { client, sub }.key();
    cluster.move_slot_of(&format!("authlib:{{{tag}}}:row"));
    let owner = TokenOwner::new("client", "moved");
    assert!(store.load(&owner).await.unwrap().is_some());
    let lease = store.acquire(&owner, Duration::from_secs(5)).await.unwrap().unwrap();
    store.release(lease).await.unwrap();
}

async fn node_can_be_restarted(cluster: &mut RedisCluster, store: &RedisStore) {
    let owners: Vec<_> =
        (0..30).map(|number| TokenOwner::new("restart", format!("{number}"))).collect();
    cluster.nodes[1].stop();
    let mut loads = JoinSet::new();
    for owner in owners.clone() {
        let store = store.clone();
        loads.spawn(async move { store.load(&owner).await });
    }
    let failed: Vec<_> = loads.join_all().await.into_iter().filter_map(Result::err).collect();
    assert!(failed.iter().all(|error| error.kind() == ErrorKind::Store), "{failed:?}");
    assert!((1..owners.len()).contains(&failed.len()), "only the slots of the node: {failed:?}");
    cluster.nodes[1].resume().await;
    cluster.ready().await;
    for owner in &owners {
        let mut loaded = store.load(owner).await;
        for _ in 0..50 {
            if loaded.is_ok() {
                break;
            }
            SystemClock.sleep(Duration::from_millis(100)).await;
            loaded = store.load(owner).await;
        }
        assert!(loaded.unwrap().is_none());
    }
}
