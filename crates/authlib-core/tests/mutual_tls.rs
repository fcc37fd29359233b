//! Mutual TLS (RFC 8705): client authentication, bound access tokens and endpoint aliases, over real connections.
#![cfg(feature = "reqwest")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use authlib_core::config::Refresh;
use authlib_core::message::{Request, Response};
use authlib_core::oauth2::AuthMethod;
use authlib_core::store::TokenOwner;
use authlib_core::transport::{BoxFuture, HttpClient, ReqwestClient, TransportError};
use authlib_core::{ClientConfig, Error, ErrorKind, OAuth, OAuth2Client};
use authlib_provider::certificates::{
    CA, CLIENT, CLIENT_KEY, OTHER, OTHER_KEY, RENEWED, RENEWED_KEY, SELF_SIGNED, SELF_SIGNED_KEY,
};
use authlib_provider::{Endpoint, Fault, PeerCertificate, Provider, Server, TestClient};
use serde_json::{Value, json};

/// A provider with a client for each of the methods, and the base URL of its API for mutual TLS.
async fn server() -> (Server, String) {
    let mut api = String::new();
    let bound = |client: TestClient| client.tls_client_certificate_bound_access_tokens();
    let server = Server::start_tls(|issuer, mtls| {
        api = format!("{mtls}/api/");
        let client = |id, method: &str| TestClient::public(id).auth_method(method);
        Provider::builder(issuer)
            .mtls_endpoint_aliases(mtls)
            .client(bound(client("pki", "tls_client_auth").tls_certificate(CLIENT)))
            .client(bound(client("other", "tls_client_auth").tls_certificate(OTHER)))
            .client(bound(
                client("self", "self_signed_tls_client_auth").tls_certificate(SELF_SIGNED),
            ))
            .client(bound(TestClient::confidential("secret", "s")))
            .build()
    });
    (server.await.unwrap(), api)
}

fn config(server: &Server, id: &str, certificate: &str, key: &str) -> ClientConfig {
    ClientConfig::new(id)
        .client_id(id)
        .issuer(server.issuer())
        .refresh_with(Refresh::ClientCredentials)
        .ca_certificate(CA)
        .tls_client_certificate(certificate)
        .tls_client_key(key)
}

async fn fetch_token(config: ClientConfig) -> Result<OAuth2Client, Error> {
    let client = OAuth2Client::new(config)?;
    client.active_token().await.map(|_| client)
}

fn thumbprint(pem: &str) -> Option<String> {
    Some(PeerCertificate::from_pem(pem, true).thumbprint())
}

#[tokio::test]
async fn certificate_authenticates_and_binds_tokens() {
    let (server, api) = server().await;
    let both = format!("{CLIENT}\n{CLIENT_KEY}");
    for (id, certificate, key) in [
        ("pki", CLIENT, CLIENT_KEY),
        ("pki", RENEWED, RENEWED_KEY),
        ("pki", both.as_str(), ""),
        ("self", SELF_SIGNED, SELF_SIGNED_KEY),
        ("secret", CLIENT, CLIENT_KEY),
    ] {
        let config = config(&server, id, certificate, key).api_base_url(&api);
        let config = if id == "secret" { config.client_secret("s") } else { config };
        let config = config.tls_client_certificate_bound_access_tokens(true);
        let client = fetch_token(config).await.unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(client.get("echo").send().await.unwrap().status(), 200, "{id}");
        let token = client.active_token().await.unwrap();
        let seen = client.introspect_token(&token.access_token, None).await.unwrap();
        let cnf: Value = seen.get("cnf").unwrap().unwrap();
        assert_eq!(cnf["x5t#S256"].as_str().map(str::to_owned), thumbprint(certificate));
        let without = ClientConfig::new("x").client_id(id).issuer(server.issuer());
        let without = without.ca_certificate(CA).client_secret("s").api_base_url(&api);
        let without = OAuth2Client::builder(without).token(token).build().unwrap();
        assert_eq!(without.get("echo").send().await.unwrap().status(), 401, "{id}");
    }
    for request in server.provider().received_requests() {
        if matches!(request.endpoint, Endpoint::Token | Endpoint::Introspect) {
            assert!(request.certificate.is_some(), "{request:?}");
        }
    }
}

#[tokio::test]
async fn unknown_certificates_are_rejected_with_hint() {
    let (server, _) = server().await;
    for (id, certificate, key) in [
        ("pki", OTHER, OTHER_KEY),
        ("pki", SELF_SIGNED, SELF_SIGNED_KEY),
        ("self", CLIENT, CLIENT_KEY),
    ] {
        let error = fetch_token(config(&server, id, certificate, key)).await.unwrap_err();
        assert_eq!(error.provider_error().unwrap().error, "invalid_client", "{id}: {error}");
        let report = error.report().to_string();
        assert!(report.contains("`tls_client_certificate`"), "{id}: {report}");
    }
}

