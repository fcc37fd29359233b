//! Tokens that the application keeps by itself: the cases of `OAuthClient::for_user`, which
//! `tests/tokens.rs` of each framework crate runs on an application of its framework. The provider, the
//! application's rows, the calls and what must be seen stand here, once for all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use authlib_core::store::{FnTokenStore, TokenChange, TokenOwner};
use authlib_core::{AuthorizeOptions, ClientConfig, OAuth, OAuth2Client, Params, Result, Token};
use authlib_provider::{Client, Endpoint, Fault, Provider, User};
use serde_json::Value;

const ISSUER: &str = "https://op.example";
const CALLBACK: &str = "https://app.example/authorize";

/// Makes a test of each case. `$ask` asks a new application with this registry for a path, as the user whom
/// the header `x-user` names, and returns status and body. The list stands once: a case that is left
/// out of one framework is no program.
macro_rules! cases {
    ($test:meta, $ask:path) => {
        cases!(@ $test, $ask: [
            app_managed_token_is_sent_as_bearer,
            each_client_uses_its_own_token_of_the_user,
            userinfo_request_carries_user_token,
            expired_token_refreshes_and_reports_old_token,
            without_token_sends_none_and_missing_token_is_401,
            an_oauth1_client_signs_for_the_user,
        ]);
    };
    (@ $test:meta, $ask:path: [$($case:ident),* $(,)?]) => {
        $(#[$test]
        async fn $case() {
            crate::faces::$case($ask).await;
        })*
    };
}

/// What a handler does with the client of a user whom it found by the request.
pub(crate) async fn call(api: OAuth2Client, what: &str) -> Result<String> {
    let mut answer = match what {
        "userinfo" => return Ok(api.userinfo().await?.sub().to_owned()),
        "withheld" => api.get("echo").without_token().send().await?,
        _ => api.get("echo").send().await?,
    };
    if what == "twice" {
        answer = api.get("echo").send().await?;
    }
    if answer.status() != 200 {
        return Ok(answer.status().to_string());
    }
    let said: Value = answer.json()?;
    Ok(said["sub"].as_str().unwrap_or_default().to_owned())
}

/// An application whose user 7 is Alice at the client `op`, Bob at `op_two`, and Alice by OAuth 1.0a at
/// `one`.
struct World {
    provider: Provider,
    oauth: OAuth,
    rows: Arc<Mutex<HashMap<TokenOwner, Token>>>,
    /// What `fetch_token` was asked for.
    fetched: Arc<Mutex<Vec<TokenOwner>>>,
    /// What `update_token` was told.
    changes: Arc<Mutex<Vec<TokenChange>>>,
}

impl World {
    /// With tokens that end when this many seconds are over.
    async fn new(expires_in: u64) -> Self {
        let client = Client::confidential("app", "secret").redirect_uri(CALLBACK);
        let provider = Provider::builder(ISSUER)
            .client(client)
            .client(Client::oauth1("app1", "secret1").redirect_uri(CALLBACK))
            .user(User::new("alice"))
            .user(User::new("bob"))
            .build();
        let rows = Arc::new(Mutex::new(HashMap::new()));
        let (fetched, changes) = (Arc::new(Mutex::new(vec![])), Arc::new(Mutex::new(vec![])));
        let store = store(rows.clone(), fetched.clone(), changes.clone());
        let oauth = OAuth::builder()
            .base_url("https://app.example")
            .register(config("op"))
            .register(config("op_two"))
            .register(oauth1("one"))
            .http_client(provider.clone())
            .token_store(store)
            .build()
            .unwrap();
        let world = Self { provider, oauth, rows, fetched, changes };
        world.provider.inject(Fault::token("expires_in", expires_in));
        for (client, sub) in [("op", "alice"), ("op_two", "bob"), ("one", "alice")] {
            let token = world.log_in(client, sub).await;
            world.rows.lock().unwrap().insert(TokenOwner::new(client, "7"), token);
        }
        world.provider.behave();
        world.provider.clear_requests();
        world
    }

    async fn log_in(&self, client: &str, sub: &str) -> Token {
        let app = self.oauth.client(client).unwrap();
        let options = AuthorizeOptions::from(CALLBACK);
        let (url, pending) = app.create_authorization_url(options).await.unwrap();
        let back = self.provider.approve(url.as_str(), sub);
        let query = back.split_once('?').unwrap().1;
        app.fetch_access_token(pending, &Params::parse(query)).await.unwrap()
    }

    fn row(&self, client: &str) -> Token {
        self.rows.lock().unwrap()[&TokenOwner::new(client, "7")].clone()
    }

    /// The `Authorization` headers that the API got.
    fn sent(&self) -> Vec<Option<String>> {
        let seen = self.provider.requests();
        let api = seen.iter().filter(|seen| seen.endpoint == Endpoint::Api);
        api.map(|seen| seen.header("authorization").map(str::to_owned)).collect()
    }
}

fn config(name: &str) -> ClientConfig {
    ClientConfig::new(name)
        .client_id("app")
        .client_secret("secret")
        .issuer(ISSUER)
        .api_base_url(format!("{ISSUER}/api"))
        .scope("openid profile")
}

fn oauth1(name: &str) -> ClientConfig {
    ClientConfig::new(name)
        .client_id("app1")
        .client_secret("secret1")
        .request_token_url(format!("{ISSUER}/oauth1/request_token"))
        .authorization_endpoint(format!("{ISSUER}/oauth1/authorize"))
        .token_endpoint(format!("{ISSUER}/oauth1/access_token"))
        .api_base_url(format!("{ISSUER}/oauth1/api"))
}

