//! Clients that are not known when the registry is built.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::adapter::{LoginCallback, LoginError, LoginSession};
use authlib_core::config::ConfigProblems;
use authlib_core::login;
use authlib_core::transport::BoxFuture;
use authlib_core::{
    AuthorizeOptions, ClientCache, ClientConfig, ClientSource, Error, ErrorKind, OAuth, Result,
};
use authlib_provider::{Endpoint, Fault};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http::Method;
use url::Url;

use crate::test_bed::{Browser, HOUR, ISSUER, SECOND, SECRET, TestBed, location, request, sent};

/// Customers in memory, which count the questions.
#[derive(Default)]
struct Customers {
    configs: Mutex<HashMap<String, ClientConfig>>,
    asked: Mutex<Vec<String>>,
    is_down: Mutex<bool>,
}

impl Customers {
    fn with(names: &[&str]) -> Arc<Self> {
        let customers = Self::default();
        for name in names {
            customers.set(name, config(name));
        }
        Arc::new(customers)
    }

    fn set(&self, name: &str, config: ClientConfig) {
        self.configs.lock().unwrap().insert(name.to_owned(), config);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    async fn ask(&self, question: &str) -> Result<()> {
        self.asked.lock().unwrap().push(question.to_owned());
        tokio::task::yield_now().await;
        match *self.is_down.lock().unwrap() {
            true => Err(Error::new(ErrorKind::Internal, "the database is down")),
            false => Ok(()),
        }
    }
}

struct Source(Arc<Customers>);

impl ClientSource for Source {
    fn find_client<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<ClientConfig>>> {
        Box::pin(async move {
            self.0.ask(name).await?;
            Ok(self.0.configs.lock().unwrap().get(name).cloned())
        })
    }

    fn client_of_domain<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            self.0.ask(domain).await?;
            Ok(domain.strip_suffix(".example").map(str::to_owned))
        })
    }

    fn client_of_host<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            self.0.ask(host).await?;
            Ok(host.strip_suffix(".app.example").map(str::to_owned))
        })
    }
}

fn config(name: &str) -> ClientConfig {
    ClientConfig::new(name)
        .client_id("app")
        .client_secret(SECRET)
        .issuer(ISSUER)
        .scope("openid profile email")
        .redirect_uri("/authorize/op")
}

fn bed(customers: &Arc<Customers>) -> TestBed {
    let source = Source(customers.clone());
    TestBed::with(|provider| provider, |client| client, |oauth| oauth.client_source(source))
}

async fn kind(oauth: &OAuth, name: &str) -> ErrorKind {
    oauth.find_client(name).await.unwrap_err().kind()
}

async fn start(bed: &TestBed, browser: &Browser, name: &str) -> Result<String> {
    let client = bed.oauth.find_client(name).await?;
    Ok(login::authorize_redirect(&client, browser, AuthorizeOptions::new(), None).await?.into())
}

async fn finish(
    bed: &TestBed,
    browser: &Browser,
    name: &str,
    back: &Url,
) -> Result<(), LoginError> {
    let client = bed.oauth.find_client(name).await?;
    let request = request(Method::GET, back.query(), &[]);
    LoginCallback::read(client, browser, &request, b"").await?.log_in().await?;
    Ok(())
}

async fn log_in(bed: &TestBed, browser: &Browser, name: &str) {
    let url = start(bed, browser, name).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    finish(bed, browser, name, &back).await.unwrap();
}

async fn user(bed: &TestBed, browser: &Browser) -> Result<Option<String>> {
    let user = login::current_user(&bed.oauth, browser).await?;
    Ok(user.map(|user| user.client.name().to_owned()))
}

