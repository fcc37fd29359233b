//! Settings that a login uses, from code, from a file and from the environment.

use std::sync::Arc;
use std::time::SystemTime;

use authlib_core::clock::FixedClock;
use authlib_core::{
    AuthorizeOptions, ClientConfig, LogoutOptions, OAuth, OAuth2Client, OAuthBuilder, Params,
};
use authlib_provider::{Endpoint, Fault, Provider, TestClient, TestUser};
use serde_json::Value;

use crate::test_bed::{
    Browser, CALLBACK, ISSUER, ProviderHttp, SECRET, TestBed, location, only, sent,
};

/// One setting of the client `op` in each source.
struct Setting {
    code: fn(ClientConfig) -> ClientConfig,
    file: &'static str,
    variable: (&'static str, &'static str),
}

/// A test bed for each source of `setting`, whose client has its credentials and `base` in code.
fn each_source(setting: &Setting, base: fn(ClientConfig) -> ClientConfig) -> [(&str, TestBed); 3] {
    let bed = |client: &dyn Fn(ClientConfig) -> ClientConfig,
               load: &dyn Fn(OAuthBuilder) -> OAuthBuilder| {
        TestBed::with(|p| p, |op| client(base(op)), load)
    };
    let file = format!("[oauth.op]\n{}", setting.file);
    let (name, value) = setting.variable;
    let vars = || [(name.to_owned(), value.to_owned())];
    [
        ("code", bed(&setting.code, &|oauth| oauth)),
        ("file", bed(&|op| op, &|oauth| oauth.load_toml(&file))),
        ("environment", bed(&|op| op, &|oauth| oauth.load_env_from(vars()))),
    ]
}

/// The endpoints without the metadata document.
fn by_hand(_: ClientConfig) -> ClientConfig {
    ClientConfig::new("op")
        .client_id("app")
        .client_secret(SECRET)
        .issuer(ISSUER)
        .authorization_endpoint("https://op.example/authorize")
        .token_endpoint("https://op.example/token")
        .scope("openid")
}

fn same(op: ClientConfig) -> ClientConfig {
    op
}

