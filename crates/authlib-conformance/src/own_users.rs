//! Tests of an application with its own users and a session store, for every framework:
//! [`own_user_tests!`](crate::own_user_tests) makes the tests.
//!
//! The application has these routes:
//!
//! - `/login/{client}`, and its callback `/authorize/{client}`: with `op` it logs in the user 7 by `log_in_as`, with
//!   `op_two` by `complete` and `record_as`
//! - `/user`: the application's id of the user who is logged in, or `nobody`
//! - `/call/{client}`: calls the API for the user of the session, see [`call`]
//! - `/job/{client}`: calls it for the user 7, without a session
//! - `POST /logout` and `POST /logout-everywhere`

use std::net::TcpListener;
use std::sync::Arc;

use authlib_core::store::{LoginQuery, MemoryTokenStore, TokenOwner, TokenStore as _};
use authlib_core::{ClientConfig, OAuth, OAuth2Client, Result};
use authlib_provider::{Endpoint, Fault, Provider, TestClient, TestUser};
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::{Browser, Page};

const ISSUER: &str = "https://op.example";

/// Makes a test of each case. `$serve` serves a new application with the registry at the listener. All frameworks
/// get the same list.
#[macro_export]
macro_rules! own_user_tests {
    ($test:meta, $serve:path) => {
        $crate::framework_tests!(own_users, $test, $serve: [
            browsers_and_jobs_share_one_token_and_one_refresh,
            logout_ends_one_login_and_keeps_the_token,
            logout_everywhere_ends_all_logins_of_the_user,
            account_of_another_user_is_refused,
            login_renews_session_and_logout_deletes_it,
            each_resource_has_a_token_of_its_own,
        ]);
    };
}

/// The client that calls the API with one token for each of the [`RESOURCES`].
const BY_RESOURCE: &str = "op_resources";
const RESOURCES: [&str; 2] = ["https://op.example/api/mail/", "https://op.example/api/files/"];

/// Calls the API, and returns the `sub` of the response, or its status. With the client `op_resources`, calls the API for
/// each resource, and returns what the tokens were for.
///
/// # Errors
///
/// The error of the request.
pub async fn call(api: OAuth2Client) -> Result<String> {
    if api.registered_client().name() == BY_RESOURCE {
        let mut seen = Vec::new();
        for resource in RESOURCES {
            let response = api.for_resource(resource).get("inbox").send().await?;
            let echo: Value = response.error_for_status()?.json()?;
            seen.push(format!("{} {}", echo["path"], echo["resource"]));
        }
        return Ok(seen.join(", "));
    }
    let response = api.get("echo").send().await?;
    if response.status() != 200 {
        return Ok(response.status().to_string());
    }
    let user: Value = response.json()?;
    Ok(user["sub"].as_str().unwrap_or_default().to_owned())
}

/// The application and its provider.
struct Fixture {
    url: Url,
    provider: Provider,
    store: Arc<MemoryTokenStore>,
}

impl Fixture {
    async fn new(serve: impl AsyncFnOnce(OAuth, TcpListener)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = Url::parse(&format!("http://localhost:{port}")).unwrap();
        let client = TestClient::confidential("app", "secret").any_loopback_redirect();
        let provider = Provider::builder(ISSUER)
            .client(client)
            .user(TestUser::new("alice"))
            .user(TestUser::new("bob"))
            .build();
        let store = Arc::new(MemoryTokenStore::new());
        let config = |name: &str| {
            ClientConfig::new(name)
                .client_id("app")
                .client_secret("secret")
                .issuer(ISSUER)
                .api_base_url(format!("{ISSUER}/api"))
                .scope("openid profile")
        };
        let oauth = OAuth::builder()
            .base_url(url.as_str())
            .register(config("op"))
            .register(config("op_two"))
            .register(config(BY_RESOURCE))
            .http_client(provider.clone())
            .token_store(store.clone())
            .build()
            .unwrap();
        serve(oauth, listener).await;
        Self { url, provider, store }
    }

