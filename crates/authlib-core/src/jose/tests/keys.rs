//! Selection of keys from a set (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{A1_KEY, A2_N, A3, CLAIMS, a3_key, refused, set, with};
use crate::crypto::test_keys::Signer;
use crate::jose::jws::verify;
use crate::jose::{Algorithm, JwkSet};

/// J6: without a `kid`, up to 8 keys are tried.
#[test]
fn kid_only_selects_among_keys() {
    let (a, b) = (Signer::rsa(), &Signer::new("RS256"));
    let key = |signer: &Signer, kid: &str| with(signer.jwk(), &json!({"kid": kid}));
    #[track_caller]
    fn check(keys: &Value, kid: &Value, expected: &str) {
        let mut header = json!({"alg": "RS256"});
        if !kid.is_null() {
            header["kid"] = kid.clone();
        }
        let token = Signer::rsa().token_of(&header.to_string(), CLAIMS);
        assert_eq!(refused(&token, &["RS256"], &set(keys)), expected, "{keys} {kid}");
    }
    let both = json!([key(a, "a"), key(b, "b")]);
    check(&both, &json!("a"), "accepted");
    check(&both, &json!("b"), "signature");
    check(&both, &json!("A"), "key");
    check(&both, &json!(""), "key");
    for odd in ["../../dev/null", "x' UNION SELECT 'a", "a\0", "a\n", "\u{202e}a"] {
        check(&both, &json!(odd), "key");
    }
    check(&both, &json!(1), "kid");
    check(&both, &json!(["a"]), "kid");
    // Without `kid`: one key, several keys, keys of which none is right.
    check(&json!([key(a, "a")]), &Value::Null, "accepted");
    check(&json!([key(b, "b"), key(a, "a")]), &Value::Null, "accepted");
    check(&json!([key(b, "b")]), &Value::Null, "signature");
    // Two keys of one name, also of different types; a key without a name.
    check(&json!([key(b, "a"), key(a, "a")]), &json!("a"), "accepted");
    let ec = key(&Signer::new("ES256"), "a");
    check(&json!([ec, key(a, "a")]), &json!("a"), "accepted");
    check(&json!([ec]), &json!("a"), "key");
    check(&json!([a.jwk()]), &json!("a"), "accepted");
    check(&json!([]), &json!("a"), "key");
}

