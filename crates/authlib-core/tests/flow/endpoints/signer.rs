//! Keys outside of the library: a [`Signer`] of the application.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authlib_core::jose::Algorithm;
use authlib_core::signer::{SignatureKey, Signer};
use authlib_core::transport::BoxFuture;
use authlib_core::{Error, ErrorKind, Grant, Result};
use authlib_provider::{Endpoint, TestClient};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::test_bed::{CALLBACK, TestBed, sent};

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