    fn url(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    async fn log_in(&self, browser: &Browser, client: &str, account: &str) -> Page {
        let page = browser.get(self.url(&format!("/login/{client}"))).await;
        let back = self.provider.approve(page.location().as_str(), account).unwrap();
        browser.get_json(back).await
    }

    async fn get(&self, browser: &Browser, path: &str) -> (u16, String) {
        let page = browser.get_json(self.url(path)).await;
        (page.status, page.body)
    }

    async fn user(&self, browser: &Browser) -> String {
        self.get(browser, "/user").await.1
    }

    async fn post(&self, browser: &Browser, path: &str) -> u16 {
        let headers = [("sec-fetch-site", "same-origin")];
        browser.request(Method::POST, self.url(path), &headers, None).await.status
    }

    /// The owners of Alice's stored tokens.
    async fn owners(&self) -> Vec<TokenOwner> {
        let query = LoginQuery::IssuerSubject { issuer: ISSUER.into(), sub: "alice".into() };
        let rows = self.store.find_rows(&query).await.unwrap();
        rows.into_iter().filter(|row| !row.is_login).map(|row| row.owner).collect()
    }
}

fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

/// # Panics
///
/// If the case fails.
pub async fn browsers_and_jobs_share_one_token_and_one_refresh(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let (first, second) = (Browser::new(), Browser::new());
    fixture.provider.inject(Fault::token("expires_in", 0));
    for browser in [&first, &second] {
        let page = fixture.log_in(browser, "op", "alice").await;
        assert_eq!((page.status, page.location().path()), (303, "/"), "{}", page.body);
        assert_eq!(fixture.user(browser).await, "7");
    }
    assert_eq!(fixture.owners().await, [TokenOwner::new("op", "7")], "one for both browsers");
    fixture.provider.clear_faults();
    fixture.provider.clear_requests();
    let nobody = Browser::new();
    let (a, b, job) = tokio::join!(
        fixture.get(&first, "/call/op"),
        fixture.get(&second, "/call/op"),
        fixture.get(&nobody, "/job/op"),
    );
    assert_eq!([a, b, job], [ok("alice"), ok("alice"), ok("alice")]);
    assert_eq!(fixture.provider.count(Endpoint::Token), 1, "one refresh for all three");
    assert_eq!(fixture.get(&nobody, "/call/op").await.0, 401);
    // The other client has a token of its own.
    fixture.log_in(&second, "op_two", "alice").await;
    assert_eq!((fixture.user(&second).await.as_str(), fixture.owners().await.len()), ("7", 2));
}

/// # Panics
///
/// If the case fails.
pub async fn logout_ends_one_login_and_keeps_the_token(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let (first, second) = (Browser::new(), Browser::new());
    for browser in [&first, &second] {
        fixture.log_in(browser, "op_two", "alice").await;
    }
    let copy = first.copy();
    assert_eq!(fixture.post(&first, "/logout").await, 303);
    assert_eq!(fixture.user(&first).await, "nobody");
    assert_eq!(fixture.user(&copy).await, "nobody", "a copied cookie");
    assert_eq!(fixture.user(&second).await, "7");
    assert_eq!(fixture.get(&second, "/call/op_two").await, ok("alice"));
    assert_eq!(fixture.post(&second, "/logout").await, 303);
    assert_eq!(fixture.get(&Browser::new(), "/job/op_two").await, ok("alice"));
    assert_eq!(fixture.owners().await, [TokenOwner::new("op_two", "7")]);
    assert_eq!(fixture.provider.count(Endpoint::Revoke), 0);
}

/// # Panics
///
/// If the case fails.
pub async fn logout_everywhere_ends_all_logins_of_the_user(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let (first, second) = (Browser::new(), Browser::new());
    for browser in [&first, &second] {
        fixture.log_in(browser, "op", "alice").await;
    }
    assert_eq!(fixture.post(&first, "/logout-everywhere").await, 303);
    for browser in [&first, &second] {
        assert_eq!(fixture.user(browser).await, "nobody");
    }
    assert_eq!(fixture.get(&Browser::new(), "/job/op").await, ok("alice"), "the user's jobs go on");
    fixture.log_in(&second, "op", "alice").await;
    assert_eq!(
        (fixture.user(&first).await, fixture.user(&second).await),
        ("nobody".into(), "7".into())
    );
}

/// The application finds the same user for each account here: a token of Bob is no token of the user who is Alice.
///
/// # Panics
///
/// If the case fails.
pub async fn account_of_another_user_is_refused(serve: impl AsyncFnOnce(OAuth, TcpListener)) {
    let fixture = Fixture::new(serve).await;
    let (alice, bob) = (Browser::new(), Browser::new());
    fixture.log_in(&alice, "op", "alice").await;
    let page = fixture.log_in(&bob, "op", "bob").await;
    assert_eq!((page.status, fixture.user(&bob).await.as_str()), (409, "nobody"), "{}", page.body);
    assert_eq!(fixture.get(&alice, "/call/op").await, ok("alice"));
}

/// # Panics
///
/// If the case fails.
pub async fn login_renews_session_and_logout_deletes_it(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let browser = Browser::new();
    fixture.log_in(&browser, "op", "alice").await;
    let before = browser.copy();
    fixture.log_in(&browser, "op_two", "alice").await;
    assert_eq!(fixture.user(&browser).await, "7");
    assert_ne!(browser.cookie("localhost"), before.cookie("localhost"), "the id is another one");
    assert_eq!(fixture.post(&browser, "/logout").await, 303);
    assert_eq!(
        (fixture.user(&browser).await, fixture.user(&before).await),
        ("nobody".into(), "nobody".into())
    );
    // What a browser makes up is no session.
    fixture.log_in(&browser, "op", "alice").await;
    browser.set_cookies("localhost", "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(fixture.user(&browser).await, "nobody");
}

/// RFC 8707 §2.2: from one refresh token. A request of a browser and a job share the tokens.
///
/// # Panics
///
/// If the case fails.
pub async fn each_resource_has_a_token_of_its_own(serve: impl AsyncFnOnce(OAuth, TcpListener)) {
    let fixture = Fixture::new(serve).await;
    let (browser, job) = (Browser::new(), Browser::new());
    fixture.log_in(&browser, BY_RESOURCE, "alice").await;
    fixture.provider.clear_requests();
    let expected = "\"/api/mail/inbox\" [\"https://op.example/api/mail/\"], \
                    \"/api/files/inbox\" [\"https://op.example/api/files/\"]";
    for _ in 0..2 {
        assert_eq!(fixture.get(&browser, "/call/op_resources").await, ok(expected));
        assert_eq!(fixture.get(&job, "/job/op_resources").await, ok(expected));
    }
    assert_eq!(fixture.provider.count(Endpoint::Token), 2, "one for each resource");
    // The API rejects both: each is requested once more.
    fixture.provider.expire_access_tokens();
    assert_eq!(fixture.get(&browser, "/call/op_resources").await, ok(expected));
    assert_eq!(fixture.provider.count(Endpoint::Token), 4);
    assert_eq!(fixture.user(&browser).await, "7");
}