/// Authlib's `client_kwargs` are settings of their own; in code they have setters.
#[tokio::test]
async fn client_kwargs_change_request_from_every_source() {
    let setting = Setting {
        code: |op| op.scope("openid email").authorize_param("prompt", "login"),
        file: "client_kwargs = { scope = ['openid', 'email'], prompt = 'login' }",
        variable: ("OP_CLIENT_KWARGS", r#"{"scope":"openid email","prompt":"login"}"#),
    };
    for (source, bed) in each_source(&setting, same) {
        let url = bed.start(&Browser::default()).await.unwrap();
        let query = Params::parse(url.split_once('?').unwrap().1);
        assert_eq!(query.only("scope"), Ok(Some("openid email")), "{source}");
        assert_eq!(query.only("prompt"), Ok(Some("login")), "{source}");
    }
}

/// They are sent with the code of a login, and not with a refresh.
#[tokio::test]
async fn access_token_params_are_sent_from_every_source() {
    let setting = Setting {
        code: |op| op.access_token_param("audience", "a b").access_token_param("resource", "r"),
        file: "access_token_params = { audience = 'a b', resource = 'r' }",
        variable: ("OP_ACCESS_TOKEN_PARAMS", r#"{"audience":"a b","resource":"r"}"#),
    };
    for (source, bed) in each_source(&setting, same) {
        let login = bed.log_in(&Browser::default()).await.unwrap();
        let asked = only(&bed, Endpoint::Token);
        assert_eq!(asked.field("grant_type"), Some("authorization_code"), "{source}");
        assert_eq!(asked.field("audience"), Some("a b"), "{source}");
        assert_eq!(asked.field("resource"), Some("r"), "{source}");
        bed.app().refresh_token(&login.owner()).await.unwrap();
        let refresh = sent(&bed, Endpoint::Token).pop().unwrap();
        assert_eq!(refresh.field("grant_type"), Some("refresh_token"), "{source}");
        assert_eq!(refresh.field("audience"), None, "{source}");
    }
}

/// The keys are fetched from there, without the metadata document.
#[tokio::test]
async fn registered_jwks_uri_is_used_from_every_source() {
    let setting = Setting {
        code: |op| op.jwks_uri("https://op.example/jwks"),
        file: "jwks_uri = 'https://op.example/jwks'",
        variable: ("OP_JWKS_URI", "https://op.example/jwks"),
    };
    for (source, bed) in each_source(&setting, by_hand) {
        let login = bed.log_in(&Browser::default()).await.unwrap();
        assert_eq!(login.token().unwrap().userinfo().unwrap().sub(), "alice", "{source}");
        assert_eq!(bed.provider.count(Endpoint::Jwks), 1, "{source}");
        assert_eq!(bed.provider.count(Endpoint::Discovery), 0, "{source}");
    }
}

/// It overrides the one of the metadata document.
#[tokio::test]
async fn registered_end_session_endpoint_is_used_from_every_source() {
    let setting = Setting {
        code: |op| op.end_session_endpoint("https://op.example/bye?tenant=a"),
        file: "end_session_endpoint = 'https://op.example/bye?tenant=a'",
        variable: ("OP_END_SESSION_ENDPOINT", "https://op.example/bye?tenant=a"),
    };
    for (source, bed) in each_source(&setting, same) {
        let browser = Browser::default();
        bed.log_in(&browser).await.unwrap();
        let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
        let response = bed.log_out(&browser, &[], options).await.unwrap();
        let to = location(&response);
        assert!(to.starts_with("https://op.example/bye?tenant=a&id_token_hint="), "{source}: {to}");
    }
}

/// The issuer follows from it, and the document is fetched from there.
#[tokio::test]
async fn server_metadata_url_is_used_from_every_source() {
    const URL: &str = "https://op.example/.well-known/oauth-authorization-server";
    let setting = Setting {
        code: |op| op.server_metadata_url(URL),
        file: "server_metadata_url = 'https://op.example/.well-known/oauth-authorization-server'",
        variable: ("OP_SERVER_METADATA_URL", URL),
    };
    let base = |_: ClientConfig| {
        ClientConfig::new("op").client_id("app").client_secret(SECRET).scope("openid")
    };
    for (source, bed) in each_source(&setting, base) {
        bed.provider.inject(Fault::metadata("service_documentation", Value::Null));
        let options = AuthorizeOptions::from("/authorize/op");
        let browser = Browser::default();
        let url = bed.start_with(&browser, options).await.unwrap();
        assert!(url.starts_with("https://op.example/authorize?"), "{source}: {url}");
        let back = bed.provider.approve(&url, "alice").unwrap();
        let login = bed.finish(&browser, &back).await.unwrap();
        assert_eq!(login.identity().unwrap().issuer, ISSUER, "{source}");
        let asked = only(&bed, Endpoint::Discovery);
        assert_eq!(asked.path, "/.well-known/oauth-authorization-server", "{source}");
    }
}

/// A network of containers: http is for the listed hosts, and for this client only.
#[tokio::test]
async fn http_host_is_allowed_by_dangerous_setting_only() {
    const KEYCLOAK: &str = "http://keycloak:8080/realms/demo";
    let provider = Provider::builder(KEYCLOAK)
        .client(TestClient::confidential("app", SECRET).redirect_uri(CALLBACK))
        .user(TestUser::new("alice"))
        .build();
    let op = || {
        let op = ClientConfig::new("op").client_id("app").client_secret(SECRET);
        op.issuer(KEYCLOAK).api_base_url(format!("{KEYCLOAK}/api/"))
    };
    let builder = |op| {
        let http = ProviderHttp(provider.clone());
        OAuth::builder().base_url("https://app.example").register(op).http_client(http)
    };
    let vars = || [("OP_DANGEROUS_HTTP_HOSTS".to_owned(), "dex keycloak:8080".to_owned())];
    for oauth in [
        builder(op().dangerous_http_host("keycloak:8080")),
        builder(op()).load_toml("[oauth.op]\ndangerous_http_hosts = ['dex', 'keycloak:8080']"),
        builder(op()).load_env_from(vars()),
    ] {
        let clock = Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH));
        let bed = TestBed { oauth: oauth.build().unwrap(), provider: provider.clone(), clock };
        let login = bed.log_in(&Browser::default()).await.unwrap();
        let client = OAuth2Client::for_owner(&bed.app(), login.owner());
        assert_eq!(client.get("echo").send().await.unwrap().status(), 200);
        let elsewhere = client.get("http://dex/x").send().await.unwrap_err().to_string();
        assert!(elsewhere.contains("outside `api_base_url`"), "{elsewhere}");
    }
    for (op, says) in [
        (op(), "add \"keycloak:8080\" to `dangerous_http_hosts`"),
        (op().dangerous_http_host("keycloak"), "add \"keycloak:8080\" to"),
        (op().dangerous_http_host("http://keycloak:8080"), "use a host with its port"),
    ] {
        let error = builder(op).build().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let own = OAuth::builder().base_url("http://keycloak:8080").build().unwrap_err().to_string();
    assert!(!own.contains("dangerous"), "{own}");
}