/// Both clients have the same host, and each of them a connection of its own.
#[tokio::test]
async fn connections_are_not_shared_between_certificates() {
    let (server, api) = server().await;
    let clients = [("pki", CLIENT, CLIENT_KEY), ("other", OTHER, OTHER_KEY)];
    let mut oauth = OAuth::builder();
    for (id, certificate, key) in clients {
        oauth = oauth.register(config(&server, id, certificate, key).api_base_url(&api));
    }
    let oauth = oauth.build().unwrap();
    for _ in 0..3 {
        for (id, certificate, _) in clients {
            let client =
                OAuth2Client::for_owner(&oauth.client(id).unwrap(), TokenOwner::new(id, ""));
            assert_eq!(client.get("echo").send().await.unwrap().status(), 200, "{id}");
            let last = server.provider().received_requests().pop().unwrap();
            assert_eq!(last.certificate, thumbprint(certificate), "{id}");
        }
    }
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("authlib-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path: PathBuf = Path::new(&self.0).join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn changed_files_are_read_again() {
    let (server, api) = server().await;
    let folder = Folder::new("certificate");
    let certificate = folder.write("tls.crt", CLIENT);
    let key = folder.write("tls.key", CLIENT_KEY);
    let config = config(&server, "pki", &certificate, &key).api_base_url(&api);
    let client = fetch_token(config).await.unwrap();
    let used = async || {
        client.refresh_token().await.unwrap();
        assert_eq!(client.get("echo").send().await.unwrap().status(), 200);
        server.provider().received_requests().pop().unwrap().certificate
    };
    assert_eq!(used().await, thumbprint(CLIENT));
    // The key is written later, and something is wrong in between.
    folder.write("tls.crt", &format!("{RENEWED}\n"));
    assert_eq!(used().await, thumbprint(CLIENT));
    folder.write("tls.key", "no key at all");
    assert_eq!(used().await, thumbprint(CLIENT));
    folder.write("tls.key", &format!("{RENEWED_KEY}\n"));
    assert_eq!(used().await, thumbprint(RENEWED));
}

/// An application's own HTTP client that has the certificate.
struct WithCertificate(Provider);

impl HttpClient for WithCertificate {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        if request.uri().host() == Some("mtls.op.example") {
            request.extensions_mut().insert(PeerCertificate::from_pem(CLIENT, true));
        }
        Box::pin(async move { self.0.send(request).await })
    }
}

#[tokio::test]
async fn own_http_client_with_certificate_is_sent_to_aliases() {
    let client = TestClient::public("pki").auth_method("tls_client_auth").tls_certificate(CLIENT);
    let provider = Provider::builder("https://op.example")
        .mtls_endpoint_aliases("https://mtls.op.example")
        .client(client.tls_client_certificate_bound_access_tokens())
        .build();
    let config = ClientConfig::new("pki")
        .client_id("pki")
        .issuer("https://op.example")
        .refresh_with(Refresh::ClientCredentials)
        .token_endpoint_auth_method(AuthMethod::TlsClientAuth);
    let http = WithCertificate(provider.clone());
    let client = OAuth2Client::builder(config).http_client(http).build().unwrap();
    client.active_token().await.unwrap();
    let last = provider.received_requests().pop().unwrap();
    assert_eq!(last.certificate, thumbprint(CLIENT));
}

#[tokio::test]
async fn unsafe_metadata_are_refused_before_a_token_request() {
    let (server, _) = server().await;
    let client = || {
        let config = config(&server, "pki", CLIENT, CLIENT_KEY);
        config.tls_client_certificate_bound_access_tokens(true)
    };
    let plain = json!({ "token_endpoint": "http://op.example/token" });
    for (fault, says) in [
        (Fault::metadata("mtls_endpoint_aliases", plain), "`token_endpoint` of it"),
        (Fault::metadata("mtls_endpoint_aliases", 7), "not an object"),
        (
            Fault::metadata("tls_client_certificate_bound_access_tokens", false),
            "do not say that access tokens are bound",
        ),
    ] {
        server.provider().inject(fault);
        let error = fetch_token(client()).await.unwrap_err();
        server.provider().clear_faults();
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(server.provider().count(Endpoint::Token), 0);
    fetch_token(client()).await.unwrap();
}

#[test]
fn unusable_certificates_fail_at_startup() {
    let config =
        || ClientConfig::new("op").client_id("id").issuer("https://op.example").scope("openid");
    let (certificate, key) = ("`tls_client_certificate`", "`tls_client_key`");
    let with = |certificate: &str, key: &str| {
        config().tls_client_certificate(certificate).tls_client_key(key)
    };
    let encrypted = include_str!("client-keys/encrypted.pem");
    let method = config().token_endpoint_auth_method(AuthMethod::TlsClientAuth);
    for (config, setting, says) in [
        (with("/nowhere/tls.crt", CLIENT_KEY), certificate, "could not be read"),
        (with(CLIENT_KEY, CLIENT_KEY), certificate, "has no certificate"),
        (with(CLIENT, OTHER_KEY), certificate, "is not valid"),
        (with(CLIENT, ""), key, "is missing"),
        (with(CLIENT, CLIENT), key, "is missing"),
        (with(CLIENT, "/nowhere/tls.key"), key, "could not be read"),
        (with(CLIENT, encrypted), key, "is encrypted"),
        (config().tls_client_key(CLIENT_KEY), key, "is not used without"),
        (method, certificate, "is missing"),
        (config().tls_client_certificate_bound_access_tokens(true), certificate, "is missing"),
    ] {
        let shown = format!("{config:?}");
        assert!(!shown.contains("PRIVATE KEY"), "{shown}");
        let error = OAuth::builder().base_url("https://app.example").register(config).build();
        let error = error.unwrap_err().to_string();
        assert!(error.contains(setting) && error.contains(says), "{says}: {error}");
        assert!(!error.contains("PRIVATE KEY"), "{error}");
    }
    let oauth = OAuth::builder().base_url("https://app.example");
    let own = oauth.http_client(ReqwestClient::new().unwrap()).register(with(CLIENT, CLIENT_KEY));
    let error = own.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("is not used by the application's own HTTP client"));
}
