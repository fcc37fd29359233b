//! What a build without the cargo feature `oauth1` says about clients of OAuth 1.0a. With the feature there is nothing
//! to test: `cargo xtask ci` runs it without.

#![cfg(not(feature = "oauth1"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use authlib_core::message::{Request, Response};
use authlib_core::oauth1::SignatureMethod;
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{ClientConfig, ErrorKind, OAuth, providers};

struct Offline;

impl HttpClient for Offline {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        panic!("a client that is not accepted sends nothing")
    }
}

#[test]
fn oauth1_clients_without_the_feature_are_errors() {
    let by_hand = ClientConfig::new("photos")
        .request_token_url("https://photos.example/request")
        .authorization_endpoint("https://photos.example/authorize")
        .token_endpoint("https://photos.example/token")
        .signature_method(SignatureMethod::HmacSha256)
        .realm("photos");
    for client in [by_hand, providers::twitter().into(), ClientConfig::from("discogs")] {
        let client = client.client_id("key").client_secret("secret");
        let error = OAuth::builder().http_client(Offline).register(client).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let says = "`request_token_url` is for OAuth 1.0a, which needs the cargo feature `oauth1`";
        assert!(error.report().to_string().contains(says), "{}", error.report());
    }
}
