//! What must not verify: tokens whose form, algorithm or header is wrong (RFC 8725).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{A3, CLAIMS, a3_key, b64, refused, set, with};
use crate::crypto::test_keys::Signer;
use crate::jose::jws::{JwsError, verify};
use crate::jose::{Algorithm, JwkSet};
use crate::secret::Secret;

/// J1: no spelling of `none` is an algorithm, and an empty signature is not valid.
#[test]
fn unsigned_tokens_are_rejected() {
    let keys = set(&json!([Signer::rsa().jwk()]));
    for alg in ["none", "None", "NONE", "nOnE", " none", "none\0", "", "rs256", "RS256 "] {
        assert!(Algorithm::from_name(alg).is_none(), "{alg:?}");
        let header = b64(&json!({"alg": alg}).to_string());
        for signature in ["", "AAAA"] {
            let token = format!("{header}.{}.{signature}", b64(CLAIMS));
            let refusal = refused(&token, &["RS256", "ES256"], &keys);
            assert_eq!(refusal, if signature.is_empty() { "parts" } else { "algorithm" }, "{alg}");
        }
    }
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":1}"#, r#"{"alg":["RS256"]}"#] {
        let token = Signer::rsa().token_of(header, CLAIMS);
        assert_eq!(refused(&token, &["RS256"], &keys), "alg", "{header}");
    }
    let good = Signer::rsa().token("RS256", &json!({}));
    let (signed, _) = good.rsplit_once('.').unwrap();
    assert_eq!(refused(&format!("{signed}."), &["RS256"], &keys), "parts");
    assert_eq!(refused(&good, &[], &keys), "algorithm");
}

/// J2: a public key in any encoding is not an HMAC secret, even if HMAC is allowed.
#[test]
fn hmac_with_public_key_is_rejected() {
    let rsa = Signer::rsa();
    let jwk = with(rsa.jwk(), &json!({"kid": "k"}));
    let keys = set(&json!([jwk]));
    let n = URL_SAFE_NO_PAD.decode(rsa.jwk()["n"].as_str().unwrap()).unwrap();
    let texts = [
        rsa.pem().into_bytes(),
        rsa.pem().trim_end().as_bytes().to_vec(),
        rsa.der(),
        jwk.to_string().into_bytes(),
        json!({"keys": [jwk]}).to_string().into_bytes(),
        n,
        Vec::new(),
    ];
    for text in texts {
        let token = Signer::Hmac(text).token("HS256", &json!({"sub": "alice"}));
        assert_eq!(refused(&token, &["RS256"], &keys), "algorithm");
        assert_eq!(refused(&token, &["RS256", "HS256"], &keys), "key");
        let secret = JwkSet::of_secret(&Secret::new("client secret"));
        assert_eq!(refused(&token, &["HS256"], &secret), "signature");
        let none = JwkSet::of_secret(&Secret::default());
        assert_eq!(refused(&token, &["HS256"], &none), "key");
    }
    // And the secret is not a public key.
    let secret = JwkSet::of_secret(&Secret::new("client secret"));
    let token = rsa.token("RS256", &json!({}));
    assert_eq!(refused(&token, &["RS256", "HS256"], &secret), "key");
}

/// J2: a published symmetric key is not used.
#[test]
fn symmetric_keys_are_used_only_if_registered() {
    let key = Signer::Hmac(b"published".to_vec());
    let keys = json!([with(key.jwk(), &json!({"kid": "k"}))]);
    let token = key.token("HS256", &json!({}));
    assert!(set(&keys).is_empty());
    assert_eq!(refused(&token, &["HS256"], &set(&keys)), "key");
    let own = JwkSet::from_value_with_symmetric(&json!({"keys": keys})).unwrap();
    assert_eq!(refused(&token, &["HS256"], &own), "accepted");
    assert_eq!(refused(&token, &["RS256"], &own), "algorithm");
}

/// J3: the token does not choose the algorithm.
#[test]
fn only_pinned_algorithm_is_accepted() {
    let (rsa, ec) = (Signer::rsa(), Signer::new("ES256"));
    let keys = set(&json!([rsa.jwk(), ec.jwk()]));
    let token = ec.token("ES256", &json!({}));
    assert_eq!(refused(&token, &["RS256"], &keys), "algorithm");
    let error = verify(&token, &[Algorithm::Rs256], &keys).unwrap_err().to_string();
    assert!(error.contains("ES256") && error.contains("RS256"), "{error}");
    // ES384's name over a key on P-256: the curve decides, not the token.
    let token = ec.token("ES384", &json!({}));
    assert_eq!(refused(&token, &["ES384"], &keys), "key");
    assert_eq!(refused(&rsa.token("PS256", &json!({})), &["RS256"], &keys), "algorithm");
}

