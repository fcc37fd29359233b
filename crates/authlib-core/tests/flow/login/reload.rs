//! The configuration is read again while the application runs (`OAuth::reload`).

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::adapter::LoginSession;
use authlib_core::config::ConfigProblems;
use authlib_core::message::{Request, Response};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{AuthorizeOptions, ClientConfig, ErrorKind, OAuth, OAuthBuilder, login};
use authlib_provider::{Endpoint, Provider, TestClient, TestUser};
use http::Method;

use crate::test_bed::log::capture_log;
use crate::test_bed::{
    Browser, CALLBACK, ISSUER, ProviderHttp, SECOND, SECRET, TestBed, request, sent,
};

const OTHER_ISSUER: &str = "https://other.example";
const OTHER_SECRET: &str = "secret-of-the-other-client-32-by";

/// A TOML file, which is deleted at the end.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("authlib-reload-{name}-{}", std::process::id()));
        let file = Self(path);
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Variables of an injected environment.
#[derive(Clone, Default)]
struct Vars(Arc<Mutex<Vec<(String, String)>>>);

impl Vars {
    fn set(&self, vars: &[(&str, &str)]) {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        *self.0.lock().unwrap() = vars.collect();
    }

    fn load(&self, oauth: OAuthBuilder) -> OAuthBuilder {
        let vars = self.0.clone();
        oauth.load_env_with(move || vars.lock().unwrap().clone())
    }
}

/// Two providers.
struct Providers([Provider; 2]);

impl HttpClient for Providers {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let [first, other] = &self.0;
        match request.uri().host() {
            Some("other.example") => other.send(request),
            _ => first.send(request),
        }
    }
}

/// A test bed whose client `op` has further settings in the environment. The provider knows two clients.
fn bed(vars: &Vars) -> TestBed {
    let second = TestClient::confidential("second", OTHER_SECRET).redirect_uri(CALLBACK);
    TestBed::with(|provider| provider.client(second), |op| op, |oauth| vars.load(oauth))
}

fn second_client(vars: &Vars) {
    vars.set(&[("OP_CLIENT_ID", "second"), ("OP_CLIENT_SECRET", OTHER_SECRET)]);
}

fn names(oauth: &OAuth) -> Vec<String> {
    oauth.clients().map(|client| client.name().to_owned()).collect()
}

#[test]
fn reload_adds_changes_and_removes_clients() {
    let file = File::new(
        "clients",
        "[oauth.github]\nclient_id = 'g'\nclient_secret = 's'\n[oauth.slack]\nclient_id = 's'\nclient_secret = 's'\n\
         [oauth.discord]\nclient_id = 'd'\nclient_secret = 's'\n",
    );
    let oauth = OAuth::builder()
        .base_url("https://app.example")
        .register(ClientConfig::new("op").client_id("app").issuer(ISSUER))
        .load_file(&file.0)
        .discover_clients()
        .build()
        .unwrap();
    assert_eq!(names(&oauth), ["op", "discord", "github", "slack"]);
    file.write(
        "[oauth.github]\nclient_id = 'h'\nclient_secret = 's'\n[oauth.slack]\nclient_id = 's'\nclient_secret = 's'\n\
         [oauth.gitlab]\nclient_id = 'l'\nclient_secret = 's'\n",
    );
    let clone = oauth.clone();
    let held = oauth.client("github").unwrap();
    let (log, _guard) = capture_log();
    let reloaded = oauth.reload().unwrap();
    assert_eq!(reloaded.added, ["gitlab"]);
    assert_eq!(reloaded.changed, ["github"]);
    assert_eq!(reloaded.removed, ["discord"]);
    assert_eq!(reloaded.unchanged, ["op", "slack"]);
    let text = log.text();
    assert!(text.contains("configuration reloaded") && text.contains("gitlab"), "{text}");
    assert_eq!(names(&clone), ["op", "github", "gitlab", "slack"]);
    assert_eq!(clone.client("github").unwrap().client_id(), "h");
    assert_eq!(held.client_id(), "g");
    assert_eq!(clone.client("discord").unwrap_err().kind(), ErrorKind::UnknownClient);
}

