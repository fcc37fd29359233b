//! The store over SQLite: the conformance kit, encryption, damaged rows, and several processes on one file.

// Tells clippy that this is test code, where `unwrap` is allowed.
#![cfg(test)]
#![cfg(feature = "sqlite")]

mod bench;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use authlib_core::clock::{FixedClock, SystemClock};
use authlib_core::store::{PendingLoginStore as _, TokenOwner, TokenRow, TokenStore as _};
use authlib_core::{ErrorKind, Token};
use authlib_sqlx::SqlxStore;
use sqlx::SqlitePool;

/// A database file that is deleted with the value.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("authlib-sqlx-{}-{name}.sqlite", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.delete();
        file
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }

    async fn store(&self) -> SqlxStore {
        let store = SqlxStore::connect(&self.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    async fn pool(&self) -> SqlitePool {
        SqlitePool::connect(&self.url()).await.unwrap()
    }

    /// A pool as an application makes it.
    async fn pool_of_application(&self) -> SqlitePool {
        let options = sqlx::sqlite::SqliteConnectOptions::new();
        let options = options.filename(Path::new(&self.0)).create_if_missing(true);
        SqlitePool::connect_with(options).await.unwrap()
    }

    fn delete(&self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.delete();
    }
}

async fn memory() -> SqlxStore {
    let store = SqlxStore::connect("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    store
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000)))
}

#[cfg(feature = "tower-sessions")]
#[tokio::test]
async fn sessions_are_encrypted_and_swept() {
    let file = File::new("sessions");
    bench::sessions_are_shared([file.store().await, file.store().await]).await;
    let pool = file.pool().await;
    let records: Vec<String> =
        sqlx::query_scalar("SELECT record FROM authlib_session").fetch_all(&pool).await.unwrap();
    assert!(!records.is_empty() && records.iter().all(|record| record.starts_with("k.")));
    let ended = "SELECT COUNT(*) FROM authlib_session WHERE expires_at < unixepoch() * 1000";
    let count = async || sqlx::query_scalar::<_, i64>(ended).fetch_one(&pool).await.unwrap();
    assert!(count().await > 0);
    let store = file.store().await;
    store.save(&bench::row("any", Token::bearer("at"))).await.unwrap();
    assert_eq!(count().await, 0, "the first write of a process sweeps");
}

#[cfg(feature = "actix-session")]
#[tokio::test]
async fn sessions_of_actix_are_shared() {
    let file = File::new("actix-sessions");
    bench::actix_sessions_are_shared([file.store().await, file.store().await]).await;
}

#[tokio::test]
async fn older_tables_are_upgraded() {
    let file = File::new("older");
    let pool = file.pool_of_application().await;
    let older = include_str!("../src/schema/sqlite.sql").replace("authlib_", "older_");
    sqlx::raw_sql(&older).execute(&pool).await.unwrap();
    sqlx::raw_sql(bench::OLDER_ROW).execute(&pool).await.unwrap();
    let store = SqlxStore::from_sqlite(pool).table_prefix("older_").unwrap();
    bench::older_tables_are_upgraded(&store).await;
}

#[tokio::test]
async fn file_and_memory_keep_the_promises() {
    let file = File::new("promises");
    let stores = [file.store().await, memory().await.keyring(bench::keys("k"))];
    for store in stores {
        let clock = clock();
        bench::check(&store.on_clock(clock.clone()), &*clock).await;
    }
}

/// With the database's own time, the kit waits.
#[tokio::test]
async fn promises_hold_with_the_time_of_the_database() {
    let file = File::new("time");
    bench::check(&file.store().await.keyring(bench::keys("k")), &SystemClock).await;
}

#[tokio::test]
async fn shared_cases_hold() {
    let (file, clock) = (File::new("cases"), clock());
    bench::all(&file.store().await.on_clock(clock.clone()), &clock).await;
}

#[tokio::test]
async fn file_is_private_and_in_wal_mode() {
    let file = File::new("private");
    let store = file.store().await;
    store.save(&bench::row("u", Token::bearer("at"))).await.unwrap();
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&file.pool().await).await.unwrap();
    assert_eq!(mode, "wal");
    #[cfg(unix)]
    for end in ["", "-wal"] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = format!("{}{end}", file.0.display());
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{end}");
    }
}

