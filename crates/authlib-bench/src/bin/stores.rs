//! What each token store costs beside the one in memory: a page of a logged-in user (`/profile`), the token for an API call,
//! a login's row and a refresh; then the cost of sealing, and how many rows a second are swept.
//!
//! `stores [CALLS]` prints a table. PostgreSQL and Redis run on loopback, in a temporary folder.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authlib_conformance::{PostgresServer, RedisServer};
use authlib_core::adapter::{LoginCallback, RequestContext};
use authlib_core::login::{self, Session, SessionState};
use authlib_core::message::{Request, Response};
use authlib_core::store::{MemoryTokenStore, TokenOwner, TokenRow, TokenStore};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{AuthorizeOptions, ClientConfig, Keyring, OAuth, RowEncryption, Token};
use authlib_provider::{Provider, TestClient, TestUser};
use authlib_redis::RedisStore;
use authlib_sqlx::SqlxStore;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const ISSUER: &str = "https://op.example";
const SECRET: &str = "secret-of-the-client-32-bytes-lo";

#[derive(Default)]
struct Browser(Mutex<Option<String>>);

impl Session for Browser {
    async fn load(&self) -> authlib_core::Result<Option<SessionState>> {
        let text = self.0.lock().ok().and_then(|text| text.clone());
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn save(&self, state: &SessionState) -> authlib_core::Result<()> {
        if let Ok(mut kept) = self.0.lock() {
            *kept = serde_json::to_string(state).ok();
        }
        Ok(())
    }

    async fn renew(&self) -> authlib_core::Result<()> {
        Ok(())
    }
}

struct Http(Provider);

impl HttpClient for Http {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.0.send(request)
    }
}

/// The mean time of a call, in microseconds.
async fn mean<F: Future<Output = Outcome>>(calls: u32, call: impl Fn(u32) -> F) -> Outcome<f64> {
    for number in 0..calls / 10 {
        call(number).await?;
    }
    let began = Instant::now();
    for number in 0..calls {
        call(number).await?;
    }
    Ok(began.elapsed().as_secs_f64() * 1e6 / f64::from(calls))
}

/// One line of the table; returns its times.
async fn measure(
    name: &str,
    store: impl TokenStore + Clone + 'static,
    calls: u32,
    memory: Option<[f64; 4]>,
) -> Outcome<[f64; 4]> {
    let redirect_uri = "https://app.example/authorize/op";
    let client = TestClient::confidential("app", SECRET).redirect_uri(redirect_uri);
    let provider = Provider::builder(ISSUER).client(client).user(TestUser::new("alice")).build();
    let config = ClientConfig::new("op").client_id("app").client_secret(SECRET).issuer(ISSUER);
    let oauth = OAuth::builder()
        .base_url("https://app.example")
        .register(config.scope("openid profile email"))
        .http_client(Http(provider.clone()))
        .token_store(store.clone())
        .build()?;
    let (browser, client) = (Browser::default(), oauth.client("op")?);
    let options = AuthorizeOptions::from("/authorize/op");
    let url = login::authorize_redirect(&client, &browser, options, None).await?;
    let back = provider.approve(&String::from(url), "alice").ok_or("no callback")?;
    let query = back.query();
    let request = RequestContext::new(http::Method::GET, "/authorize/op", query, |_| None);
    let callback = LoginCallback::read(client.clone(), &browser, &request, b"").await?;
    let owner = callback.log_in().await?.owner();
    let token = client.active_token(&owner).await?;

    let times = [
        mean(calls, async |_| {
            login::require_user(&oauth, &browser).await?;
            Ok(())
        })
        .await?,
        mean(calls, async |_| {
            client.active_token(&owner).await?;
            Ok(())
        })
        .await?,
        mean(calls, async |number| {
            let row = TokenRow::new(TokenOwner::new("op", format!("u{number}")), token.clone());
            Ok(store.save(&row).await?)
        })
        .await?,
        mean(calls / 10, async |_| {
            client.refresh_token(&owner).await?;
            Ok(())
        })
        .await?,
    ];
    let base = memory.unwrap_or(times);
    let mut line = format!("| {name} |");
    for (time, base) in times.iter().zip(base) {
        line += &format!(" {time:.0} µs (+{:.0}) |", time - base);
    }
    println!("{line}");
    Ok(times)
}

/// Rows per second that writes delete, their own work included.
async fn sweep(name: &str, store: &SqlxStore) -> Outcome {
    const ROWS: u32 = 20_000;
    let mut ended = TokenRow::new(TokenOwner::new("op", ""), Token::bearer("at"));
    ended.lifetime = Some(Duration::from_secs(5));
    for number in 0..ROWS {
        ended.owner = TokenOwner::new("op", format!("ended{number}"));
        store.save(&ended).await?;
    }
    let kept = TokenRow::new(TokenOwner::new("op", "kept"), Token::bearer("at"));
    tokio::time::sleep(Duration::from_secs(6)).await;
    let writes = ROWS / 10;
    let began = Instant::now();
    for _ in 0..writes {
        store.save(&kept).await?;
    }
    let took = began.elapsed().as_secs_f64();
    let rows_per_second = f64::from(ROWS) / took;
    println!(
        "{name}: {ROWS} rows swept by {writes} writes in {took:.2} s: {rows_per_second:.0} rows/s"
    );
    Ok(())
}

fn sealing() -> Outcome {
    let (owner, mut token) = (TokenOwner::new("op", "user"), Token::bearer("a".repeat(1000)));
    token.id_token = Some("i".repeat(1000).into());
    for (name, keys) in [("clear text", None), ("AES-256-GCM", Some(Keyring::generate("k")?))] {
        let encryption = RowEncryption::new(keys);
        const CALLS: u32 = 20_000;
        let began = Instant::now();
        for _ in 0..CALLS {
            let text = encryption.seal_token(&owner, &token)?;
            encryption.open_token(&owner, &text)?;
        }
        let each = began.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS);
        println!("a token of 2 kB to a text and back, {name}: {each:.1} µs");
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let calls = std::env::args().nth(1).map_or(Ok(2000), |text| text.parse())?;
    println!(
        "| store | `/profile` | token for an API call | save of a row | refresh |\n| --- | --- | --- | --- | --- |"
    );
    let memory = measure("memory", Arc::new(MemoryTokenStore::new()), calls, None).await?;
    let file = std::env::temp_dir().join(format!("authlib-bench-{}.sqlite", std::process::id()));
    let url = format!("sqlite:{}", file.display());
    let sqlite = SqlxStore::connect(&url).await?.keyring(Keyring::generate("k")?);
    sqlite.migrate().await?;
    measure("SQLite file", sqlite.clone(), calls, Some(memory)).await?;
    let postgres = PostgresServer::start().await.ok_or("PostgreSQL is not installed")?;
    let store = SqlxStore::connect(&postgres.url()).await?;
    store.migrate().await?;
    measure("PostgreSQL, clear text", store.clone(), calls, Some(memory)).await?;
    let sealed = store.table_prefix("sealed_")?.keyring(Keyring::generate("k")?);
    sealed.migrate().await?;
    measure("PostgreSQL", sealed.clone(), calls, Some(memory)).await?;
    let redis = RedisServer::start().await.ok_or("Redis is not installed")?;
    let store = RedisStore::connect(&redis.url()).await?.keyring(Keyring::generate("k")?);
    measure("Redis", store, calls, Some(memory)).await?;
    sealing()?;
    sweep("PostgreSQL", &sealed).await?;
    sweep("SQLite", &sqlite).await?;
    let _ = std::fs::remove_file(file);
    Ok(())
}
