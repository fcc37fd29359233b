//! ID tokens, logout tokens and the keys that verify them.

use authlib_core::ClientConfig;
use authlib_core::jose::Algorithm;
use serde_json::Value;

use crate::peer::{ISSUER, Peer, assert_short, config, done, object};

/// The provider's keys. Their private keys signed [`SIGNED`] and were then deleted.
const KEYS: &str = include_str!("keys.json");

/// All ID tokens that these keys have signed, with their algorithm, the place of the key and a member of it.
const SIGNED: [(&str, Algorithm, usize, &str); 2] = [
    (include_str!("../seeds/id_token/rs256"), Algorithm::Rs256, 0, "n"),
    (include_str!("../seeds/id_token/eddsa"), Algorithm::EdDsa, 1, "x"),
];

fn openid(alg: Algorithm) -> ClientConfig {
    let config = config().issuer(ISSUER).scope("openid").jwks_uri(format!("{ISSUER}/jwks"));
    config.id_token_signed_response_alg(alg)
}

/// An ID token (OpenID Connect Core §3.1.3.7): only what the provider signed is accepted.
pub(crate) fn id_token(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut accepted = false;
    for (signed, alg, ..) in SIGNED {
        let keys: Value = serde_json::from_str(KEYS).unwrap();
        let client = Peer::json(b"{}").client(openid(alg).jwks(keys));
        let outcome = done(client.parse_id_token(text, None));
        assert_short(&outcome);
        assert_eq!(outcome.is_ok(), text == signed, "{text}");
        if let Ok(user) = outcome {
            assert_eq!(user.sub(), "alice");
            accepted = true;
        }
    }
    accepted
}

/// A logout token (Back-Channel Logout 1.0 §2.6): only what the provider signed as one is accepted.
pub(crate) fn logout_token(data: &[u8]) -> bool {
    const LOGOUT: &str = include_str!("../seeds/logout_token/rs256");
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let keys: Value = serde_json::from_str(KEYS).unwrap();
    let client = Peer::json(b"{}").client(openid(Algorithm::Rs256).jwks(keys));
    let outcome = done(client.verify_logout_token(text));
    assert_short(&outcome);
    assert_eq!(outcome.is_ok(), text == LOGOUT, "{text}");
    outcome.is_ok_and(|token| token.sub.as_deref() == Some("alice"))
}

/// A JWK set (RFC 7517 §5): a token is accepted only with a key that stands in it.
pub(crate) fn jwks(data: &[u8]) -> bool {
    let known: Value = serde_json::from_str(KEYS).unwrap();
    let mut accepted = false;
    for (token, alg, key, member) in SIGNED {
        let client = Peer::json(data).client(openid(alg));
        let outcome = done(client.parse_id_token(token, None));
        assert_short(&outcome);
        if outcome.is_err() {
            continue;
        }
        let set = object(data).unwrap();
        let keys = set["keys"].as_array().unwrap();
        // A key may be padded, or in standard base64.
        let plain = |value: &Value| {
            let text = value[member].as_str().unwrap_or_default();
            text.trim_end_matches('=').replace('+', "-").replace('/', "_")
        };
        assert!(keys.iter().any(|found| plain(found) == plain(&known["keys"][key])));
        accepted = true;
    }
    accepted
}