#[tokio::test]
async fn row_in_another_place_does_not_open() {
    let file = File::new("swapped");
    let store = file.store().await.keyring(bench::keys("k"));
    let pool = file.pool().await;
    let run = async |sql: &str| sqlx::raw_sql(sql).execute(&pool).await.map(drop).unwrap();
    for user in ["alice", "bob"] {
        store.save(&bench::row(user, Token::bearer(user))).await.unwrap();
    }
    let alice = TokenOwner::new("client", "alice");
    run("UPDATE authlib_token SET token = (SELECT token FROM authlib_token WHERE user_id = 'bob')")
        .await;
    assert_eq!(store.load(&alice).await.unwrap_err().kind(), ErrorKind::Store);
    let bob = TokenOwner::new("client", "bob");
    assert_eq!(store.load(&bob).await.unwrap().unwrap().access_token.expose(), "bob");
    // A new login repairs the row.
    store.save(&bench::row("alice", Token::bearer("new"))).await.unwrap();
    assert!(store.load(&alice).await.unwrap().is_some());
    run("UPDATE authlib_token SET token = substr(token, 1, 40)").await;
    assert_eq!(store.load(&alice).await.unwrap_err().kind(), ErrorKind::Store);
    store.insert("one", "{}".to_owned(), Duration::from_secs(60)).await.unwrap();
    run("UPDATE authlib_pending_login SET key = 'two'").await;
    assert_eq!(store.take("two").await.unwrap_err().kind(), ErrorKind::Store);
}

#[tokio::test]
async fn secrets_are_not_in_the_file() {
    let file = File::new("secrets");
    let store = file.store().await.keyring(bench::keys("k"));
    store.save(&bench::row("u", Token::bearer("a-secret-token"))).await.unwrap();
    let record = "{\"state\":\"a-secret-state\"}".to_owned();
    store.insert("key", record, Duration::from_secs(60)).await.unwrap();
    store.close().await;
    let mut bytes = std::fs::read(&file.0).unwrap();
    // What SQLite has not written to the file itself yet.
    let log = format!("{}-wal", file.0.display());
    bytes.extend(std::fs::read(log).unwrap_or_default());
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("client"), "the row is not in the file");
    assert!(!text.contains("a-secret"));
}

#[tokio::test]
async fn missing_table_is_explained() {
    let store = SqlxStore::connect("sqlite::memory:").await.unwrap();
    let error = store.load(&TokenOwner::new("c", "u")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("migrate"), "{error}");
}

