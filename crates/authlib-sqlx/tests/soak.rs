//! A soak test: logins and refreshes over a PostgreSQL server that the tests start. Memory, rows and connections stay
//! bounded. `SOAK_USERS=5000 cargo test --release -p authlib-sqlx --all-features --test soak -- --nocapture` makes ten thousand
//! of them; without the variable there are fewer, so that the test is short in a debug build.

// Tells clippy that this is test code, where `unwrap` is allowed.
#![cfg(test)]
#![cfg(feature = "postgres")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authlib_conformance::PostgresServer;
use authlib_core::adapter::{LoginCallback, RequestContext};
use authlib_core::login::{self, Session, SessionState};
use authlib_core::message::{Request, Response};
use authlib_core::store::{
    FoundRow, Lease, LoginQuery, ReplaceOutcome, TokenOwner, TokenRow, TokenStore,
};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{AuthorizeOptions, ClientConfig, Keyring, OAuth, Result, Token};
use authlib_provider::{Provider, TestClient, TestUser};
use authlib_sqlx::SqlxStore;
use futures_util::StreamExt as _;
use futures_util::stream;
use sqlx::PgPool;

/// How many users there are without `SOAK_USERS`. Each is a login, a refresh and, for three of four, a logout.
const USERS: usize = 1_000;

/// How many are in progress at once.
const CONCURRENT: usize = 16;

/// After this many users, memory is measured for the first time.
const WARM_UP: usize = 250;

const ISSUER: &str = "https://op.example";

/// How long the rows of users who never log out are kept.
const LIFETIME: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Browser(Mutex<Option<String>>);

impl Session for Browser {
    async fn load(&self) -> Result<Option<SessionState>> {
        Ok(self.0.lock().unwrap().as_ref().map(|text| serde_json::from_str(text).unwrap()))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        *self.0.lock().unwrap() = Some(serde_json::to_string(state).unwrap());
        Ok(())
    }

    async fn renew(&self) -> Result<()> {
        Ok(())
    }
}

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
    let (browser, client) = (Browser::default(), oauth.client("op").unwrap());
    let options = AuthorizeOptions::from("/authorize/op");
    let url = login::authorize_redirect(&client, &browser, options, None).await.unwrap();
    let back = provider.approve(&String::from(url), "alice").unwrap();
    let query = back.query();
    let request = RequestContext::new(http::Method::GET, "/authorize/op", query, |_| None);
    let callback = LoginCallback::read(client.clone(), &browser, &request, b"").await.unwrap();
    let owner = callback.log_in().await.unwrap().owner();
    client.refresh_token(&owner).await.unwrap();
    if !number.is_multiple_of(4) {
        login::logout(oauth, &browser).await.unwrap();
    }
}

async fn count(pool: &PgPool, sql: &str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn many_logins_and_refreshes_leave_nothing_behind() {
    let users = users();
    let Some(server) = PostgresServer::start().await else { return };
    let store = SqlxStore::connect(&server.url()).await.unwrap();
    let store = store.keyring(Keyring::generate("soak").unwrap());
    store.migrate().await.unwrap();
    let provider = Provider::builder(ISSUER)
        .client(
            TestClient::confidential("app", "secret-of-the-client-32-bytes-lo")
                .redirect_uri("https://app.example/authorize/op"),
        )
        .user(TestUser::new("alice"))
        .build();
    let (answered, windows) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Vec::new())));
    let oauth = OAuth::builder()
        .base_url("https://app.example")
        .register(
            ClientConfig::new("op")
                .client_id("app")
                .client_secret("secret-of-the-client-32-bytes-lo")
                .issuer(ISSUER)
                .scope("openid"),
        )
        .login_lifetime(LIFETIME)
        .http_client(Http { provider: provider.clone(), answered: answered.clone() })
        .token_store(Measured { store, answered, windows: windows.clone() })
        .build()
        .unwrap();
    let pool = PgPool::connect(&server.url()).await.unwrap();
    let connections = "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'authlib'";

    let began = now();
    let run = async |numbers: std::ops::Range<usize>| {
        for start in numbers.step_by(WARM_UP) {
            let visits = (start..start + WARM_UP).map(|number| visit(&oauth, &provider, number));
            stream::iter(visits).buffer_unordered(CONCURRENT).collect::<Vec<_>>().await;
            provider.clear_requests();
        }
    };
    run(0..WARM_UP).await;
    let before = (resident_kib(), count(&pool, connections).await);
    run(WARM_UP..users).await;
    let took = began.elapsed();
    let after = (resident_kib(), count(&pool, connections).await);
    let most = count(&pool, "SELECT COUNT(*) FROM authlib_token").await;

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
    report(&format!(
        "{users} logins and {users} refreshes in {:.1} s: memory {} MB before, {} MB after (with the provider's own {} \
         grants); connections {} and {}; rows at the end {most}, with a token after their lifetime {rows}; window of a \
         lost token: median {:.2} ms, longest of {} {:.2} ms",
        took.as_secs_f32(),
        before.0 / 1024,
        after.0 / 1024,
        2 * users,
        before.1,
        after.1,
        windows[windows.len() / 2].as_secs_f64() * 1e3,
        windows.len(),
        windows[windows.len() - 1].as_secs_f64() * 1e3,
    ));
    assert!(after.1 <= 12, "ten connections of the pool, two of the test");
    assert!(rows <= 200, "rows that have ended are deleted: {rows}");
    assert!(after.0 < before.0 + 64 * 1024, "{} KiB, then {} KiB", before.0, after.0);
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