/// J6.
#[test]
fn key_attempts_are_bounded_and_kid_match_comes_first() {
    let (a, b) = (Signer::rsa(), Signer::new("RS256"));
    let mut keys = vec![b.jwk(); 40];
    keys.push(with(a.jwk(), &json!({"kid": "k"})));
    let keys = set(&json!(keys));
    let unnamed = a.token_of(r#"{"alg":"RS256"}"#, CLAIMS);
    assert_eq!(refused(&unnamed, &["RS256"], &keys), "signature");
    assert_eq!(refused(&a.token("RS256", &json!({})), &["RS256"], &keys), "accepted");
}

#[test]
fn unknown_kid_is_truncated_in_error() {
    let kid = format!("a\nERROR forged {}", "x".repeat(5000));
    let header = json!({"alg": "RS256", "kid": kid}).to_string();
    let error =
        verify(&Signer::rsa().token_of(&header, CLAIMS), &[Algorithm::Rs256], &set(&json!([])));
    let error = error.unwrap_err();
    assert!(error.is_unknown_key() && !error.is_bad_signature());
    let text = error.to_string();
    assert!(!text.contains('\n') && text.len() < 200, "{text}");
}

/// J7, H12: a key that is not for signatures is skipped; the others are used.
#[test]
fn unusable_keys_are_skipped() {
    let rsa = Signer::rsa().jwk();
    let ec = Signer::new("ES256").jwk();
    let ed = Signer::new("EdDSA").jwk();
    let without = |mut jwk: Value, name: &str| {
        jwk.as_object_mut().unwrap().remove(name);
        jwk
    };
    let unusable = [
        with(rsa.clone(), &json!({"use": "enc"})),
        with(rsa.clone(), &json!({"use": 1})),
        with(rsa.clone(), &json!({"key_ops": ["encrypt", "wrapKey"]})),
        with(rsa.clone(), &json!({"key_ops": []})),
        with(rsa.clone(), &json!({"key_ops": "verify"})),
        with(rsa.clone(), &json!({"alg": "RSA-OAEP"})),
        with(rsa.clone(), &json!({"alg": "none"})),
        with(rsa.clone(), &json!({"alg": "HS256"})),
        with(rsa.clone(), &json!({"alg": "ES256"})),
        with(rsa.clone(), &json!({"alg": 1})),
        with(rsa.clone(), &json!({"kty": "rsa"})),
        with(rsa.clone(), &json!({"kty": "AKP"})),
        with(rsa.clone(), &json!({"n": "a=="})),
        with(rsa.clone(), &json!({"n": "a b"})),
        with(rsa.clone(), &json!({"n": 17})),
        without(rsa.clone(), "n"),
        without(rsa.clone(), "e"),
        without(rsa.clone(), "kty"),
        with(ec.clone(), &json!({"crv": "P-384"})),
        with(ec.clone(), &json!({"crv": "secp256k1"})),
        with(ec.clone(), &json!({"crv": "P-256K"})),
        with(ec.clone(), &json!({"alg": "ES384"})),
        without(ec.clone(), "y"),
        without(ec, "crv"),
        with(ed.clone(), &json!({"crv": "X25519"})),
        with(ed.clone(), &json!({"crv": "Ed448"})),
        with(ed, &json!({"x": "AAAA"})),
        json!({"kty": "oct", "k": A1_KEY}),
        json!({}),
        json!(null),
        json!("key"),
        json!([]),
    ];
    for key in unusable {
        assert!(set(&json!([key])).is_empty(), "{key}");
        let keys = set(&json!([key, rsa]));
        assert_eq!(keys.len(), 1, "{key}");
        let token = Signer::rsa().token("RS256", &json!({}));
        assert_eq!(refused(&token, &["RS256"], &keys), "accepted", "{key}");
    }
}

/// J7: only the public half of a published private key is kept.
#[test]
fn private_key_members_are_dropped() {
    let key = with(Signer::rsa().jwk(), &json!({"kid": "k", "d": "cHJpdmF0ZQ", "p": "cA"}));
    let keys = set(&json!([key]));
    assert_eq!(keys.len(), 1);
    assert!(!format!("{keys:?}").contains("cHJpdmF0ZQ"));
    let oct = JwkSet::from_value_with_symmetric(&json!({"keys": [{"kty": "oct", "k": A1_KEY}]}));
    assert!(!format!("{oct:?}").contains(A1_KEY));
}

/// J8.
#[test]
fn weak_keys_are_rejected() {
    let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let rsa = |n: &[u8], e: &[u8]| json!({"kty": "RSA", "n": b64(n), "e": b64(e)});
    let n = URL_SAFE_NO_PAD.decode(A2_N).unwrap();
    assert_eq!(set(&json!([rsa(&n, &[1, 0, 1])])).len(), 1);
    assert_eq!(set(&json!([rsa(&n, &[3])])).len(), 1);
    // A leading zero is a common mistake and harmless.
    assert_eq!(set(&json!([rsa(&[&[0], &n[..]].concat(), &[0, 1, 0, 1])])).len(), 1);
    let mut even = n.clone();
    *even.last_mut().unwrap() &= 0xfe;
    let short = |bytes: usize| [&[0xff], &n[n.len() - bytes + 1..]].concat();
    let mut bits_2047 = n.clone();
    bits_2047[0] = 0x7f;
    let weak = [
        rsa(&n, &[1]),
        rsa(&n, &[]),
        rsa(&n, &[0]),
        rsa(&n, &[2]),
        rsa(&n, &[1, 0, 0]),
        rsa(&n, &n),
        rsa(&even, &[3]),
        rsa(&short(64), &[3]),
        rsa(&short(128), &[3]),
        rsa(&short(255), &[3]),
        rsa(&bits_2047, &[3]),
        rsa(&[0xff; 1025], &[3]),
        rsa(&[], &[3]),
    ];
    for key in weak {
        assert!(set(&json!([key])).is_empty(), "{key}");
    }
    let mut off_curve = a3_key();
    off_curve["y"] = a3_key()["x"].clone();
    let zero = b64(&[0; 32]);
    let infinity = json!({"kty": "EC", "crv": "P-256", "x": zero, "y": zero});
    let beyond = json!({"kty": "EC", "crv": "P-256", "x": b64(&[0xff; 32]), "y": b64(&[0xff; 32])});
    let long = with(a3_key(), &json!({"x": b64(&[0; 33])}));
    for key in [off_curve, infinity, beyond, long] {
        assert!(set(&json!([key])).is_empty(), "{key}");
    }
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut signed_one = one;
    signed_one[31] = 0x80;
    // The prime itself is zero in another spelling.
    let mut prime = minus_one;
    prime[0] = 0xed;
    for x in [[0; 32], one, minus_one, signed_one, prime] {
        assert!(set(&json!([{"kty": "OKP", "crv": "Ed25519", "x": b64(&x)}])).is_empty(), "{x:?}");
    }
}

/// J8: an ECDSA signature is two nonzero numbers of the curve's length, not DER.
#[test]
fn malformed_signatures_are_rejected() {
    let keys = set(&json!([a3_key()]));
    let (signed, signature) = A3.rsplit_once('.').unwrap();
    let good = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = good.split_at(32);
    let zero = [0; 32];
    let der = [&[0x30, 70, 2, 33, 0][..], r, &[2, 33, 0], s].concat();
    let odd = [
        [zero, zero].concat(),
        [r, &zero].concat(),
        [&zero, s].concat(),
        [s, r].concat(),
        vec![0xff; 64],
        good[..63].to_vec(),
        [&good[..], &[0]].concat(),
        [&[0], &good[..]].concat(),
        [&zero, &good[..]].concat(),
        der,
        vec![0],
    ];
    for signature in odd {
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature));
        assert_eq!(refused(&token, &["ES256"], &keys), "signature", "{signature:?}");
    }
}

