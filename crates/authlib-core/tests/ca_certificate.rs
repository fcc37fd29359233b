//! A provider with a certificate of a private CA, over TLS.
//!
//! `tls/server.pem` is for localhost, signed by `tls/ca.pem`; both are valid for a hundred years. They were made with
//! `openssl req -x509` and `openssl x509 -req`, and the key of the CA was deleted. `tls/self-signed.pem` and
//! `tls/self-signed-ca.pem` are for localhost too, signed by their own keys.
#![cfg(feature = "reqwest")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use authlib_core::config::Refresh;
use authlib_core::store::TokenOwner;
use authlib_core::transport::ReqwestClient;
use authlib_core::{ClientConfig, ErrorKind, OAuth, OAuth2Client};
use authlib_provider::{Endpoint, Provider, Server, TestClient};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const CA: &str = include_str!("tls/ca.pem");
const OTHER_CA: &str = include_str!("tls/other-ca.pem");
const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/ca.pem");

/// A provider behind TLS, and its issuer.
async fn tls_provider() -> (Server, String) {
    tls_provider_with(include_str!("tls/server.pem"), include_str!("tls/server.key.pem")).await
}

/// A provider with this certificate, and its issuer.
async fn tls_provider_with(certificate: &str, key: &str) -> (Server, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let client = TestClient::confidential("id", "secret");
    let mut plain = String::new();
    let server = Server::start(|address| {
        plain = address.replace("http://", "");
        Provider::builder(issuer.clone()).client(client).build()
    });
    let server = server.await.unwrap();
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, plain) = (acceptor.clone(), plain.clone());
            tokio::spawn(async move {
                let mut outside = acceptor.accept(stream).await?;
                let mut inside = TcpStream::connect(&plain).await?;
                copy_bidirectional(&mut outside, &mut inside).await
            });
        }
    });
    (server, issuer)
}

fn config(issuer: &str) -> ClientConfig {
    ClientConfig::new("corp")
        .client_id("id")
        .client_secret("secret")
        .issuer(issuer)
        .refresh_with(Refresh::ClientCredentials)
}

async fn fetch_token(config: ClientConfig) -> Result<(), authlib_core::Error> {
    OAuth2Client::new(config)?.active_token().await.map(|_| ())
}

#[tokio::test]
async fn private_ca_is_trusted_only_if_configured() {
    let (server, issuer) = tls_provider().await;
    for distrusting in [config(&issuer), config(&issuer).ca_certificate(OTHER_CA)] {
        let error = fetch_token(distrusting).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport);
        let report = error.report().to_string();
        assert!(
            report.contains("UnknownIssuer") && report.contains("`ca_certificate`"),
            "{report}"
        );
    }
    assert!(server.provider().received_requests().is_empty());
    let both = format!("{OTHER_CA}\n{CA}");
    for trusted in [CA, CA_FILE, &both, &CA.replace('\n', "\\n")] {
        fetch_token(config(&issuer).ca_certificate(trusted)).await.unwrap();
    }
    assert_eq!(server.provider().count(Endpoint::Token), 4);
    let http = ReqwestClient::with_ca_certificates(CA).unwrap();
    let client = OAuth2Client::builder(config(&issuer)).http_client(http).build().unwrap();
    client.active_token().await.unwrap();
}

/// One that may sign others is not a server's: `openssl req -x509` makes such by default.
#[tokio::test]
async fn self_signed_certificate_must_not_be_that_of_a_ca() {
    let (own, ca) = (include_str!("tls/self-signed.pem"), include_str!("tls/self-signed-ca.pem"));
    let key = include_str!("tls/self-signed.key.pem");
    let (_server, issuer) = tls_provider_with(own, key).await;
    fetch_token(config(&issuer).ca_certificate(own)).await.unwrap();
    let key = include_str!("tls/self-signed-ca.key.pem");
    let (_server, issuer) = tls_provider_with(ca, key).await;
    let error = fetch_token(config(&issuer).ca_certificate(ca)).await.unwrap_err();
    assert!(error.report().to_string().contains("`CA:FALSE`"), "{}", error.report());
}

/// Another client of the registry does not trust it.
#[tokio::test]
async fn file_and_environment_set_ca_of_one_client() {
    let (_server, issuer) = tls_provider().await;
    let toml = format!(
        "[oauth.one]\nclient_id = 'id'\nclient_secret = 'secret'\nissuer = '{issuer}'\n\
         refresh_with = 'client_credentials'\nca_certificate = '{CA_FILE}'\n\
         [oauth.two]\nclient_id = 'id'\nclient_secret = 'secret'\nissuer = '{issuer}'\n\
         refresh_with = 'client_credentials'\n"
    );
    let from_file = || OAuth::builder().discover_clients().load_toml(&toml);
    let vars = [("TWO_CA_CERTIFICATE".to_owned(), CA.to_owned())];
    for (oauth, two_trusts) in [
        (from_file().build().unwrap(), false),
        (from_file().load_env_from(vars).build().unwrap(), true),
    ] {
        for (name, trusts) in [("one", true), ("two", two_trusts)] {
            let owner = TokenOwner::new(name, "");
            let client = OAuth2Client::for_owner(&oauth.client(name).unwrap(), owner);
            assert_eq!(client.active_token().await.is_ok(), trusts, "{name}");
        }
    }
}

#[test]
fn unusable_ca_certificate_fails_at_startup() {
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let key = include_str!("tls/server.key.pem");
    for (text, says) in [
        ("/nowhere/ca.pem", "could not be read from the file \"/nowhere/ca.pem\""),
        (key, "has no certificate"),
        (garbage, "is not valid"),
        ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "has no certificate"),
    ] {
        let built = OAuth2Client::new(config("https://op.example").ca_certificate(text));
        let error = built.unwrap_err().to_string();
        assert!(error.contains("`ca_certificate`") && error.contains(says), "{error}");
        assert!(ReqwestClient::with_ca_certificates(text).is_err(), "{text}");
    }
    // The built-in client alone knows the setting.
    let http = ReqwestClient::new().unwrap();
    let own = OAuth::builder().http_client(http);
    let error = own.register(config("https://op.example").ca_certificate(CA)).build().unwrap_err();
    assert!(error.to_string().contains("is not used by the application's own HTTP client"));
}