#[test]
fn failing_reload_reports_all_errors_and_changes_nothing() {
    let file = File::new("broken", "[oauth.op]\nclient_id = 'app'\n[oauth.git]\nclient_id = 'g'\n");
    let client = |name: &str| ClientConfig::new(name).issuer(ISSUER);
    let vars = Vars::default();
    let builder = OAuth::builder()
        .base_url("https://app.example")
        .register(client("op"))
        .register(client("git"))
        .require_client("op")
        .load_file(&file.0);
    let oauth = vars.load(builder).build().unwrap();
    file.write(
        "[oauth.op]\nclient_id = 'new'\n[oauth.git]\nissuer = 'http://op.example'\n[oauth.x]\n",
    );
    vars.set(&[("AUTHLIB_KEYS", "no-key"), ("AUTHLIB_LOGIN_LIFETIME", "0")]);
    let error = oauth.reload().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    for part in [
        "`issuer` is \"http://op.example\"",
        "client `x` has a table",
        "AUTHLIB_KEYS",
        "`login_lifetime` is 0",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let problems = error.get_ref().downcast_ref::<ConfigProblems>().unwrap();
    assert_eq!(problems.0.len(), 5, "{text}");
    assert_eq!(oauth.client("op").unwrap().client_id(), "app");
    std::fs::remove_file(&file.0).unwrap();
    assert!(oauth.reload().unwrap_err().to_string().contains("could not read"));
    assert_eq!(oauth.client("op").unwrap().client_id(), "app");
    // The next one compares with what is in use.
    vars.set(&[]);
    file.write("[oauth.op]\nclient_id = 'new'\n[oauth.git]\nclient_id = 'g'\n");
    let reloaded = oauth.reload().unwrap();
    assert_eq!((reloaded.changed, reloaded.unchanged), (vec!["op".into()], vec!["git".into()]));
}

#[test]
fn reload_that_loses_required_client_fails() {
    let file = File::new("required", "[oauth.github]\nclient_id = 'g'\nclient_secret = 's'\n");
    let builder = OAuth::builder().base_url("https://app.example").require_client("github");
    let oauth = builder.load_file(&file.0).discover_clients().build().unwrap();
    file.write("");
    let error = oauth.reload().unwrap_err().to_string();
    assert!(error.contains("client `github` is required but not registered"), "{error}");
    assert!(oauth.client("github").is_ok());
}

#[tokio::test]
async fn unchanged_client_keeps_its_caches() {
    let file = File::new("caches", "");
    let bed = TestBed::with(
        |provider| provider,
        |client| client,
        |oauth| oauth.load_file(&file.0).discover_clients(),
    );
    bed.log_in(&Browser::default()).await.unwrap();
    bed.provider.clear_requests();
    file.write("[oauth.github]\nclient_id = 'g'\nclient_secret = 's'\n");
    assert_eq!(bed.oauth.reload().unwrap().unchanged, ["op"]);
    bed.log_in(&Browser::default()).await.unwrap();
    let requests = bed.provider.received_requests();
    let is_document = |endpoint| matches!(endpoint, Endpoint::Discovery | Endpoint::Jwks);
    assert!(!requests.iter().any(|request| is_document(request.endpoint)), "{requests:?}");
}

#[test]
fn other_certificates_of_the_same_file_are_a_change() {
    let tls = |name: &str| std::fs::read_to_string(format!("tests/tls/{name}.pem")).unwrap();
    let file = File::new("authorities", &tls("ca"));
    let client = ClientConfig::new("op").client_id("app").issuer(ISSUER);
    let oauth = OAuth::builder()
        .base_url("https://app.example")
        .register(client.ca_certificate(file.0.display().to_string()))
        .load_env_with(Vec::new)
        .build()
        .unwrap();
    assert_eq!(oauth.reload().unwrap().unchanged, ["op"]);
    file.write(&tls("other-ca"));
    assert_eq!(oauth.reload().unwrap().changed, ["op"]);
}

#[tokio::test]
async fn pending_login_finishes_with_the_client_id_it_started_with() {
    let vars = Vars::default();
    let bed = bed(&vars);
    let browser = Browser::default();
    let started = bed.start(&browser).await.unwrap();
    second_client(&vars);
    assert_eq!(bed.oauth.reload().unwrap().changed, ["op"]);
    let back = bed.provider.approve(&started, "alice").unwrap();
    let login = bed.finish(&browser, &back).await.unwrap();
    assert_eq!(login.user.client.client_id(), "app");
    let claims = login.userinfo().unwrap().clone();
    assert_eq!(claims.as_map()["aud"], "app");
    // The next login is with the new client.
    assert_eq!(bed.log_in(&browser).await.unwrap().user.client.client_id(), "second");
}

#[tokio::test]
async fn pending_login_finishes_at_the_provider_it_started_at() {
    let vars = Vars::default();
    let other = Provider::builder(OTHER_ISSUER)
        .client(TestClient::confidential("app", SECRET).redirect_uri(CALLBACK))
        .user(TestUser::new("bob"))
        .clock(|| crate::test_bed::from_unix_seconds(1_800_000_000))
        .build();
    let bed = TestBed::with_http(
        |provider| provider,
        |op| op,
        |oauth| vars.load(oauth),
        |provider| Providers([provider, other.clone()]),
    );
    let browser = Browser::default();
    let started = bed.start(&browser).await.unwrap();
    vars.set(&[("OP_ISSUER", OTHER_ISSUER)]);
    bed.oauth.reload().unwrap();
    let back = bed.provider.approve(&started, "alice").unwrap();
    let login = bed.finish(&browser, &back).await.unwrap();
    assert_eq!(login.user.identity().unwrap().issuer, ISSUER);
    assert!(other.received_requests().is_empty());
    let started = bed.start(&browser).await.unwrap();
    let back = other.approve(&started, "bob").unwrap();
    let login = bed.finish(&browser, &back).await.unwrap();
    assert_eq!(login.user.identity().unwrap().issuer, OTHER_ISSUER);
}

/// The response of the old settings is a JWT, or in the fragment; that of the new ones is in the query.
#[tokio::test]
async fn pending_login_finishes_in_the_response_mode_it_started_with() {
    let vars = Vars::default();
    vars.set(&[("OP_RESPONSE_MODE", "query.jwt")]);
    let bed = bed(&vars);
    let browser = Browser::default();
    let started = bed.start(&browser).await.unwrap();
    second_client(&vars);
    bed.oauth.reload().unwrap();
    let back = bed.provider.approve(&started, "alice").unwrap();
    assert!(back.query().unwrap().starts_with("response="), "{back}");
    bed.finish(&browser, &back).await.unwrap();

    vars.set(&[("OP_RESPONSE_MODE", "fragment")]);
    bed.oauth.reload().unwrap();
    let started = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&started, "alice").unwrap();
    vars.set(&[]);
    bed.oauth.reload().unwrap();
    let page = bed.callback("op", &browser, CALLBACK).await.unwrap_err();
    assert!(page.to_string().contains("the callback's fragment must be posted"), "{page}");
    let posted = format!("{CALLBACK}?{}", back.fragment().unwrap());
    bed.finish(&browser, &posted).await.unwrap();
}

