//! The blocking clients at both servers. The runtime here is only for servers and browser.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use authlib_conformance::{Browser, InteropServer, TestKey};
use authlib_core::client::blocking::{AssertionClient, OAuth2Client};
use authlib_core::clock::{Clock as _, FixedClock, SystemClock};
use authlib_core::config::Refresh;
use authlib_core::hooks::RequestHook;
use authlib_core::{AuthorizeOptions, ErrorKind, Grant, Secret, Token};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::clients::{
    authlib, authlib_settings, error_code, login_client, machine_client, oidc, oidc_settings,
    revoke, with_secret,
};
use crate::{DEVICE_CODE, JWT_BEARER};

/// A server and its runtime.
struct Bench {
    server: InteropServer,
    runtime: Runtime,
}

impl Bench {
    fn start(server: impl Future<Output = Option<InteropServer>>) -> Option<Self> {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(server)?;
        Some(Self { server, runtime })
    }

    /// Decides on the server's pages; returns the last page.
    fn decide(&self, url: &str, decision: &str) -> authlib_conformance::Page {
        self.runtime.block_on(self.server.decide(&Browser::new(), url, "alice", decision))
    }

    fn log_in(&self, client: &OAuth2Client) -> Token {
        let options = AuthorizeOptions::new().prompt("consent");
        let (url, pending) = client.create_authorization_url(options).unwrap();
        let end = self.decide(url.as_str(), "allow").location();
        client.fetch_access_token(pending, end.as_str()).unwrap()
    }
}

#[test]
fn blocking_client_calls_api_refreshes_and_revokes() {
    let apps = [crate::client(&["client_credentials"])];
    let Some(bench) = Bench::start(authlib(&apps)) else { return };
    let config = with_secret(authlib_settings(&bench.server, "app"))
        .refresh_with(Refresh::ClientCredentials);
    let client = OAuth2Client::new(config).unwrap();
    let ask = || client.get("me").send().unwrap().error_for_status().unwrap().json::<Value>();
    assert_eq!(ask().unwrap()["client_id"], "app");
    let first = client.token().unwrap().unwrap();
    bench.runtime.block_on(revoke(&bench.server.url("/revoke"), &first.access_token));
    assert_eq!(ask().unwrap()["client_id"], "app");
    let second = client.token().unwrap().unwrap();
    assert_ne!(second.access_token, first.access_token);
    assert!(client.introspect_token(&second.access_token, None).unwrap().active());
    client.revoke_token().unwrap();
    assert!(!client.introspect_token(&second.access_token, None).unwrap().active());
}

#[test]
fn wrong_password_keeps_provider_error() {
    let Some(bench) = Bench::start(authlib(&[crate::client(&["password"])])) else { return };
    let client = OAuth2Client::new(with_secret(authlib_settings(&bench.server, "app"))).unwrap();
    let password = Grant::dangerous_password("alice", &Secret::new("looking-glass"));
    let refused = client.fetch_token(password).unwrap_err();
    assert_eq!(
        (refused.kind(), error_code(&refused)),
        (ErrorKind::InvalidResponse, "invalid_request")
    );
}

#[test]
fn jwt_bearer_token_is_accepted_by_resource() {
    let key = TestKey::for_algorithm("ES256");
    let mut service = crate::client(&[JWT_BEARER]);
    service["jwks"] = json!({ "keys": [key.public_jwk] });
    let Some(bench) = Bench::start(authlib(&[service])) else { return };
    let client = AssertionClient::builder(bench.server.url("/token"), "app", key.private_pem)
        .key_id(key.public_jwk["kid"].as_str().unwrap())
        .subject("bob")
        .api_base_url(bench.server.url("/api/"))
        .build()
        .unwrap();
    let user: Value = client.get("me").send().unwrap().json().unwrap();
    assert_eq!(user["sub"], "bob");
}

#[test]
fn device_flow_returns_token() {
    let apps = [machine_client(&[DEVICE_CODE])];
    let Some(bench) = Bench::start(oidc(&apps, &["deviceFlow"])) else { return };
    // A clock that advances in `sleep`: polling takes no time.
    let clock = Arc::new(FixedClock::new(SystemClock.now()));
    let config = with_secret(oidc_settings(&bench.server, "app")).scope("openid profile");
    let client = OAuth2Client::builder(config).clock(clock).build().unwrap();
    let mut device = client.start_device_login(None).unwrap();
    let page = device.verification_uri_complete().unwrap().to_owned();
    let mut questions = 0;
    let waited = device.wait_while(|_| {
        questions += 1;
        if questions == 3 {
            bench.decide(&page, "allow");
        }
        true
    });
    let token = waited.unwrap().unwrap();
    assert_eq!((questions, token.userinfo().unwrap().sub()), (3, "alice"));
    client.set_token(&token).unwrap();
    assert_eq!(client.userinfo().unwrap().name(), Some("Alice Example"));
}

#[test]
fn twenty_threads_share_one_refresh() {
    let apps = [login_client(&["authorization_code", "refresh_token"])];
    let Some(bench) = Bench::start(oidc(&apps, &[])) else { return };
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let config = with_secret(oidc_settings(&bench.server, "app"))
        .scope("openid offline_access")
        .on_request(RequestHook::RefreshTokenRequest, move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
    let clock = Arc::new(FixedClock::new(SystemClock.now()));
    let client = OAuth2Client::builder(config).clock(clock.clone()).build().unwrap();
    let before = bench.log_in(&client);
    clock.advance(Duration::from_secs(9 * 60 + 30));
    let threads: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || client.active_token().unwrap().access_token)
        })
        .collect();
    let tokens: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0] && *token != before.access_token));
    assert_eq!(sent.load(Ordering::SeqCst), 1);
    assert_eq!(client.userinfo().unwrap().sub(), "alice");
}
