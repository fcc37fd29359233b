//! Tests of tokens that the application manages itself, for every framework: [`call`] is the body of the
//! handler, [`app_managed_token_tests!`](crate::app_managed_token_tests) makes the tests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use authlib_core::store::{FnTokenStore, TokenChange, TokenOwner};
use authlib_core::{AuthorizeOptions, ClientConfig, OAuth, OAuth2Client, Params, Result, Token};
use authlib_provider::{Endpoint, Fault, Provider, TestClient, TestUser};
use serde_json::Value;

const ISSUER: &str = "https://op.example";
const CALLBACK: &str = "https://app.example/authorize";

/// Makes a test of each case. `$ask` sends a request for a path to a new application with the registry, as
/// the user of the header `x-user`, and returns status and body. All frameworks get the same list.
#[macro_export]
macro_rules! app_managed_token_tests {
    ($test:meta, $ask:path) => {
        $crate::framework_tests!(app_managed_tokens, $test, $ask: [
            app_managed_token_is_sent_as_bearer,
            each_client_uses_its_own_token_of_the_user,
            userinfo_request_carries_user_token,
            expired_token_refreshes_and_reports_old_token,
            without_token_sends_none_and_missing_token_is_401,
            oauth1_request_is_signed_with_user_token,
        ]);
    };
}

/// Calls the API with the client of a user, as `what` says: `once`, `twice`, `withheld` (without the token) or
/// `userinfo`. Returns the `sub` of the response, or its status.
///
/// # Errors
///
/// The error of the request.
pub async fn call(api: OAuth2Client, what: &str) -> Result<String> {
    let mut response = match what {
        "userinfo" => return Ok(api.userinfo().await?.sub().to_owned()),
        "withheld" => api.get("echo").without_token().send().await?,
        _ => api.get("echo").send().await?,
    };
    if what == "twice" {
        response = api.get("echo").send().await?;
    }
    if response.status() != 200 {
        return Ok(response.status().to_string());
    }
    let user: Value = response.json()?;
    Ok(user["sub"].as_str().unwrap_or_default().to_owned())
}

/// An application with one user, 7, who is Alice at the client `op`, Bob at `op_two`, and Alice at the
/// OAuth 1.0a client `one`.
struct Fixture {
    provider: Provider,
    oauth: OAuth,
    rows: Arc<Mutex<HashMap<TokenOwner, Token>>>,
    /// The owners whose tokens were read.
    fetched: Arc<Mutex<Vec<TokenOwner>>>,
    /// The changes that were written.
    changes: Arc<Mutex<Vec<TokenChange>>>,
}

impl Fixture {
    /// With tokens of this lifetime in seconds.
    async fn new(expires_in: u64) -> Self {
        let client = TestClient::confidential("app", "secret").redirect_uri(CALLBACK);
        let provider = Provider::builder(ISSUER)
            .client(client)
            .client(TestClient::oauth1("app1", "secret1").redirect_uri(CALLBACK))
            .user(TestUser::new("alice"))
            .user(TestUser::new("bob"))
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
        let fixture = Self { provider, oauth, rows, fetched, changes };
        fixture.provider.inject(Fault::token("expires_in", expires_in));
        for (client, sub) in [("op", "alice"), ("op_two", "bob"), ("one", "alice")] {
            let token = fixture.log_in(client, sub).await;
            fixture.rows.lock().unwrap().insert(TokenOwner::new(client, "7"), token);
        }
        fixture.provider.clear_faults();
        fixture.provider.clear_requests();
        fixture
    }

    async fn log_in(&self, client: &str, sub: &str) -> Token {
        let app = self.oauth.client(client).unwrap();
        let options = AuthorizeOptions::from(CALLBACK);
        let (url, pending) = app.create_authorization_url(options).await.unwrap();
        let back = self.provider.approve(url.as_str(), sub).unwrap();
        let query = back.query().unwrap();
        app.fetch_access_token(pending, &Params::parse(query)).await.unwrap()
    }

    fn row(&self, client: &str) -> Token {
        self.rows.lock().unwrap()[&TokenOwner::new(client, "7")].clone()
    }