#[tokio::test]
async fn read_only_database_is_read() {
    let file = File::new("read-only");
    file.store().await.save(&bench::row("u", Token::bearer("at"))).await.unwrap();
    let store = SqlxStore::connect(&format!("{}?mode=ro", file.url())).await.unwrap();
    store.migrate().await.unwrap();
    assert!(store.load(&TokenOwner::new("client", "u")).await.unwrap().is_some());
    let error = store.save(&bench::row("u", Token::bearer("new"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("readonly"), "{error}");
}

#[tokio::test]
async fn urls_are_checked() {
    for (url, kind) in [
        ("mysql://user:secret@host/db", ErrorKind::Config),
        ("secret", ErrorKind::Config),
        ("sqlite:/nowhere/secret-folder/x?mode=secret", ErrorKind::Config),
        ("sqlite:/nowhere/folder/x", ErrorKind::Store),
    ] {
        let error = SqlxStore::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}");
        assert!(!format!("{error:?} {}", error.report()).contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn prefix_is_part_of_all_names() {
    let file = File::new("prefix");
    let pool = file.pool_of_application().await;
    let store = SqlxStore::from_sqlite(pool.clone()).table_prefix("my_app_").unwrap();
    store.migrate().await.unwrap();
    store.save(&bench::row("u", Token::bearer("at"))).await.unwrap();
    let names =
        "SELECT COUNT(*) FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'my_app_%'";
    let others: i64 = sqlx::query_scalar(names).fetch_one(&pool).await.unwrap();
    assert_eq!(others, 0);
    for prefix in ["Upper", "1", "a-b", "a;", "a b", &"x".repeat(41)] {
        let error = SqlxStore::from_sqlite(pool.clone()).table_prefix(prefix).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{prefix}");
    }
}

#[tokio::test]
async fn schema_is_what_migrate_creates() {
    let (migrated, by_hand) = (File::new("migrated"), File::new("by-hand"));
    let store = migrated.store().await;
    let pool = by_hand.pool_of_application().await;
    sqlx::raw_sql(&store.schema()).execute(&pool).await.unwrap();
    let store = SqlxStore::from_sqlite(pool);
    store.migrate().await.unwrap();
    store.save(&bench::row("u", Token::bearer("at"))).await.unwrap();
    let tables = async |pool: SqlitePool| -> Vec<String> {
        let sql = "SELECT name FROM sqlite_master ORDER BY name";
        sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap()
    };
    assert_eq!(tables(migrated.pool().await).await, tables(by_hand.pool().await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_replicas_start_at_once() {
    let file = File::new("replicas");
    let starts = (0..10).map(|replica| {
        let url = file.url();
        tokio::spawn(async move {
            let store = SqlxStore::connect(&url).await.unwrap();
            store.migrate().await.unwrap();
            store.save(&bench::row(&replica.to_string(), Token::bearer("at"))).await.unwrap();
        })
    });
    futures_util::future::try_join_all(starts).await.unwrap();
    let count = "SELECT COUNT(*) FROM authlib_token";
    let rows: i64 = sqlx::query_scalar(count).fetch_one(&file.pool().await).await.unwrap();
    assert_eq!(rows, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_several_processes_lose_nothing() {
    let file = File::new("writers");
    let stores = [file.store().await, file.store().await, file.store().await, file.store().await];
    bench::writers_lose_nothing(&stores).await;
}

/// The statements that a store runs often use an index.
#[tokio::test]
async fn lookups_use_an_index() {
    let file = File::new("plan");
    drop(file.store().await);
    let pool = file.pool().await;
    for condition in [
        "client = $1 AND user_id = $1",
        "client = $1 AND sub = $1",
        "issuer = $1 AND sub = $1",
        "issuer = $1 AND sid = $1",
        "expires_at <= 1 AND held_until <= 1",
    ] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT 1 FROM authlib_token WHERE {condition}");
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(&sql).bind("x").fetch_all(&pool).await.unwrap();
        assert!(plan.iter().all(|step| step.3.starts_with("SEARCH")), "{condition}: {plan:?}");
    }
}

#[tokio::test]
async fn rows_that_ended_are_swept_by_writes() {
    let file = File::new("sweep");
    let (clock, pool) = (clock(), file.pool_of_application().await);
    let store = file.store().await.on_clock(clock.clone());
    let count = async |table: &str| -> i64 {
        let sql = format!("SELECT COUNT(*) FROM authlib_{table}");
        sqlx::query_scalar(&sql).fetch_one(&pool).await.unwrap()
    };
    for number in 0..250 {
        let user = number.to_string();
        let mut row = bench::row(&user, Token::bearer(&*user));
        row.lifetime = Some(Duration::from_secs(60));
        store.save(&row).await.unwrap();
        store.insert(&user, "{}".to_owned(), Duration::from_secs(600)).await.unwrap();
    }
    // Rows without a token: of a lease, and of a logout.
    let lease = store.acquire(&TokenOwner::new("client", "lease"), Duration::from_secs(60)).await;
    store.delete(&TokenOwner::new("client", "0")).await.unwrap();
    assert_eq!((count("token").await, count("pending_login").await), (251, 250));
    clock.advance(Duration::from_secs(601));
    for number in 0..30 {
        let mut row: TokenRow = bench::row("kept", Token::bearer("at"));
        row.owner.user = format!("kept {number}");
        store.save(&row).await.unwrap();
    }
    assert_eq!((count("token").await, count("pending_login").await), (30, 0));
    drop(lease);
}