#[tokio::test]
async fn changed_secret_counts_for_pending_logins_at_once() {
    let vars = Vars::default();
    vars.set(&[("OP_CLIENT_SECRET", "revoked")]);
    let bed = bed(&vars);
    let browser = Browser::default();
    let started = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&started, "alice").unwrap();
    vars.set(&[]);
    assert_eq!(bed.oauth.reload().unwrap().changed, ["op"]);
    bed.finish(&browser, &back).await.unwrap();
}

#[tokio::test]
async fn logins_with_a_removed_client_end() {
    let file = File::new("removed", "");
    let config = format!(
        "[oauth.shop]\nclient_id = 'app'\nclient_secret = '{SECRET}'\nissuer = '{ISSUER}'\n\
         redirect_uri = '/authorize/op'\nscope = 'openid'\n"
    );
    file.write(&config);
    let bed = TestBed::with(
        |provider| provider,
        |client| client,
        |oauth| oauth.load_file(&file.0).discover_clients(),
    );
    let browser = Browser::default();
    let start = async || {
        let shop = bed.oauth.client("shop").unwrap();
        let options = AuthorizeOptions::new();
        let url = login::authorize_redirect(&shop, &browser, options, None).await.unwrap();
        bed.provider.approve(url.as_str(), "alice").unwrap()
    };
    let back = start().await;
    bed.callback("shop", &browser, &back).await.unwrap().log_in().await.unwrap();
    let back = start().await;
    file.write("");
    assert_eq!(bed.oauth.reload().unwrap().removed, ["shop"]);
    let error = bed.callback("shop", &browser, &back).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownClient);
    assert!(bed.is_anonymous(&browser).await);
    let session = LoginSession::new(bed.oauth.clone(), &browser, request(Method::POST, None, &[]));
    session.logout_redirect(authlib_core::LogoutOptions::new(), "/bye").await.unwrap();
    // The same client again, as for a login with a client that came back.
    file.write(&config);
    bed.oauth.reload().unwrap();
    assert!(bed.is_anonymous(&browser).await);
}