#[tokio::test]
async fn source_is_asked_once_and_again_after_the_lifetime() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    assert_eq!(bed.oauth.find_client("op").await.unwrap().name(), "op");
    assert!(customers.asked().is_empty(), "registered clients come first");
    for found in join_all((0..20).map(|_| bed.oauth.find_client("acme"))).await {
        assert_eq!(found.unwrap().name(), "acme");
    }
    assert_eq!(customers.asked(), ["acme"]);
    assert_eq!(bed.oauth.client("acme").unwrap_err().kind(), ErrorKind::UnknownClient);
    bed.clock.advance(Duration::from_secs(299));
    bed.oauth.find_client("acme").await.unwrap();
    assert!(customers.asked().is_empty());
    bed.clock.advance(SECOND);
    bed.oauth.find_client("acme").await.unwrap();
    assert_eq!(customers.asked(), ["acme"]);
}

/// A request that is dropped does not leave a call that nobody finishes.
#[tokio::test]
async fn call_of_a_dropped_request_is_finished_by_the_next_one() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    let mut dropped = Box::pin(bed.oauth.find_client("acme"));
    assert!((&mut dropped).now_or_never().is_none());
    drop(dropped);
    bed.oauth.find_client("acme").await.unwrap();
    assert_eq!(customers.asked(), ["acme"]);
}

#[tokio::test]
async fn unknown_names_are_404_and_cached_briefly_and_evict_no_client() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    bed.oauth.find_client("acme").await.unwrap();
    for name in (0..5000).map(|number| format!("unknown-{number}")) {
        assert_eq!(kind(&bed.oauth, &name).await, ErrorKind::UnknownClient);
    }
    assert_eq!(ErrorKind::UnknownClient.status(), 404);
    customers.asked();
    bed.oauth.find_client("acme").await.unwrap();
    assert_eq!(kind(&bed.oauth, "unknown-4999").await, ErrorKind::UnknownClient);
    assert!(customers.asked().is_empty());
    bed.clock.advance(SECOND * 10);
    assert_eq!(kind(&bed.oauth, "unknown-4999").await, ErrorKind::UnknownClient);
    assert_eq!(customers.asked(), ["unknown-4999"]);
    for name in ["", &"a".repeat(129)] {
        assert_eq!(kind(&bed.oauth, name).await, ErrorKind::UnknownClient);
    }
    assert!(customers.asked().is_empty(), "the source is not asked for names that are too long");
}

#[tokio::test]
async fn full_cache_reads_again_what_it_read_first() {
    let customers = Customers::with(&["one", "two", "three"]);
    let (source, cache) = (Source(customers.clone()), ClientCache::default());
    let cache = ClientCache { capacity: 2, ..cache };
    let oauth = OAuth::builder().base_url("https://app.example").client_source(source);
    let oauth = oauth.client_cache(cache).build().unwrap();
    for name in ["one", "two", "three", "two", "three", "one"] {
        oauth.find_client(name).await.unwrap();
    }
    assert_eq!(customers.asked(), ["one", "two", "three", "one"]);
}

#[tokio::test]
async fn invalid_configuration_is_500_of_its_client_alone() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    let broken = ClientConfig::new("broken").client_id("id").issuer("http://op.example").scope("");
    customers.set("broken", broken.timeout(Duration::ZERO));
    let error = bed.oauth.find_client("broken").await.unwrap_err();
    assert_eq!((error.kind(), error.kind().status()), (ErrorKind::Config, 500));
    let problems = error.get_ref().downcast_ref::<ConfigProblems>().unwrap();
    assert!(problems.0.len() >= 2, "{problems}");
    assert!(problems.0.iter().all(|problem| problem.client == "broken"), "{problems}");
    assert_eq!(kind(&bed.oauth, "broken").await, ErrorKind::Config);
    assert_eq!(customers.asked(), ["broken"], "the same answer is not checked for each request");
    log_in(&bed, &Browser::default(), "acme").await;
    customers.set("broken", config("broken"));
    bed.clock.advance(SECOND * 10);
    bed.oauth.find_client("broken").await.unwrap();
}

/// The name is a part of the keys of tokens and of the callback's path.
#[tokio::test]
async fn client_of_another_name_is_refused() {
    let customers = Customers::with(&[]);
    customers.set("ACME", config("acme"));
    let bed = bed(&customers);
    let error = bed.oauth.find_client("ACME").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("the source returned \"acme\""), "{error}");
}

