//! What must verify: the vectors of RFC 7515 appendix A and RFC 8037 appendix A.4, and round trips.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{A1, A1_KEY, A2, A2_N, A3, A4, CLAIMS, ED, a3_key, b64, named, refused, set, with};
use crate::crypto::test_keys::Signer;
use crate::jose::jws::{half_hash, verify};
use crate::jose::{Algorithm, JwkSet};
use crate::secret::Secret;

#[test]
fn rfc_vectors_verify_and_changed_vectors_do_not() {
    #[track_caller]
    fn check(alg: &str, token: &str, keys: &JwkSet) {
        let payload = verify(token, &[named(alg)], keys).unwrap().payload;
        assert_eq!(payload, URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        let wrong = format!("{signed}.{flipped}{}", signature.get(1..).unwrap());
        assert_eq!(refused(&wrong, &[alg], keys), "signature", "{alg}");
        let (head, _) = signed.split_once('.').unwrap();
        let other = format!("{head}.{}.{signature}", b64(CLAIMS));
        assert_eq!(refused(&other, &[alg], keys), "signature", "{alg}");
    }
    let oct = json!({"keys": [{"kty": "oct", "k": A1_KEY}]});
    check("HS256", A1, &JwkSet::from_value_with_symmetric(&oct).unwrap());
    check("RS256", A2, &set(&json!([{"kty": "RSA", "n": A2_N, "e": "AQAB"}])));
    check("ES256", A3, &set(&json!([a3_key()])));
    check(
        "ES512",
        A4,
        &set(&json!([{"kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}])),
    );
    check(
        "EdDSA",
        ED,
        &set(&json!([{"kty": "OKP", "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}])),
    );
}

#[test]
fn every_algorithm_verifies_only_its_own_signatures() {
    let names = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
    for alg in names.into_iter().chain(["EdDSA", "Ed25519"]) {
        let key = if alg.starts_with(['R', 'P']) { Signer::rsa() } else { &Signer::new(alg) };
        let keys = set(&json!([with(key.jwk(), &json!({"kid": "k", "alg": alg, "use": "sig"}))]));
        let token = key.token(alg, &json!({"sub": "alice"}));
        assert_eq!(refused(&token, &[alg], &keys), "accepted", "{alg}");
        // Another key of the same kind, and the same key under another algorithm's name.
        let other = Signer::new(alg);
        let others = set(&json!([with(other.jwk(), &json!({"kid": "k"}))]));
        assert_eq!(refused(&token, &[alg], &others), "signature", "{alg}");
        let wrong = if alg == "RS256" { "PS256" } else { "RS256" };
        let bound = set(&json!([with(key.jwk(), &json!({"kid": "k", "alg": wrong}))]));
        assert_eq!(refused(&token, &[alg], &bound), "key", "{alg}");
    }
}

#[test]
fn tokens_of_another_library_verify() {
    let algs = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
    for alg in algs {
        let key = if alg.starts_with(['R', 'P']) { Signer::rsa() } else { &Signer::new(alg) };
        let token = key.foreign_token(alg, &json!({"sub": "alice"}));
        assert_eq!(refused(&token, &[alg], &set(&json!([key.jwk()]))), "accepted", "{alg}");
    }
    for alg in ["HS256", "HS384", "HS512"] {
        let key = Signer::Hmac(b"a shared secret of some length".to_vec());
        let token = key.foreign_token(alg, &json!({"sub": "alice"}));
        let keys = JwkSet::of_secret(&Secret::new("a shared secret of some length"));
        assert_eq!(refused(&token, &[alg], &keys), "accepted", "{alg}");
        let keys = JwkSet::of_secret(&Secret::new("another secret"));
        assert_eq!(refused(&token, &[alg], &keys), "signature", "{alg}");
    }
}

/// OpenID Connect Core appendix A.3 and A.4.
#[test]
fn at_hash_values_match_specification() {
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    assert_eq!(half_hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
    assert_eq!(half_hash(Algorithm::Rs256, code), "LDktKdoQak3Pk0cnXxCltA");
    for alg in Algorithm::all() {
        let bytes = match alg.name().get(2..) {
            Some("256") => 16,
            Some("384") => 24,
            _ => 32,
        };
        let length = URL_SAFE_NO_PAD.decode(half_hash(alg, token)).unwrap().len();
        assert_eq!(length, bytes, "{alg}");
    }
    // H32: Ed25519 hashes with SHA-512.
    assert_eq!(half_hash(Algorithm::EdDsa, token), half_hash(Algorithm::Es512, token));
    assert_eq!(half_hash(Algorithm::Ed25519, token), half_hash(Algorithm::Es512, token));
}

#[test]
fn algorithm_names_are_distinct_and_round_trip() {
    let names: HashSet<_> = Algorithm::all().map(Algorithm::name).collect();
    assert_eq!(names.len(), 14);
    for alg in Algorithm::all() {
        assert_eq!(Algorithm::from_name(alg.name()), Some(alg));
        assert_eq!(alg.is_symmetric(), alg.name().starts_with("HS"));
    }
}