#[tokio::test]
async fn replica_with_other_settings_asks_to_start_again() {
    let vars = Vars::default();
    let bed = bed(&vars);
    // It has reloaded before the first one.
    second_client(&vars);
    let replica = self::bed(&vars);
    let browser = Browser::default();
    let started = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&started, "alice").unwrap();
    let error = replica.finish(&browser, &back).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
    let text = error.report().to_string();
    assert!(text.contains("started with other settings of the client"), "{text}");
    assert!(text.contains("start the login again"), "{text}");
    assert!(replica.provider.received_requests().is_empty(), "no code leaves the process");
    // One with other texts and the same registration finishes it.
    let texts = Vars::default();
    texts.set(&[("OP_DISPLAY_NAME", "Company"), ("OP_SCOPE", "openid")]);
    let texts = TestBed::with_http(
        |provider| provider,
        |op| op,
        |oauth| texts.load(oauth),
        |_| ProviderHttp(bed.provider.clone()),
    );
    let started = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&started, "alice").unwrap();
    texts.finish(&browser, &back).await.unwrap();
}

#[tokio::test]
async fn pending_login_without_a_fingerprint_uses_the_current_client() {
    let bed = bed(&Vars::default());
    let client = bed.app();
    let (url, pending) =
        client.create_authorization_url(AuthorizeOptions::from(CALLBACK)).await.unwrap();
    let mut record = serde_json::to_value(&pending).unwrap();
    assert!(record.as_object_mut().unwrap().remove("fingerprint").is_some());
    let old = serde_json::from_value(record).unwrap();
    let back = bed.provider.approve(url.as_str(), "alice").unwrap();
    let callback = authlib_core::Params::parse(back.query().unwrap());
    client.fetch_access_token(old, &callback).await.unwrap();
}

#[tokio::test]
async fn replaced_settings_are_kept_four_times_and_ten_minutes() {
    let vars = Vars::default();
    let bed = bed(&vars);
    let reload = |id: &str| {
        vars.set(&[("OP_CLIENT_ID", id)]);
        bed.oauth.reload().unwrap();
    };
    let start = async |browser: &Browser| {
        let started = bed.start(browser).await.unwrap();
        bed.provider.approve(&started, "alice").unwrap()
    };
    let (first, second) = (Browser::default(), Browser::default());
    let (to_first, to_second) = (start(&first).await, start(&second).await);
    ["a", "b", "c", "d"].into_iter().for_each(reload);
    bed.finish(&first, &to_first).await.unwrap();
    reload("e");
    let error = bed.finish(&second, &to_second).await.unwrap_err();
    assert!(error.to_string().contains("other settings of the client"), "{error}");
    // Settings that return are in use, and not replaced ones.
    reload("app");
    let to_first = start(&first).await;
    bed.finish(&first, &to_first).await.unwrap();
    // A login expires with the settings that it needs.
    let to_first = start(&first).await;
    reload("a");
    bed.clock.advance(Duration::from_secs(600) + SECOND);
    let error = bed.finish(&first, &to_first).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
}

