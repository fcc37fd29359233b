//! Keys outside of the library: a [`Signer`] of the application.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authlib_core::jose::Algorithm;
use authlib_core::signer::{SignatureKey, Signer};
use authlib_core::transport::BoxFuture;
use authlib_core::{ClientConfig, Error, ErrorKind, Grant, OAuth, Result};
use authlib_provider::{Endpoint, TestClient};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::test_bed::keys::{private_jwk, public_jwk};
use crate::test_bed::{CALLBACK, HOUR, ISSUER, SECOND, TestBed, from_unix_seconds, sent};

/// A key of a hardware module.
struct Key(EcdsaKeyPair, String);

impl Key {
    fn new(kid: &str) -> Arc<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Arc::new(Self(pair, kid.to_owned()))
    }
}

impl SignatureKey for Key {
    fn algorithms(&self) -> Vec<Algorithm> {
        vec![Algorithm::Es256]
    }

    fn kid(&self) -> Option<String> {
        Some(self.1.clone())
    }

    fn public_jwk(&self) -> Option<Map<String, Value>> {
        let point = &self.0.public_key().as_ref()[1..];
        let [x, y] = [&point[..32], &point[32..]].map(|number| URL_SAFE_NO_PAD.encode(number));
        json!({"kty": "EC", "crv": "P-256", "kid": self.1, "x": x, "y": y}).as_object().cloned()
    }

    fn sign<'a>(&'a self, _: Algorithm, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move {
            // Other operations take place before the module responds.
            tokio::task::yield_now().await;
            let signature = self.0.sign(&SystemRandom::new(), message).unwrap();
            Ok(signature.as_ref().to_vec())
        })
    }
}

/// Another key for each operation, and none after the last.
struct Rotating(Vec<Arc<Key>>, AtomicUsize);

impl Signer for Rotating {
    fn key(&self) -> BoxFuture<'_, Result<Arc<dyn SignatureKey>>> {
        Box::pin(async move {
            let next = self.1.fetch_add(1, Ordering::Relaxed);
            let key = self.0.get(next).cloned();
            let key = key.ok_or_else(|| Error::new(ErrorKind::Transport, "the module is down"))?;
            Ok(key as Arc<dyn SignatureKey>)
        })
    }

    fn public_jwks(&self) -> Vec<Map<String, Value>> {
        self.0.iter().filter_map(|key| key.public_jwk()).collect()
    }
}

#[tokio::test]
async fn header_and_signature_have_one_key_during_rotation() {
    let signer = Rotating(vec![Key::new("k1"), Key::new("k2")], AtomicUsize::new(0));
    let jwks = json!({ "keys": signer.public_jwks() });
    let client = TestClient::public("keyed").auth_method("private_key_jwt").jwks(jwks.clone());
    let bed = TestBed::with(
        |provider| provider.client(client.redirect_uri(CALLBACK)),
        |client| client.client_secret("").client_id("keyed").signer(signer),
        |oauth| oauth,
    );
    assert_eq!(bed.app().public_jwks(), jwks);
    for kid in ["k1", "k2"] {
        bed.app().fetch_token(Grant::client_credentials()).await.unwrap();
        let requests = sent(&bed, Endpoint::Token);
        let assertion = requests.last().unwrap().secret("client_assertion").unwrap().to_owned();
        let header = URL_SAFE_NO_PAD.decode(assertion.split('.').next().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["kid"], kid);
    }
    let error = bed.app().fetch_token(Grant::client_credentials()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("the module is down"), "{error}");
}

/// The provider keeps the client's keys for a while: it must know the next key before it is used.
#[tokio::test]
async fn next_key_is_published_before_it_signs() {
    let (present, next) = (private_jwk("p256"), private_jwk("p384"));
    let not_before = from_unix_seconds(1_800_000_000) + HOUR;
    let jwks = json!({ "keys": [public_jwk("p256", "p256"), public_jwk("p384", "p384")] });
    let client = TestClient::public("keyed").auth_method("private_key_jwt").jwks(jwks);
    let bed = TestBed::with(
        |provider| provider.client(client.redirect_uri(CALLBACK)),
        |client| {
            let client = client.client_secret("").client_id("keyed");
            let client = client.private_key(present.to_string()).private_key_id("p256");
            let client = client.next_private_key(next.to_string()).next_private_key_id("p384");
            client.next_private_key_not_before(not_before)
        },
        |oauth| oauth,
    );
    let kids = || {
        let keys = bed.app().public_jwks()["keys"].clone();
        let keys = keys.as_array().unwrap().clone();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (kid, wait) in [("p256", SECOND * 3599), ("p256", SECOND), ("p384", HOUR), ("p384", HOUR)] {
        assert_eq!(kids(), ["p256", "p384"]);
        bed.app().fetch_token(Grant::client_credentials()).await.unwrap();
        let requests = sent(&bed, Endpoint::Token);
        let assertion = requests.last().unwrap().secret("client_assertion").unwrap().to_owned();
        let header = URL_SAFE_NO_PAD.decode(assertion.split('.').next().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["kid"], kid);
        bed.clock.advance(wait);
    }
}

#[tokio::test]
async fn invalid_next_keys_fail_startup() {
    let with = |change: &dyn Fn(ClientConfig) -> ClientConfig| {
        let client = ClientConfig::new("op").client_id("x").issuer(ISSUER);
        let oauth = OAuth::builder().base_url("https://app.example").register(change(client));
        oauth.build().unwrap_err().report().to_string()
    };
    let (present, next) = (private_jwk("p256").to_string(), private_jwk("p384").to_string());
    for (error, expected) in [
        (with(&|client| client.next_private_key(&*next)), "is not used without `private_key`"),
        (
            with(&|client| client.private_key(&*present).private_key_id("a").next_private_key("x")),
            "`next_private_key`",
        ),
        (
            with(&|client| {
                let client = client.private_key(&*present).next_private_key(&*next);
                client.private_key_id("a").next_private_key_id("a")
            }),
            "needs another `kid` than `private_key`",
        ),
        (
            with(&|client| {
                let client = client.private_key(&*present).private_key_id("a");
                let client = client.next_private_key(&*next).next_private_key_id("b");
                client.token_endpoint_auth_signing_alg(Algorithm::Es256)
            }),
            "does not fit `token_endpoint_auth_signing_alg`",
        ),
        (
            with(&|client| client.private_key(&*present).next_private_key_id("a")),
            "is not used without `next_private_key`",
        ),
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
