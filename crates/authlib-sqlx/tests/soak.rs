//! A soak test: logins and refreshes over a PostgreSQL server that the tests start. Memory, rows and connections stay
//! bounded. The variable `SOAK_USERS` changes how many there are.

// Tells clippy that this is test code, where `unwrap` is allowed.
#![cfg(test)]
#![cfg(feature = "postgres")]

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authlib_conformance::PostgresServer;
use authlib_conformance::in_process::{self, SessionInMemory, log_in};
use authlib_core::login;
use authlib_core::message::{Request, Response};
use authlib_core::store::{
    FoundRow, Lease, LoginQuery, ReplaceOutcome, TokenOwner, TokenRow, TokenStore,
};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{Keyring, OAuth, Result, Token};
use authlib_provider::Provider;
use authlib_sqlx::SqlxStore;
use futures_util::StreamExt as _;
use futures_util::stream;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// How many users visit without `SOAK_USERS`. Each is a login, a refresh and, for three of four, a logout.
const USERS: usize = 2_500;

/// How many different users there are. Each comes again and again, with a new browser.
const ACCOUNTS: usize = 100;

/// How many are in progress at once, in as many tasks.
const CONCURRENT: usize = 16;

/// After this many users, memory is measured for the first time.
const WARM_UP: usize = 250;

/// How long the rows of users who never log out are kept.
const LIFETIME: Duration = Duration::from_secs(2);

/// The provider in this process. Notes when it has answered a token request.
struct Http {
    provider: Provider,
    answered: Arc<Mutex<Option<Instant>>>,
}

impl HttpClient for Http {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let is_token = request.uri().path().ends_with("/token");
            let response = self.provider.send(request).await;
            if is_token {
                *self.answered.lock().unwrap() = Some(now());
            }
            response
        })
    }
}

/// Measures the time between the provider's answer and the end of the save: a process that dies there loses the token.
struct Measured {
    store: SqlxStore,
    answered: Arc<Mutex<Option<Instant>>>,
    windows: Arc<Mutex<Vec<Duration>>>,
}

impl TokenStore for Measured {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        self.store.load(owner)
    }

    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        self.store.save(row)
    }

    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        Box::pin(async move {
            let answered = *self.answered.lock().unwrap();
            let outcome = self.store.replace(lease, old, new).await;
            self.windows.lock().unwrap().extend(answered.map(|answered| answered.elapsed()));
            outcome
        })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        self.store.delete(owner)
    }

    fn find_rows<'a>(&'a self, query: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        self.store.find_rows(query)
    }

    fn end_logins<'a>(
        &'a self,
        query: &'a LoginQuery,
        at: std::time::SystemTime,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        self.store.end_logins(query, at, lifetime)
    }

    fn logins_ended_at<'a>(
        &'a self,
        queries: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<std::time::SystemTime>>> {
        self.store.logins_ended_at(queries)
    }

    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>> {
        self.store.acquire(owner, ttl)
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        self.store.release(lease)
    }
}

/// A browser logs in, its token is refreshed, and three of four users log out.
async fn visit(oauth: &OAuth, provider: &Provider, number: usize) {
    let browser = SessionInMemory::default();
    let owner = log_in(oauth, provider, &browser, &user(number)).await.login.owner();
    oauth.client("op").unwrap().refresh_token(&owner).await.unwrap();
    if !number.is_multiple_of(4) {
        login::logout(oauth, &browser).await.unwrap();
    }
}

/// The user of this visit.
fn user(number: usize) -> String {
    format!("user-{}", number % ACCOUNTS)
}

async fn count(pool: &PgPool, sql: &str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_logins_and_refreshes_leave_nothing_behind() {
    let users = users();
    let Some(server) = PostgresServer::start().await else { return };
    let store = SqlxStore::connect(&server.url()).await.unwrap();
    let store = store.keyring(Keyring::generate("soak").unwrap());
    store.migrate().await.unwrap();
    let provider = in_process::provider(&(0..ACCOUNTS).map(user).collect::<Vec<_>>());
    let (answered, windows) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Vec::new())));
    let oauth = in_process::registry(&provider)
        .login_lifetime(LIFETIME)
        .http_client(Http { provider: provider.clone(), answered: answered.clone() })
        .token_store(Measured { store, answered, windows: windows.clone() })
        .build()
        .unwrap();
    let pool = PgPoolOptions::new().max_connections(1).connect(&server.url()).await.unwrap();

    let began = now();
    let run = async |numbers: std::ops::Range<usize>| {
        for start in numbers.step_by(WARM_UP) {
            let visits = (start..start + WARM_UP).map(|number| {
                let (oauth, provider) = (oauth.clone(), provider.clone());
                tokio::spawn(async move { visit(&oauth, &provider, number).await })
            });
            let visits = stream::iter(visits).buffer_unordered(CONCURRENT);
            visits.map(Result::unwrap).collect::<Vec<_>>().await;
            provider.clear_requests();
        }
    };
    run(0..WARM_UP).await;
    let before = Figures::now(&pool).await;
    run(WARM_UP..users).await;
    let took = began.elapsed();
    let after = Figures::now(&pool).await;

    // One after the other: the time between an answer and its save is that of one refresh.
    windows.lock().unwrap().clear();
    for number in 0..200 {
        visit(&oauth, &provider, number * 4 + 1).await;
    }
    let mut windows = std::mem::take(&mut *windows.lock().unwrap());
    windows.sort();
    // Rows with a lifetime have ended by now. Rows of leases are kept for a minute.
    tokio::time::sleep(LIFETIME).await;
    for number in 0..20 {
        visit(&oauth, &provider, number).await;
    }
    let ended = "SELECT COUNT(*) FROM authlib_token WHERE token IS NOT NULL";
    let rows = count(&pool, ended).await;
    let median = windows[windows.len() / 2].as_secs_f64() * 1e3;
    let longest = windows[windows.len() - 1].as_secs_f64() * 1e3;
    report(&format!(
        "{users} logins and {users} refreshes in {:.1} s. After {WARM_UP}: {before}; after all: {after} (memory with the \
         provider's own grants). Rows with a token after their lifetime: {rows}. Window of a lost token: median \
         {median:.2} ms, longest of {} {longest:.2} ms",
        took.as_secs_f32(),
        windows.len(),
    ));
    assert!(after.connections <= 11, "ten connections of the store, one of the test");
    assert!(rows <= 200, "rows that have ended are deleted: {rows}");
    assert!(after.kib < before.kib + 64 * 1024, "{before}, then {after}");
}

/// What must stay bounded.
struct Figures {
    kib: u64,
    rows: i64,
    connections: i64,
}

impl Figures {
    async fn now(pool: &PgPool) -> Self {
        let connections =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
        Self {
            kib: resident_kib(),
            rows: count(pool, "SELECT COUNT(*) FROM authlib_token").await,
            connections: count(pool, connections).await,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kib, rows, connections } = self;
        write!(f, "{} MB, {rows} rows, {connections} connections", kib / 1024)
    }
}

#[expect(clippy::disallowed_methods, reason = "a setting of this test")]
fn users() -> usize {
    std::env::var("SOAK_USERS").map_or(USERS, |text| text.parse().unwrap())
}

/// The memory of this process. Zero where there is no `/proc`.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "measures")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stderr, reason = "figures for the reader of the test's output")]
fn report(line: &str) {
    eprintln!("{line}");
}
