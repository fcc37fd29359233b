//! Keys of clients, as PEM and JWK.

use authlib_core::ClientConfig;
use authlib_provider::TestClient;
use serde_json::{Value, json};

use super::{CALLBACK, TestBed};

pub(crate) const RSA: &str = include_str!("../../client-keys/rsa.pem");
pub(crate) const P256: &str = include_str!("../../client-keys/p256.pem");

pub(crate) fn private_jwk(name: &str) -> Value {
    let keys: Value = serde_json::from_str(include_str!("../../client-keys/jwks.json")).unwrap();
    keys[name].clone()
}

pub(crate) fn public_jwk(name: &str, kid: &str) -> Value {
    let mut jwk = private_jwk(name);
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        jwk.as_object_mut().unwrap().remove(member);
    }
    jwk["kid"] = kid.into();
    jwk
}

/// A test bed whose client `keyed` authenticates with the key `name`, which has the id `k1`.
pub(crate) fn keyed_bed(name: &str, config: impl FnOnce(ClientConfig) -> ClientConfig) -> TestBed {
    let keys = json!({ "keys": [public_jwk(name, "k1")] });
    let client = TestClient::public("keyed").auth_method("private_key_jwt").jwks(keys);
    TestBed::with(
        |provider| provider.client(client.redirect_uri(CALLBACK)),
        |client| config(client.client_secret("").client_id("keyed").private_key_id("k1")),
        |oauth| oauth,
    )
}
