//! Tests of an application whose configuration is read again while it runs, for every framework:
//! [`reload_tests!`](crate::reload_tests) makes the tests. The application is that of
//! [`client_source`](crate::client_source).

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use authlib_core::{ErrorKind, OAuth};
use authlib_provider::{Provider, TestClient, TestUser};
use url::Url;

use crate::Browser;

const ISSUER: &str = "https://op.example";

/// The variables of the client `acme`.
const FIRST: &[(&str, &str)] =
    &[("ACME_CLIENT_ID", "app"), ("ACME_CLIENT_SECRET", "secret"), ("ACME_ISSUER", ISSUER)];
const SECOND: &[(&str, &str)] =
    &[("ACME_CLIENT_ID", "second"), ("ACME_CLIENT_SECRET", "other"), ("ACME_ISSUER", ISSUER)];

/// Makes a test of each case. `$serve` serves a new application with the registry at the listener. All frameworks
/// get the same list.
#[macro_export]
macro_rules! reload_tests {
    ($test:meta, $serve:path) => {
        $crate::framework_tests!(reload, $test, $serve: [
            login_that_started_before_a_reload_finishes_after_it,
            failing_reload_changes_nothing,
            removed_client_is_404_and_its_logins_end,
        ]);
    };
}

/// The application and its provider.
struct Fixture {
    url: Url,
    provider: Provider,
    oauth: OAuth,
    vars: Arc<Mutex<&'static [(&'static str, &'static str)]>>,
}

impl Fixture {
    async fn new(serve: impl AsyncFnOnce(OAuth, TcpListener)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = Url::parse(&format!("http://localhost:{port}")).unwrap();
        let client = |id, secret| TestClient::confidential(id, secret).any_loopback_redirect();
        let provider = Provider::builder(ISSUER)
            .client(client("app", "secret"))
            .client(client("second", "other"))
            .user(TestUser::new("alice"))
            .build();
        let vars = Arc::new(Mutex::new(FIRST));
        let read = vars.clone();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let oauth = OAuth::builder()
            .base_url(url.as_str())
            .load_env_with(move || read.lock().unwrap().iter().map(owned).collect::<Vec<_>>())
            .discover_clients()
            .http_client(provider.clone())
            .build()
            .unwrap();
        serve(oauth.clone(), listener).await;
        Self { url, provider, oauth, vars }
    }

    fn set(&self, vars: &'static [(&'static str, &'static str)]) {
        *self.vars.lock().unwrap() = vars;
    }

    /// Starts a login, with this client id; returns the callback.
    async fn start(&self, browser: &Browser, id: &str) -> Url {
        let page = browser.get(self.url.join("/login/acme").unwrap()).await;
        let to = page.location();
        assert!(to.query_pairs().any(|(name, value)| name == "client_id" && value == id), "{to}");
        self.provider.approve(to.as_str(), "alice").unwrap()
    }

    async fn get(&self, browser: &Browser, path: &str) -> (u16, String) {
        let page = browser.get_json(self.url.join(path).unwrap()).await;
        (page.status, page.body)
    }
}

/// # Panics
///
/// If the case fails.
pub async fn login_that_started_before_a_reload_finishes_after_it(
    serve: impl AsyncFnOnce(OAuth, TcpListener),
) {
    let fixture = Fixture::new(serve).await;
    let browser = Browser::new();
    let back = fixture.start(&browser, "app").await;
    fixture.set(SECOND);
    assert_eq!(fixture.oauth.reload().unwrap().changed, ["acme"]);
    let page = browser.get_json(back).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(fixture.get(&browser, "/user").await, (200, "acme alice".to_owned()));
    let back = fixture.start(&browser, "second").await;
    assert_eq!(browser.get_json(back).await.status, 303);
}

/// # Panics
///
/// If the case fails.
pub async fn failing_reload_changes_nothing(serve: impl AsyncFnOnce(OAuth, TcpListener)) {
    let fixture = Fixture::new(serve).await;
    let browser = Browser::new();
    fixture.set(&[("ACME_CLIENT_ID", "second"), ("ACME_ISSUER", "http://op.example")]);
    assert_eq!(fixture.oauth.reload().unwrap_err().kind(), ErrorKind::Config);
    let back = fixture.start(&browser, "app").await;
    assert_eq!(browser.get_json(back).await.status, 303);
}

/// # Panics
///
/// If the case fails.
pub async fn removed_client_is_404_and_its_logins_end(serve: impl AsyncFnOnce(OAuth, TcpListener)) {
    let fixture = Fixture::new(serve).await;
    let browser = Browser::new();
    let back = fixture.start(&browser, "app").await;
    assert_eq!(browser.get_json(back).await.status, 303);
    let back = fixture.start(&browser, "app").await;
    fixture.set(&[]);
    assert_eq!(fixture.oauth.reload().unwrap().removed, ["acme"]);
    assert_eq!(browser.get_json(back).await.status, 404);
    assert_eq!(fixture.get(&browser, "/user").await.0, 401);
    assert_eq!(fixture.get(&browser, "/call/acme").await.0, 404);
    assert_eq!(fixture.get(&browser, "/login/acme").await.0, 404);
}
