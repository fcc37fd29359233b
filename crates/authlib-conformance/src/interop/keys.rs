//! [`TestKey`]: keys for client authentication in the interop tests.

use serde_json::Value;

const JWKS: &str = include_str!("../../../authlib-core/tests/client-keys/jwks.json");
const P256: &str = include_str!("../../../authlib-core/tests/client-keys/p256.pem");
const RSA: &str = include_str!("../../../authlib-core/tests/client-keys/rsa.pem");
const ED25519: &str = include_str!("../../../authlib-core/tests/client-keys/ed25519.pem");

/// A private test key of `authlib-core`. It is public: for tests only.
#[derive(Clone, Debug)]
pub struct TestKey {
    /// The private key as PEM.
    pub private_pem: &'static str,
    /// The public key as a JWK, for the server.
    pub public_jwk: Value,
}

impl TestKey {
    /// The key for a signature algorithm, `ES256`, `EdDSA`, or one of RSA.
    ///
    /// # Panics
    ///
    /// If the key files are invalid.
    #[must_use]
    pub fn for_algorithm(algorithm: &str) -> Self {
        let (name, private_pem) = match algorithm {
            "ES256" => ("p256", P256),
            "EdDSA" => ("ed25519", ED25519),
            _ => ("rsa", RSA),
        };
        let keys: Value = serde_json::from_str(JWKS).expect("keys");
        let mut public_jwk = keys[name].clone();
        for private in ["d", "p", "q", "dp", "dq", "qi"] {
            public_jwk.as_object_mut().expect("a key").remove(private);
        }
        Self { private_pem, public_jwk }
    }
}