#[tokio::test]
async fn redirect_uri_that_is_a_path_needs_a_base_url_as_at_the_start() {
    let oauth = OAuth::builder().client_source(Source(Customers::with(&["acme"]))).build().unwrap();
    let error = oauth.find_client("acme").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("no base URL is set"), "{error}");
}

#[tokio::test]
async fn preset_of_the_source_needs_its_credentials_only() {
    let customers = Arc::new(Customers::default());
    let preset = authlib_core::providers::github().name("acme").client_id("id").client_secret("s");
    customers.set("acme", preset);
    let bed = bed(&customers);
    let client = bed.oauth.find_client("acme").await.unwrap();
    assert_eq!((client.name(), client.display_name()), ("acme", "GitHub"));
}

#[tokio::test]
async fn failing_source_is_503_and_asked_again_by_the_next_request() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    *customers.is_down.lock().unwrap() = true;
    let error = bed.oauth.find_client("acme").await.unwrap_err();
    assert_eq!((error.kind(), error.kind().status()), (ErrorKind::Store, 503));
    assert!(error.report().to_string().contains("the database is down"), "{error}");
    assert_eq!(
        bed.oauth.client_of_email("a@acme.example").await.unwrap_err().kind(),
        ErrorKind::Store
    );
    bed.oauth.find_client("op").await.unwrap();
    *customers.is_down.lock().unwrap() = false;
    bed.oauth.find_client("acme").await.unwrap();
}

#[tokio::test]
async fn documents_stay_cached_until_the_client_is_forgotten() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    for _ in 0..3 {
        start(&bed, &Browser::default(), "acme").await.unwrap();
    }
    assert_eq!(sent(&bed, Endpoint::Discovery).len(), 1);
    customers.set("acme", config("acme").client_id("other"));
    assert!(start(&bed, &Browser::default(), "acme").await.unwrap().contains("client_id=app&"));
    bed.oauth.forget_client("acme");
    assert!(start(&bed, &Browser::default(), "acme").await.unwrap().contains("client_id=other&"));
    assert_eq!(sent(&bed, Endpoint::Discovery).len(), 2);
}

/// A call that was on its way when the client was forgotten has read the old configuration.
#[tokio::test]
async fn answer_that_was_on_its_way_is_forgotten_too() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    let mut old = Box::pin(bed.oauth.find_client("acme"));
    assert!((&mut old).now_or_never().is_none());
    bed.oauth.forget_client("acme");
    old.await.unwrap();
    bed.oauth.find_client("acme").await.unwrap();
    assert_eq!(customers.asked(), ["acme", "acme"]);
}

#[tokio::test]
async fn login_and_its_refresh_outlive_the_cached_client() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    let browser = Browser::default();
    let url = start(&bed, &browser, "acme").await.unwrap();
    bed.oauth.forget_client("acme");
    let back = bed.provider.approve(&url, "alice").unwrap();
    finish(&bed, &browser, "acme", &back).await.unwrap();
    bed.clock.advance(HOUR);
    bed.oauth.forget_client("acme");
    let user = login::require_user(&bed.oauth, &browser).await.unwrap();
    let token = user.client.active_token(&user.owner()).await.unwrap();
    assert_ne!(token.access_token.expose(), user.token().unwrap().access_token.expose());
}

#[tokio::test]
async fn session_with_a_vanished_client_can_only_log_out() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    let browser = Browser::default();
    log_in(&bed, &browser, "acme").await;
    assert_eq!(user(&bed, &browser).await.unwrap().as_deref(), Some("acme"));
    customers.configs.lock().unwrap().clear();
    bed.oauth.forget_client("acme");
    assert_eq!(user(&bed, &browser).await.unwrap(), None);
    assert_eq!(login::logout(&bed.oauth, &browser).await.unwrap().unwrap().client, "acme");
    customers.set("acme", config("acme"));
    bed.oauth.forget_client("acme");
    assert_eq!(user(&bed, &browser).await.unwrap(), None, "the login has ended");
}