#[tokio::test]
async fn client_without_logins_since_a_reload_finishes_none() {
    let vars = Vars::default();
    let bed = bed(&vars);
    let browser = Browser::default();
    let started = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&started, "alice").unwrap();
    vars.set(&[("OP_CLIENT_ID", "second"), ("OP_ACCEPT_LOGINS", "false")]);
    bed.oauth.reload().unwrap();
    bed.provider.clear_requests();
    let error = bed.finish(&browser, &back).await.unwrap_err();
    assert!(error.to_string().contains("for API calls only"), "{error}");
    assert!(sent(&bed, Endpoint::Token).is_empty());
}

#[tokio::test]
async fn request_object_by_reference_is_found_after_a_reload() {
    let vars = Vars::default();
    let bed = TestBed::with(
        |provider| provider,
        |op| op.request_object_signing_alg(authlib_core::jose::Algorithm::Hs256),
        |oauth| vars.load(oauth),
    );
    vars.set(&[("OP_REQUEST_URI", "/request-object/op")]);
    bed.oauth.reload().unwrap();
    let started = bed.start(&Browser::default()).await.unwrap();
    let query = authlib_core::Params::parse(started.split_once('?').unwrap().1);
    let reference = query.only("request_uri").unwrap().unwrap().to_owned();
    vars.set(&[("OP_REQUEST_URI", "/request-object/op"), ("OP_DISPLAY_NAME", "Company")]);
    assert_eq!(bed.oauth.reload().unwrap().changed, ["op"]);
    let path = reference.strip_prefix("https://app.example").unwrap();
    let request = authlib_core::adapter::RequestContext::new(Method::GET, path, None, |_| None);
    let client = authlib_core::adapter::LoginClient::new(bed.app(), Browser::default(), request);
    assert_eq!(client.request_object().await.unwrap().status(), 200);
}

#[tokio::test]
async fn registered_client_stays_and_a_changed_one_needs_a_restart() {
    let provider =
        Provider::builder(ISSUER).user(TestUser::new("alice")).registration(None).build();
    let vars = Vars::default();
    let config = ClientConfig::new("op").issuer(ISSUER).dynamic_registration();
    let builder = OAuth::builder()
        .base_url("https://app.example")
        .register(config.redirect_uri("/authorize/op"))
        .http_client(ProviderHttp(provider.clone()));
    let oauth = vars.load(builder).build_registered().await.unwrap();
    let id = oauth.client("op").unwrap().client_id().to_owned();
    provider.clear_requests();
    assert_eq!(oauth.reload().unwrap().unchanged, ["op"]);
    vars.set(&[("OP_SCOPE", "openid email")]);
    let error = oauth.reload().unwrap_err().to_string();
    assert!(error.contains("`dynamic_registration`") && error.contains("restart"), "{error}");
    assert_eq!(oauth.client("op").unwrap().client_id(), id);
    assert!(provider.received_requests().is_empty());
}

#[tokio::test]
async fn policy_for_logins_stays_and_the_log_says_so() {
    let vars = Vars::default();
    let bed = bed(&vars);
    let before = bed.oauth.login_lifetime();
    vars.set(&[("AUTHLIB_LOGIN_LIFETIME", "60")]);
    let (log, _guard) = capture_log();
    bed.oauth.reload().unwrap();
    assert!(log.text().contains("changed policy for logins not used until a restart"));
    assert_eq!(bed.oauth.login_lifetime(), before);
}

#[test]
fn registry_from_code_alone_reloads_nothing() {
    let config = ClientConfig::new("op").client_id("app").issuer(ISSUER);
    let oauth = OAuth::builder().base_url("https://app.example").register(config).build().unwrap();
    assert_eq!(oauth.reload().unwrap().unchanged, ["op"]);
}
