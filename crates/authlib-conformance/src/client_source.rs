//! Tests of an application whose clients are not known at the start, for every framework:
//! [`client_source_tests!`](crate::client_source_tests) makes the tests.
//!
//! The application has these routes:
//!
//! - the built-in ones: `/login/{client}`, `/authorize/{client}` and `POST /logout`
//! - `POST /login`: a form with the field `email`, for [`authorize_redirect_by_email`](authlib_core::adapter::LoginSession::authorize_redirect_by_email)
//! - `/user`: the client and the subject of the user who is logged in, or 401
//! - `/call/{client}`: calls the API for the user of the session, see [`own_users::call`](crate::own_users::call)
//! - `POST /backchannel-logout/{client}`

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use authlib_core::transport::BoxFuture;
use authlib_core::{ClientConfig, ClientSource, Error, ErrorKind, OAuth, Result};
use authlib_provider::{Fault, Provider, TestClient, TestUser};
use reqwest::Method;
use serde_json::json;
use url::Url;

use crate::{Browser, Page};

const ISSUER: &str = "https://op.example";

/// Makes a test of each case. `$serve` serves a new application with the registry at the listener. All frameworks
/// get the same list.
#[macro_export]
macro_rules! client_source_tests {
    ($test:meta, $serve:path) => {
        $crate::framework_tests!(client_source, $test, $serve: [
            client_of_the_source_logs_in_and_is_refreshed,
            unknown_client_is_404_invalid_one_500_failing_source_503,
            session_with_a_vanished_client_is_not_logged_in,
            back_channel_logout_ends_logins_of_a_client_of_the_source,
            login_by_email_redirects_to_the_provider_of_the_domain,
        ]);
    };
}

/// The customers `acme` and `broken`, until they are gone or the database is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    Gone,
    Down,
}

struct Customers(Arc<Mutex<State>>);

impl ClientSource for Customers {
    fn find_client<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<ClientConfig>>> {
        let config = ClientConfig::new(name).client_id("app").scope("openid profile");
        let found = match (*self.0.lock().unwrap(), name) {
            (State::Up, "acme") => Ok(Some(
                config.client_secret("secret").issuer(ISSUER).api_base_url(format!("{ISSUER}/api")),
            )),
            (State::Up, "broken") => Ok(Some(config.issuer("http://op.example"))),
            (State::Up | State::Gone, _) => Ok(None),
            (State::Down, _) => Err(Error::new(ErrorKind::Internal, "the database is down")),
        };
        Box::pin(async { found })
    }

    fn client_of_domain<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        let found = (domain == "acme.example").then(|| "acme".to_owned());
        Box::pin(async { Ok(found) })
    }
}

/// The application and its provider.
struct Fixture {
    url: Url,
    provider: Provider,
    oauth: OAuth,
    state: Arc<Mutex<State>>,
}

impl Fixture {
    async fn new(serve: impl AsyncFnOnce(OAuth, TcpListener)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = Url::parse(&format!("http://localhost:{port}")).unwrap();
        let client = TestClient::confidential("app", "secret").any_loopback_redirect();
        let provider =
            Provider::builder(ISSUER).client(client).user(TestUser::new("alice")).build();
        let state = Arc::new(Mutex::new(State::Up));
        let oauth = OAuth::builder()
            .base_url(url.as_str())
            .client_source(Customers(state.clone()))
            .http_client(provider.clone())
            .build()
            .unwrap();
        serve(oauth.clone(), listener).await;
        Self { url, provider, oauth, state }
    }

    fn url(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap() = state;
        self.oauth.forget_client("acme");
    }

    async fn get(&self, browser: &Browser, path: &str) -> (u16, String) {
        let page = browser.get_json(self.url(path)).await;
        (page.status, page.body)
    }

    async fn log_in(&self, browser: &Browser) {
        let page = browser.get(self.url("/login/acme")).await;
        let back = self.provider.approve(page.location().as_str(), "alice").unwrap();
        let page = browser.get_json(back).await;
        assert_eq!(page.status, 303, "{}", page.body);
        assert_eq!(self.get(browser, "/user").await, (200, "acme alice".to_owned()));
    }

    async fn post(&self, browser: &Browser, path: &str, form: &str) -> Page {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        browser.request(Method::POST, self.url(path), &headers, Some(form.to_owned())).await
    }
}

/// # Panics
///
/// If the case fails.
pub async fn client_of_the_source_logs_in_and_is_refreshed(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let browser = Browser::new();
    // Each call of the API refreshes the token.
    fixture.provider.inject(Fault::token("expires_in", 0));
    fixture.log_in(&browser).await;
    fixture.provider.clear_faults();
    fixture.set(State::Up);
    assert_eq!(fixture.get(&browser, "/call/acme").await, (200, "alice".to_owned()));
    assert_eq!(fixture.post(&browser, "/logout", "").await.status, 303);
    assert_eq!(fixture.get(&browser, "/user").await.0, 401);
}

/// # Panics
///
/// If the case fails.
pub async fn unknown_client_is_404_invalid_one_500_failing_source_503(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let browser = Browser::new();
    let status = async |path: &str| fixture.get(&browser, path).await.0;
    for place in ["login", "authorize", "call"] {
        assert_eq!(status(&format!("/{place}/unknown")).await, 404, "{place}");
        assert_eq!(status(&format!("/{place}/broken")).await, 500, "{place}");
    }
    assert_eq!(status("/login/acme").await, 303);
    fixture.set(State::Down);
    assert_eq!(status("/login/acme").await, 503);
}

/// # Panics
///
/// If the case fails.
pub async fn session_with_a_vanished_client_is_not_logged_in(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    fixture.set(State::Gone);
    assert_eq!(fixture.get(&browser, "/user").await.0, 401);
    assert_eq!(fixture.get(&browser, "/call/acme").await.0, 404);
    fixture.set(State::Down);
    assert_eq!(fixture.get(&browser, "/user").await.0, 503);
    fixture.set(State::Up);
    assert_eq!(fixture.get(&browser, "/user").await.0, 200);
    fixture.set(State::Gone);
    assert_eq!(fixture.post(&browser, "/logout", "").await.status, 303);
    fixture.set(State::Up);
    assert_eq!(fixture.get(&browser, "/user").await.0, 401);
}

/// # Panics
///
/// If the case fails.
pub async fn back_channel_logout_ends_logins_of_a_client_of_the_source(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    fixture.set(State::Up);
    let token = fixture.provider.logout_token("app", &json!({"sub": "alice"}));
    let form = format!("logout_token={token}");
    let page = fixture.post(&Browser::new(), "/backchannel-logout/unknown", &form).await;
    assert_eq!(page.status, 404);
    let page = fixture.post(&Browser::new(), "/backchannel-logout/acme", &form).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(fixture.get(&browser, "/user").await.0, 401);
}

/// # Panics
///
/// If the case fails.
pub async fn login_by_email_redirects_to_the_provider_of_the_domain(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let browser = Browser::new();
    let page = fixture.post(&browser, "/login", "email=alice%40acme.example").await;
    let to = page.location();
    assert!(
        to.query_pairs().any(|(name, value)| name == "login_hint" && value == "alice@acme.example")
    );
    let back = fixture.provider.approve(to.as_str(), "alice").unwrap();
    assert_eq!(back.path(), "/authorize/acme");
    assert_eq!(browser.get_json(back).await.status, 303);
    assert_eq!(fixture.get(&browser, "/user").await.0, 200);
    let page = fixture.post(&browser, "/login", "email=alice%40other.example").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("There is no login for this organization"), "{}", page.body);
}
