//! The store over a PostgreSQL server that the tests start: the conformance kit, and what several replicas do at once.

// Tells clippy that this is test code, where `unwrap` is allowed.
#![cfg(test)]
#![cfg(feature = "postgres")]

mod bench;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use authlib_conformance::PostgresServer;
use authlib_core::clock::{FixedClock, SystemClock};
use authlib_core::store::{TokenOwner, TokenStore as _};
use authlib_core::{ErrorKind, Token};
use authlib_sqlx::SqlxStore;
use sqlx::PgPool;

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000)))
}

async fn store(server: &PostgresServer) -> SqlxStore {
    let store = SqlxStore::connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

#[tokio::test]
async fn postgres_keeps_the_promises() {
    let Some(server) = PostgresServer::start().await else { return };
    let store = store(&server).await;
    let clock = clock();
    bench::check(&store.clone().on_clock(clock.clone()), &*clock).await;
    bench::all(&store.clone().on_clock(clock.clone()), &clock).await;
    sqlx::raw_sql("DELETE FROM authlib_token").execute(&pool(&server).await).await.unwrap();
    bench::check(&store.keyring(bench::keys("k")), &SystemClock).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_one_database() {
    let Some(mut server) = PostgresServer::start().await else { return };
    ten_replicas_start_at_once(&server).await;
    let stores = [store(&server).await, store(&server).await, store(&server).await];
    bench::writers_lose_nothing(&stores).await;
    sweepers_do_not_block_each_other(&server, &stores).await;
    #[cfg(feature = "tower-sessions")]
    bench::sessions_are_shared([stores[0].clone(), stores[1].clone()]).await;
    #[cfg(feature = "actix-session")]
    bench::actix_sessions_are_shared([stores[0].clone(), stores[1].clone()]).await;
    lookups_use_an_index(&server).await;
    older_tables_are_upgraded(&server).await;
    schema_is_what_migrate_creates(&server).await;
    missing_table_is_explained(&server).await;
    user_without_create_right_can_migrate(&server).await;
    server_can_be_restarted(&mut server, &stores[0]).await;
}

async fn pool(server: &PostgresServer) -> PgPool {
    PgPool::connect(&server.url()).await.unwrap()
}

async fn ten_replicas_start_at_once(server: &PostgresServer) {
    let starts = (0..10).map(|_| {
        let url = server.url();
        tokio::spawn(async move {
            SqlxStore::connect(&url).await.unwrap().migrate().await.unwrap();
        })
    });
    futures_util::future::try_join_all(starts).await.unwrap();
}

/// Rows that another transaction has locked are left to the next sweep.
async fn sweepers_do_not_block_each_other(server: &PostgresServer, stores: &[SqlxStore]) {
    let mut row = bench::row("locked", Token::bearer("at"));
    row.lifetime = Some(Duration::ZERO);
    stores[0].save(&row).await.unwrap();
    let pool = pool(server).await;
    let mut transaction = pool.begin().await.unwrap();
    let lock = "SELECT 1 FROM authlib_token WHERE user_id = 'locked' FOR UPDATE";
    sqlx::raw_sql(lock).fetch_all(&mut *transaction).await.unwrap();
    for number in 0..20 {
        let row = bench::row(&format!("more {number}"), Token::bearer("at"));
        stores[0].save(&row).await.unwrap();
    }
    transaction.rollback().await.unwrap();
}

async fn lookups_use_an_index(server: &PostgresServer) {
    let pool = pool(server).await;
    for condition in [
        "client = 'x' AND user_id = 'x'",
        "client = 'x' AND sub = 'x'",
        "issuer = 'x' AND sub = 'x'",
        "issuer = 'x' AND sid = 'x'",
        "client = 'x' AND refresh_hash = 'x'",
        "expires_at <= CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)",
    ] {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::raw_sql("SET LOCAL enable_seqscan = off").execute(&mut *transaction).await.unwrap();
        let sql = format!("EXPLAIN SELECT 1 FROM authlib_token WHERE {condition}");
        let plan: Vec<String> =
            sqlx::query_scalar(&sql).fetch_all(&mut *transaction).await.unwrap();
        assert!(plan.iter().any(|step| step.contains("Index")), "{condition}: {plan:?}");
    }
}

async fn older_tables_are_upgraded(server: &PostgresServer) {
    let pool = pool(server).await;
    let older = include_str!("../src/schema/postgres.sql").replace("authlib_", "older_");
    sqlx::raw_sql(&older).execute(&pool).await.unwrap();
    sqlx::raw_sql(bench::OLDER_ROW).execute(&pool).await.unwrap();
    let store = SqlxStore::from_postgres(pool).table_prefix("older_").unwrap();
    bench::older_tables_are_upgraded(&store).await;
}

async fn schema_is_what_migrate_creates(server: &PostgresServer) {
    let pool = pool(server).await;
    let migrated = SqlxStore::from_postgres(pool.clone()).table_prefix("one_").unwrap();
    migrated.migrate().await.unwrap();
    let by_hand = SqlxStore::from_postgres(pool.clone()).table_prefix("two_").unwrap();
    sqlx::raw_sql(&by_hand.schema()).execute(&pool).await.unwrap();
    by_hand.migrate().await.unwrap();
    let columns = async |prefix: &str| -> Vec<String> {
        let sql = "SELECT concat_ws(' ', substr(table_name, 5), column_name, data_type, collation_name) \
                   FROM information_schema.columns WHERE table_name LIKE $1 ORDER BY 1";
        sqlx::query_scalar(sql).bind(format!("{prefix}%")).fetch_all(&pool).await.unwrap()
    };
    let columns = [columns("one\\_").await, columns("two\\_").await];
    assert!(columns[0].contains(&"token user_id text C".to_owned()), "{columns:?}");
    assert_eq!(columns[0], columns[1]);
}

async fn missing_table_is_explained(server: &PostgresServer) {
    let store = SqlxStore::from_postgres(pool(server).await).table_prefix("none_").unwrap();
    let error = store.load(&TokenOwner::new("c", "u")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("migrate"), "{error}");
}

async fn user_without_create_right_can_migrate(server: &PostgresServer) {
    let grant = "CREATE ROLE app LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;
                 REVOKE CREATE ON SCHEMA public FROM PUBLIC";
    sqlx::raw_sql(grant).execute(&pool(server).await).await.unwrap();
    let store = SqlxStore::connect(&server.url().replace("authlib@", "app@")).await.unwrap();
    store.migrate().await.unwrap();
    store.save(&bench::row("app", Token::bearer("at"))).await.unwrap();
}

async fn server_can_be_restarted(server: &mut PostgresServer, store: &SqlxStore) {
    let owner = TokenOwner::new("client", "app");
    server.stop();
    let error = store.load(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    server.resume().await;
    assert!(store.load(&owner).await.unwrap().is_some());
}

#[tokio::test]
async fn password_is_not_in_errors() {
    for url in ["postgres://user:secret@127.0.0.1:1/db", "postgres://user:secret@[/db"] {
        let error = SqlxStore::connect(url).await.unwrap_err();
        assert!(!format!("{error:?} {}", error.report()).contains("secret"), "{error:?}");
    }
}

/// Without a server: the statement is never sent.
#[tokio::test]
async fn nul_in_a_user_id_is_refused_before_the_statement() {
    let pool = sqlx::postgres::PgPoolOptions::new().connect_lazy("postgres://u@127.0.0.1:1/db");
    let store = SqlxStore::from_postgres(pool.unwrap());
    let error = store.load(&TokenOwner::new("c", "a\0b")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("NUL"), "{error}");
}

/// `sslmode` and `sslrootcert` of the URL.
#[tokio::test]
async fn server_with_tls_must_have_a_certificate_of_the_ca() {
    let Some(server) = PostgresServer::with_tls().await else { return };
    let tls = concat!(env!("CARGO_MANIFEST_DIR"), "/../authlib-core/tests/tls");
    let connect = async |query: String| {
        let url = server.url().replace("127.0.0.1", "localhost");
        SqlxStore::connect(&format!("{url}?{query}")).await
    };
    let store = connect(format!("sslmode=verify-full&sslrootcert={tls}/ca.pem")).await.unwrap();
    store.migrate().await.unwrap();
    let is_encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                        WHERE usename = 'authlib' AND pid <> pg_backend_pid()";
    assert!(
        sqlx::query_scalar::<_, bool>(is_encrypted).fetch_one(&pool(&server).await).await.unwrap()
    );
    let refused = connect(format!("sslmode=verify-full&sslrootcert={tls}/other-ca.pem")).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Store);
    let Some(plain) = PostgresServer::start().await else { return };
    let refused = SqlxStore::connect(&format!("{}?sslmode=require", plain.url())).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Store);
}