/// J11.
#[test]
fn key_set_without_keys_array_is_an_error() {
    let bad = ["", "{}", "[]", "null", "<html>", r#"{"keys":{}}"#, r#"{"keys":null}"#];
    for text in
        bad.into_iter().chain([r#"{"keys":[]} x"#, r#"{"keys":[],"keys":[]}"#, "\u{feff}{}"])
    {
        assert!(JwkSet::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(set(&json!([])).is_empty());
    let many = vec![a3_key(); 1000];
    assert_eq!(set(&json!(many)).len(), 1000);
}

/// The meaning of padding and of standard base64 is certain (RFC 4648 §4, §5).
#[test]
fn padded_and_standard_base64_are_read() {
    let standard = |name: &str| {
        let mut key = a3_key();
        let text = key[name].as_str().unwrap().replace('-', "+").replace('_', "/");
        key[name] = format!("{text}=").into();
        key
    };
    for name in ["x", "y"] {
        let keys = set(&json!([standard(name)]));
        assert!(keys.skipped().is_empty(), "{name}: {}", keys.why_unusable());
    }
}

#[test]
fn skipped_keys_name_the_reason() {
    let changed = |name: &str, value: &str| {
        let mut key = a3_key();
        key[name] = value.into();
        key
    };
    for (key, reason) in [
        (changed("use", "enc"), "is not for signatures"),
        (changed("alg", "RSA-OAEP"), "is for another algorithm"),
        (changed("kty", "new"), "has an unknown type"),
        (changed("kty", "oct"), "is symmetric"),
        (changed("crv", "secp256k1"), "is on another curve"),
        (changed("x", "§"), "is not base64"),
        (changed("x", "AAAA"), "is malformed"),
        (json!(7), "is not a JSON object"),
    ] {
        let why = set(&json!([key.clone()])).why_unusable();
        assert!(why.contains(reason), "{key}: {why}");
    }
    let many = vec![changed("use", "enc"); 20];
    assert!(set(&json!(many)).why_unusable().ends_with("and 20 in all"));
}