/// J4: keys come from the set only.
#[test]
fn keys_in_token_header_are_ignored() {
    let (ours, theirs) = (Signer::rsa(), Signer::new("RS256"));
    let keys = set(&json!([ours.jwk()]));
    let embedded = json!({"alg": "RS256", "jwk": theirs.jwk(), "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/cert", "x5c": ["AAAA"], "x": {"y": [null]}});
    let token = theirs.token_of(&embedded.to_string(), CLAIMS);
    assert_eq!(refused(&token, &["RS256"], &keys), "signature");
    // Ignored, not rejected (RFC 7515 §4).
    let token = ours.token_of(&embedded.to_string(), CLAIMS);
    assert_eq!(refused(&token, &["RS256"], &keys), "accepted");
}

/// J5.
#[test]
fn critical_extensions_are_rejected() {
    let keys = set(&json!([Signer::rsa().jwk()]));
    for more in [
        json!({"crit": ["b64"], "b64": false}),
        json!({"b64": false}),
        json!({"b64": true}),
        json!({"crit": []}),
        json!({"crit": null}),
        json!({"crit": "exp"}),
        json!({"crit": ["exp"], "exp": 1}),
        json!({"crit": ["http://example.com/UNDEFINED"]}),
    ] {
        let header = with(json!({"alg": "RS256"}), &more).to_string();
        let token = Signer::rsa().token_of(&header, CLAIMS);
        assert_eq!(refused(&token, &["RS256"], &keys), "critical", "{header}");
    }
}

/// J25.
#[test]
fn duplicate_header_member_is_rejected() {
    let keys = set(&json!([Signer::rsa().jwk()]));
    for header in [
        r#"{"alg":"none","alg":"RS256"}"#,
        r#"{"alg":"RS256","alg":"RS256"}"#,
        r#"{"alg":"RS256","kid":"a","kid":"b"}"#,
        r#"{"alg":"RS256","x":{"y":1,"y":2}}"#,
        r#"["RS256"]"#,
        r#"{"alg":"RS256"}x"#,
    ] {
        let token = Signer::rsa().token_of(header, CLAIMS);
        assert_eq!(refused(&token, &["RS256"], &keys), "json", "{header}");
    }
}

/// J26 and J27: three parts of canonical base64url, nothing else.
#[test]
fn only_compact_serialization_is_accepted() {
    let keys = set(&json!([a3_key()]));
    let parts: Vec<_> = A3.split('.').collect();
    let (head, payload, signature) = (parts[0], parts[1], parts[2]);
    #[track_caller]
    fn check(token: &str, keys: &JwkSet, expected: &str) {
        assert_eq!(refused(token, &["ES256"], keys), expected, "{token:?}");
    }
    check(A3, &keys, "accepted");
    for token in ["", ".", "..", "...", "a", "a.b", head, payload] {
        check(token, &keys, "parts");
    }
    check(&format!("{head}.{payload}"), &keys, "parts");
    check(&format!("{A3}."), &keys, "parts");
    check(&format!(".{A3}"), &keys, "parts");
    check(&format!("{A3}.{signature}"), &keys, "parts");
    check(&format!("{head}.a.b.c.d"), &keys, "parts");
    check(&format!("{head}.a.b.c.d.e"), &keys, "parts");
    check(&format!("{head}..{signature}"), &keys, "signature");
    check(&format!(".{payload}.{signature}"), &keys, "json");
    let general = json!({"payload": payload,
        "signatures": [{"protected": head, "signature": signature}]});
    check(&general.to_string(), &keys, "parts");
    let flat = json!({"payload": payload, "protected": head, "signature": signature});
    check(&flat.to_string(), &keys, "parts");
    for stray in ["=", "==", " ", "\n", "\t", "+", "/", "%", "\0", "ä"] {
        check(&format!("{head}{stray}.{payload}.{signature}"), &keys, "header");
        check(&format!("{head}.{payload}{stray}.{signature}"), &keys, "payload");
        check(&format!("{A3}{stray}"), &keys, "signature");
    }
    // The last letter of the signature carries four bits too many; they must be zero.
    let (rest, last) = A3.split_at(A3.len() - 1);
    assert_eq!(last, "Q");
    for other in ["R", "S", "T", "f"] {
        assert!(matches!(
            verify(&format!("{rest}{other}"), &[Algorithm::Es256], &keys),
            Err(JwsError::Base64("signature"))
        ));
    }
    check(&format!("{head}.{}.{signature}", "A".repeat(200_000)), &keys, "long");
    check(&format!("{}.{payload}.{signature}", "A".repeat(20_000)), &keys, "long");
}