/// Nobody knows whether the user is logged in: not an anonymous user, as with a failing store.
#[tokio::test]
async fn session_is_503_while_the_source_fails() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    let browser = Browser::default();
    log_in(&bed, &browser, "acme").await;
    bed.oauth.forget_client("acme");
    *customers.is_down.lock().unwrap() = true;
    assert_eq!(user(&bed, &browser).await.unwrap_err().kind(), ErrorKind::Store);
    *customers.is_down.lock().unwrap() = false;
    assert_eq!(user(&bed, &browser).await.unwrap().as_deref(), Some("acme"));
}

#[tokio::test]
async fn dead_provider_of_one_client_does_not_affect_another() {
    let customers = Customers::with(&["acme"]);
    customers.set("dead", config("dead").issuer("https://dead.example"));
    let bed = bed(&customers);
    assert!(start(&bed, &Browser::default(), "dead").await.is_err());
    log_in(&bed, &Browser::default(), "acme").await;
}

#[tokio::test]
async fn login_by_email_asks_the_client_of_the_domain_with_a_hint() {
    let customers = Customers::with(&["acme"]);
    let bed = bed(&customers);
    let browser = Browser::default();
    let session = |host| {
        let request = request(Method::POST, None, &[("host", host)]);
        LoginSession::new(bed.oauth.clone(), &browser, request)
    };
    let here = session("app.example");
    let by_email = here.authorize_redirect_by_email(" Alice@ACME.example", AuthorizeOptions::new());
    let url = Url::parse(location(&by_email.await.unwrap())).unwrap();
    let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["login_hint"], "Alice@ACME.example");
    assert_eq!(query["redirect_uri"], "https://app.example/authorize/op");
    let by_domain = here.authorize_redirect_by_email("acme.example", AuthorizeOptions::new());
    assert!(!location(&by_domain.await.unwrap()).contains("login_hint"));
    let there = session("acme.app.example:443");
    let by_host = there.authorize_redirect_by_host(AuthorizeOptions::new()).await.unwrap();
    assert!(location(&by_host).starts_with(ISSUER));
    assert_eq!(customers.asked(), ["acme.example", "acme", "acme.app.example"]);
    for email in ["bob@unknown.org", "bob@", "", "bob@other.example"] {
        let error = here.authorize_redirect_by_email(email, AuthorizeOptions::new()).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::UnknownClient, "{email}");
    }
}

/// Nothing but the domain decides about the page.
#[tokio::test]
async fn page_of_an_unknown_domain_is_the_same_for_all_users() {
    let bed = bed(&Customers::with(&["acme"]));
    let browser = Browser::default();
    let mut pages = Vec::new();
    for email in ["alice@unknown.org", "nobody@unknown.org"] {
        let request = request(Method::POST, None, &[("accept", "text/html")]);
        let session = LoginSession::new(bed.oauth.clone(), &browser, request.clone());
        let error = session.authorize_redirect_by_email(email, AuthorizeOptions::new()).await;
        let response = LoginError::from(error.unwrap_err()).response(Some(&request));
        assert_eq!(response.status(), 404);
        pages.push(String::from_utf8(response.body().to_vec()).unwrap());
    }
    assert!(pages[0].contains("There is no login for this organization"), "{}", pages[0]);
    assert_eq!(pages[0], pages[1]);
}

/// The API requires another login of a client that is not registered: the page leads to it.
#[tokio::test]
async fn step_up_error_of_a_client_of_the_source_has_a_login_link() {
    let customers = Customers::with(&[]);
    customers.set("acme", config("acme").api_base_url(format!("{ISSUER}/api/")));
    let bed = bed(&customers);
    let browser = Browser::default();
    log_in(&bed, &browser, "acme").await;
    bed.provider.inject(Fault::ApiNeedsScope("pay".into()));
    let user = login::require_user(&bed.oauth, &browser).await.unwrap();
    let response = user.client.get("me", &user.owner()).send().await.unwrap();
    let error = response.error_for_status().unwrap_err();
    let headers = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let request = request(Method::GET, None, &headers).of_app(Some(&bed.oauth));
    let page = LoginError::from(error).response(Some(&request));
    assert!(location(&page).starts_with("/login/acme?step_up="), "{page:?}");
}
