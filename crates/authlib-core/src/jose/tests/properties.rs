//! Whatever a stranger sends: no panic, and nothing verifies.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use super::{A3, a3_key, set};
use crate::jose::claims::{Claims, check_times};
use crate::jose::jws::{peek_kid, verify};
use crate::jose::{Algorithm, JwkSet, strict_json};
use crate::numeric_date::from_unix_seconds;

proptest! {
    #[test]
    fn jose_parsers_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = JwkSet::parse(&bytes);
        let _ = Claims::parse(&bytes);
        let is_object = strict_json::object(&bytes).is_ok();
        prop_assert_eq!(strict_json::members(&bytes, ["a"]).is_ok(), is_object);
    }

    #[test]
    fn random_text_never_verifies(token in "\\PC{0,200}|[A-Za-z0-9_=.-]{0,300}") {
        let keys = set(&json!([a3_key()]));
        let all: Vec<_> = Algorithm::all().collect();
        prop_assert!(verify(&token, &all, &keys).is_err());
        let _ = peek_kid(&token);
    }

    #[test]
    fn changed_token_never_verifies(at in 0..A3.len(), letter in "[A-Za-z0-9_.=-]") {
        let mut token = A3.to_owned();
        token.replace_range(at..=at, &letter);
        let verified = verify(&token, &[Algorithm::Es256], &set(&json!([a3_key()])));
        prop_assert_eq!(verified.is_ok(), token == A3);
    }

    #[test]
    fn key_set_members_never_panic(
        kty in "RSA|EC|OKP|oct|[a-z]{0,3}",
        crv in "P-256|P-384|P-521|Ed25519|[a-z]{0,3}",
        x in prop::collection::vec(any::<u8>(), 0..70),
        y in prop::collection::vec(any::<u8>(), 0..70),
        n in prop::collection::vec(any::<u8>(), 0..1200),
    ) {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let key = json!({"kty": kty, "crv": crv, "x": b64(&x), "y": b64(&y), "n": b64(&n), "e": b64(&y), "k": b64(&x)});
        let keys = json!({"keys": [key]});
        let _ = JwkSet::parse(keys.to_string().as_bytes());
        let own = JwkSet::from_value_with_symmetric(&keys).unwrap();
        let _ = verify(A3, &[Algorithm::Es256], &own);
    }

    #[test]
    fn claim_getters_never_panic(number in any::<f64>(), text in ".{0,20}", now in any::<u32>()) {
        for value in [json!(number), json!(text), json!([text])] {
            let object = json!({"exp": value, "nbf": value, "aud": value});
            let claims = Claims::parse(object.to_string().as_bytes()).unwrap();
            let _ = (claims.time("exp"), claims.text("exp"), claims.audience());
            let _ = check_times(&claims, from_unix_seconds(now.into()), Duration::from_secs(60));
        }
    }
}
