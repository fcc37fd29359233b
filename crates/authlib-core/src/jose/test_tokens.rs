//! Keys for the tests of signed tokens.

use serde_json::json;

use super::JwkSet;
use crate::crypto::test_keys::Signer;

/// The public key of [`Signer::rsa`] under this `kid`.
pub(crate) fn key_set(kid: &str) -> JwkSet {
    let mut jwk = Signer::rsa().jwk();
    jwk["kid"] = kid.into();
    JwkSet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap()
}