/// Authlib's `fetch_token` and `update_token`, over rows in memory.
fn store(
    rows: Arc<Mutex<HashMap<TokenOwner, Token>>>,
    fetched: Arc<Mutex<Vec<TokenOwner>>>,
    changes: Arc<Mutex<Vec<TokenChange>>>,
) -> FnTokenStore {
    let kept = rows.clone();
    FnTokenStore::new(
        move |owner| {
            let token = rows.lock().unwrap().get(&owner).cloned();
            fetched.lock().unwrap().push(owner);
            async { Ok(token) }
        },
        move |change| {
            let token = change.token.clone().unwrap();
            kept.lock().unwrap().insert(change.owner.clone(), token);
            changes.lock().unwrap().push(change);
            async { Ok(()) }
        },
    )
}

/// T020, T048, T066.
pub(crate) async fn app_managed_token_is_sent_as_bearer(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let world = World::new(3600).await;
    let bearer = format!("Bearer {}", world.row("op").access_token.expose());
    assert_eq!(ask(&world.oauth, "/call/op/twice", "7").await, (200, "alice".to_owned()));
    assert_eq!(world.sent(), [Some(bearer.clone()), Some(bearer)]);
    let owner = TokenOwner::new("op", "7");
    assert_eq!(*world.fetched.lock().unwrap(), [owner.clone(), owner], "asked for each call");
    assert!(world.changes.lock().unwrap().is_empty());
}

/// T049, T065.
pub(crate) async fn each_client_uses_its_own_token_of_the_user(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let world = World::new(3600).await;
    for (client, sub) in [("op", "alice"), ("op_two", "bob")] {
        let path = format!("/call/{client}/once");
        assert_eq!(ask(&world.oauth, &path, "7").await, (200, sub.to_owned()));
        let bearer = format!("Bearer {}", world.row(client).access_token.expose());
        assert_eq!(world.sent(), [Some(bearer)], "{client}");
        world.provider.clear_requests();
    }
    assert_eq!(ask(&world.oauth, "/call/nobody/once", "7").await.0, 404);
}

/// T033, T082.
pub(crate) async fn userinfo_request_carries_user_token(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let world = World::new(3600).await;
    assert_eq!(ask(&world.oauth, "/call/op/userinfo", "7").await, (200, "alice".to_owned()));
    assert_eq!(ask(&world.oauth, "/call/op_two/userinfo", "7").await, (200, "bob".to_owned()));
    assert_eq!(world.provider.count(Endpoint::UserInfo), 2);
    assert_eq!(ask(&world.oauth, "/call/op/userinfo", "8").await.0, 401);
}

/// T010, T021.
pub(crate) async fn expired_token_refreshes_and_reports_old_token(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let world = World::new(0).await;
    let updates = Arc::new(Mutex::new(Vec::new()));
    let seen = updates.clone();
    world.oauth.subscribe(move |update| seen.lock().unwrap().push(update.clone()));
    let old = world.row("op");
    assert_eq!(ask(&world.oauth, "/call/op/twice", "7").await, (200, "alice".to_owned()));

    let requests = world.provider.requests();
    let endpoints: Vec<_> = requests.iter().map(|seen| seen.endpoint).collect();
    assert_eq!(endpoints, [Endpoint::Token, Endpoint::Api, Endpoint::Api]);
    assert_eq!(requests[0].authorization.as_deref(), Some("Basic"));
    assert_eq!(requests[0].field("grant_type"), Some("refresh_token"));
    let spent = old.refresh_token.as_ref().unwrap();
    assert_eq!(requests[0].secret("refresh_token"), Some(spent.expose()));
    let new = world.row("op");
    let bearer = format!("Bearer {}", new.access_token.expose());
    assert_eq!(world.sent(), [Some(bearer.clone()), Some(bearer)]);

    let changes = world.changes.lock().unwrap();
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change.owner, TokenOwner::new("op", "7"));
    assert_eq!(change.token.as_ref().unwrap().access_token, new.access_token);
    assert_eq!(change.old.as_ref().unwrap().refresh_token, old.refresh_token);
    let updates = updates.lock().unwrap();
    let [update] = updates.as_slice() else { panic!("{} updates", updates.len()) };
    assert_eq!(update.owner, change.owner);
    assert_eq!(update.token.access_token, new.access_token);
    assert_eq!(update.old.access_token, old.access_token);
}

/// T022, T050, T067.
pub(crate) async fn without_token_sends_none_and_missing_token_is_401(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let world = World::new(0).await;
    for user in ["7", "8"] {
        let (status, body) = ask(&world.oauth, "/call/op/withheld", user).await;
        assert_eq!((status, body.as_str()), (200, "401 Unauthorized"), "what the API says to it");
    }
    assert_eq!(world.sent(), [None, None]);
    assert!(world.fetched.lock().unwrap().is_empty(), "nobody asked for a token");
    assert_eq!(world.provider.count(Endpoint::Token), 0, "none was refreshed");

    let (status, body) = ask(&world.oauth, "/call/op/once", "8").await;
    assert_eq!(status, 401, "{body}");
    assert!(body.contains("\"error\":\"not_logged_in\""), "{body}");
    assert_eq!(world.sent().len(), 2, "no third request was sent");
}

pub(crate) async fn an_oauth1_client_signs_for_the_user(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let world = World::new(3600).await;
    assert_eq!(ask(&world.oauth, "/call/one/once", "7").await, (200, "alice".to_owned()));
    let seen = world.provider.requests().pop().unwrap();
    assert_eq!(seen.endpoint, Endpoint::OAuth1Api);
    assert_eq!(seen.authorization.as_deref(), Some("OAuth"));
    assert_eq!(ask(&world.oauth, "/call/one/once", "8").await.0, 401);
    assert_eq!(world.provider.requests().len(), 1, "nothing is signed without a token");
}