    /// The `Authorization` headers that the API got.
    fn sent(&self) -> Vec<Option<String>> {
        let seen = self.provider.received_requests();
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

/// Authlib's `fetch_token` and `update_token` with rows in memory.
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
///
/// # Panics
///
/// If the case fails.
pub async fn app_managed_token_is_sent_as_bearer(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let fixture = Fixture::new(3600).await;
    let bearer = format!("Bearer {}", fixture.row("op").access_token.expose());
    assert_eq!(ask(&fixture.oauth, "/call/op/twice", "7").await, (200, "alice".to_owned()));
    assert_eq!(fixture.sent(), [Some(bearer.clone()), Some(bearer)]);
    let owner = TokenOwner::new("op", "7");
    assert_eq!(*fixture.fetched.lock().unwrap(), [owner.clone(), owner], "asked for each call");
    assert!(fixture.changes.lock().unwrap().is_empty());
}

/// T049, T065.
///
/// # Panics
///
/// If the case fails.
pub async fn each_client_uses_its_own_token_of_the_user(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let fixture = Fixture::new(3600).await;
    for (client, sub) in [("op", "alice"), ("op_two", "bob")] {
        let path = format!("/call/{client}/once");
        assert_eq!(ask(&fixture.oauth, &path, "7").await, (200, sub.to_owned()));
        let bearer = format!("Bearer {}", fixture.row(client).access_token.expose());
        assert_eq!(fixture.sent(), [Some(bearer)], "{client}");
        fixture.provider.clear_requests();
    }
    assert_eq!(ask(&fixture.oauth, "/call/nobody/once", "7").await.0, 404);
}

/// T033, T082.
///
/// # Panics
///
/// If the case fails.
pub async fn userinfo_request_carries_user_token(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let fixture = Fixture::new(3600).await;
    assert_eq!(ask(&fixture.oauth, "/call/op/userinfo", "7").await, (200, "alice".to_owned()));
    assert_eq!(ask(&fixture.oauth, "/call/op_two/userinfo", "7").await, (200, "bob".to_owned()));
    assert_eq!(fixture.provider.count(Endpoint::UserInfo), 2);
    assert_eq!(ask(&fixture.oauth, "/call/op/userinfo", "8").await.0, 401);
}

/// T010, T021.
///
/// # Panics
///
/// If the case fails.
pub async fn expired_token_refreshes_and_reports_old_token(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let fixture = Fixture::new(0).await;
    let updates = Arc::new(Mutex::new(Vec::new()));
    let seen = updates.clone();
    fixture.oauth.subscribe(move |update| seen.lock().unwrap().push(update.clone()));
    let old = fixture.row("op");
    assert_eq!(ask(&fixture.oauth, "/call/op/twice", "7").await, (200, "alice".to_owned()));

    let requests = fixture.provider.received_requests();
    let endpoints: Vec<_> = requests.iter().map(|seen| seen.endpoint).collect();
    assert_eq!(endpoints, [Endpoint::Token, Endpoint::Api, Endpoint::Api]);
    assert_eq!(requests[0].authorization.as_deref(), Some("Basic"));
    assert_eq!(requests[0].field("grant_type"), Some("refresh_token"));
    let used = old.refresh_token.as_ref().unwrap();
    assert_eq!(requests[0].secret("refresh_token"), Some(used.expose()));
    let new = fixture.row("op");
    let bearer = format!("Bearer {}", new.access_token.expose());
    assert_eq!(fixture.sent(), [Some(bearer.clone()), Some(bearer)]);

    let changes = fixture.changes.lock().unwrap();
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
///
/// # Panics
///
/// If the case fails.
pub async fn without_token_sends_none_and_missing_token_is_401(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let fixture = Fixture::new(0).await;
    for user in ["7", "8"] {
        let (status, body) = ask(&fixture.oauth, "/call/op/withheld", user).await;
        assert_eq!((status, body.as_str()), (200, "401 Unauthorized"), "status of the API");
    }
    assert_eq!(fixture.sent(), [None, None]);
    assert!(fixture.fetched.lock().unwrap().is_empty(), "no token was read");
    assert_eq!(fixture.provider.count(Endpoint::Token), 0, "none was refreshed");

    let (status, body) = ask(&fixture.oauth, "/call/op/once", "8").await;
    assert_eq!(status, 401, "{body}");
    assert!(body.contains("\"error\":\"not_logged_in\""), "{body}");
    assert_eq!(fixture.sent().len(), 2, "no third request was sent");
}

/// The user's OAuth 1.0a token signs the request; without one nothing is sent.
///
/// # Panics
///
/// If the case fails.
pub async fn oauth1_request_is_signed_with_user_token(
    ask: impl AsyncFn(&OAuth, &str, &str) -> (u16, String),
) {
    let fixture = Fixture::new(3600).await;
    assert_eq!(ask(&fixture.oauth, "/call/one/once", "7").await, (200, "alice".to_owned()));
    let seen = fixture.provider.received_requests().pop().unwrap();
    assert_eq!(seen.endpoint, Endpoint::OAuth1Api);
    assert_eq!(seen.authorization.as_deref(), Some("OAuth"));
    assert_eq!(ask(&fixture.oauth, "/call/one/once", "8").await.0, 401);
    assert_eq!(fixture.provider.received_requests().len(), 1, "nothing is signed without a token");
}
