use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::jws::{JwsError, half_hash, verify};
use super::jwt::{ClaimError, Claims, check_times};
use super::{Algorithm, JwkSet, json};
use crate::crypto::signing::Signer;
use crate::numeric_date::from_unix_seconds;
use crate::secret::Secret;

const CLAIMS: &str = r#"{"sub":"alice"}"#;

fn set(keys: &Value) -> JwkSet {
    JwkSet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

fn with(mut jwk: Value, more: &Value) -> Value {
    let members = jwk.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    jwk
}

fn named(name: &str) -> Algorithm {
    Algorithm::from_name(name).unwrap()
}

fn b64(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// How a token is refused, in a word.
#[track_caller]
fn refused(token: &str, allowed: &[&str], keys: &JwkSet) -> &'static str {
    let allowed: Vec<_> = allowed.iter().map(|name| named(name)).collect();
    match verify(token, &allowed, keys) {
        Ok(_) => "accepted",
        Err(JwsError::Algorithm { .. }) => "algorithm",
        Err(JwsError::BadSignature) => "signature",
        Err(JwsError::Base64(part)) => part,
        Err(JwsError::Critical(_)) => "critical",
        Err(JwsError::Header(_)) => "json",
        Err(JwsError::Member(name)) => name,
        Err(JwsError::Parts) => "parts",
        Err(JwsError::TooLong(..)) => "long",
        Err(JwsError::UnknownKey { .. }) => "key",
    }
}

// RFC 7515 appendix A, RFC 8037 appendix A.4.

const A1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const A1_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const A2: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A2_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const A3: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const A4: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
const ED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn a3_key() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
}

#[test]
fn the_vectors_of_the_rfcs_verify_and_their_neighbours_do_not() {
    #[track_caller]
    fn check(alg: &str, token: &str, keys: &JwkSet) {
        let payload = verify(token, &[named(alg)], keys).unwrap().payload;
        assert_eq!(payload, URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        let wrong = format!("{signed}.{flipped}{}", &signature[1..]);
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
fn every_algorithm_verifies_what_it_signed_and_nothing_else_does() {
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

/// J1: no spelling of `none` is an algorithm, and no signature is no signature.
#[test]
fn j1_unsigned_tokens_are_refused() {
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

/// J2: a public key, in any text of it, is no secret for HMAC, even where HMAC is allowed.
#[test]
fn j2_a_token_signed_by_hmac_with_the_public_key_is_refused() {
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
    // And the secret is no public key.
    let secret = JwkSet::of_secret(&Secret::new("client secret"));
    let token = rsa.token("RS256", &json!({}));
    assert_eq!(refused(&token, &["RS256", "HS256"], &secret), "key");
}

/// J2: who publishes a symmetric key has published how to sign.
#[test]
fn j2_symmetric_keys_count_only_where_they_are_registered() {
    let key = Signer::Hmac(b"published".to_vec());
    let keys = json!([with(key.jwk(), &json!({"kid": "k"}))]);
    let token = key.token("HS256", &json!({}));
    assert!(set(&keys).is_empty());
    assert_eq!(refused(&token, &["HS256"], &set(&keys)), "key");
    let own = JwkSet::from_value_with_symmetric(&json!({"keys": keys})).unwrap();
    assert_eq!(refused(&token, &["HS256"], &own), "accepted");
    assert_eq!(refused(&token, &["RS256"], &own), "algorithm");
}

/// J3: the token does not choose.
#[test]
fn j3_only_the_pinned_algorithm_counts() {
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
fn j4_keys_inside_the_token_are_ignored() {
    let (ours, theirs) = (Signer::rsa(), Signer::new("RS256"));
    let keys = set(&json!([ours.jwk()]));
    let embedded = json!({"alg": "RS256", "jwk": theirs.jwk(), "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/cert", "x5c": ["AAAA"], "x": {"y": [null]}});
    let token = theirs.token_of(&embedded.to_string(), CLAIMS);
    assert_eq!(refused(&token, &["RS256"], &keys), "signature");
    // Ignored is not refused: RFC 7515 §4.
    let token = ours.token_of(&embedded.to_string(), CLAIMS);
    assert_eq!(refused(&token, &["RS256"], &keys), "accepted");
}

/// J5: nothing that demands an extension passes.
#[test]
fn j5_critical_extensions_are_refused() {
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

/// J6: a `kid` is a name to compare, and its absence skips nothing.
#[test]
fn j6_a_kid_chooses_among_the_keys_and_nothing_more() {
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

/// J6: a set of many keys is not tried to its end.
#[test]
fn j6_the_tries_are_bounded_and_a_named_key_is_found_behind_unnamed_ones() {
    let (a, b) = (Signer::rsa(), Signer::new("RS256"));
    let mut keys = vec![b.jwk(); 20];
    keys.push(with(a.jwk(), &json!({"kid": "k"})));
    let keys = set(&json!(keys));
    let unnamed = a.token_of(r#"{"alg":"RS256"}"#, CLAIMS);
    assert_eq!(refused(&unnamed, &["RS256"], &keys), "signature");
    assert_eq!(refused(&a.token("RS256", &json!({})), &["RS256"], &keys), "accepted");
}

#[test]
fn an_unknown_kid_is_quoted_and_clipped_in_the_error() {
    let kid = format!("a\nERROR forged {}", "x".repeat(5000));
    let header = json!({"alg": "RS256", "kid": kid}).to_string();
    let error =
        verify(&Signer::rsa().token_of(&header, CLAIMS), &[Algorithm::Rs256], &set(&json!([])));
    let error = error.unwrap_err();
    assert!(error.is_unknown_key() && !error.is_bad_signature());
    let text = error.to_string();
    assert!(!text.contains('\n') && text.len() < 200, "{text}");
}

/// J7: what is no key for signatures is no key, and does not spoil its neighbours (H12).
#[test]
fn j7_unusable_keys_are_skipped_one_by_one() {
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

/// J7: of a private key that was published by mistake, the public half counts and nothing is kept.
#[test]
fn j7_private_members_are_not_kept() {
    let key = with(Signer::rsa().jwk(), &json!({"kid": "k", "d": "cHJpdmF0ZQ", "p": "cA"}));
    let keys = set(&json!([key]));
    assert_eq!(keys.len(), 1);
    assert!(!format!("{keys:?}").contains("cHJpdmF0ZQ"));
    let oct = JwkSet::from_value_with_symmetric(&json!({"keys": [{"kty": "oct", "k": A1_KEY}]}));
    assert!(!format!("{oct:?}").contains(A1_KEY));
}

/// J8: keys that make forging easy are no keys.
#[test]
fn j8_weak_keys_are_refused() {
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

/// J8: ECDSA takes two numbers of the curve's length, neither of them zero, and no DER.
#[test]
fn j8_odd_signatures_are_wrong() {
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

/// J11: what is no set of keys is an error, so that the old keys stay.
#[test]
fn j11_a_set_without_a_list_of_keys_is_an_error() {
    let bad = ["", "{}", "[]", "null", "<html>", r#"{"keys":{}}"#, r#"{"keys":null}"#];
    for text in
        bad.into_iter().chain([r#"{"keys":[]} x"#, r#"{"keys":[],"keys":[]}"#, "\u{feff}{}"])
    {
        assert!(JwkSet::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(set(&json!([])).is_empty());
    let many = vec![a3_key(); 1000];
    assert_eq!(set(&json!(many)).len(), 100);
}

/// J25: no member twice, at any depth, in either order.
#[test]
fn j25_j26_json_is_read_strictly() {
    let refused = [
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"sub":"b","sub":"a"}"#,
        r#"{"sub":"a","sub":"a"}"#,
        r#"{"sub":"a","\u0073ub":"b"}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"a":[{"b":[{"c":1,"c":2}]}]}"#,
        "",
        "[]",
        "null",
        "1",
        r#""{}""#,
        "{} ",
        "{}{}",
        "{},",
        "{}\0",
        r#"{"a":1,}"#,
        r#"{'a':1}"#,
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":1e999}"#,
        r#"{"a":01}"#,
        r#"{"a":"\ud800"}"#,
        "{\"a\":\"\n\"}",
        "\u{feff}{}",
    ];
    for text in refused {
        // White space behind the object is JSON; anything else there is not.
        assert_eq!(json::object(text.as_bytes()).is_err(), text != "{} ", "{text}");
        let token = Signer::rsa().token_of(r#"{"alg":"RS256"}"#, text);
        let jws = verify(&token, &[Algorithm::Rs256], &set(&json!([Signer::rsa().jwk()]))).unwrap();
        assert_eq!(Claims::parse(&jws.payload).is_err(), text != "{} ", "{text}");
    }
    assert!(json::object(b"{\"a\":\"\xff\"}").is_err());
    assert!(json::object(b"{\"a\xff\":1}").is_err());
    let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(json::object(nested(31).as_bytes()).is_ok());
    assert!(json::object(nested(32).as_bytes()).is_err());
    assert!(json::object(nested(60_000).as_bytes()).is_err());
    let good =
        r#"{"a":[1,-1,1.5,1e300,18446744073709551615],"b":{"c":null,"d":true},"e":"\u00e4"}"#;
    let read = json::object(good.as_bytes()).unwrap();
    assert_eq!(Value::Object(read), serde_json::from_str::<Value>(good).unwrap());
}

#[test]
fn j25_a_header_with_a_member_twice_is_refused() {
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
fn j26_j27_only_the_compact_form_is_read() {
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

/// OpenID Connect Core appendix A.3 and A.4.
#[test]
fn half_hashes_are_those_of_the_specification() {
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
fn algorithms_have_distinct_names_that_lead_back_to_them() {
    let names: HashSet<_> = Algorithm::all().map(Algorithm::name).collect();
    assert_eq!(names.len(), 14);
    for alg in Algorithm::all() {
        assert_eq!(Algorithm::from_name(alg.name()), Some(alg));
        assert_eq!(alg.is_symmetric(), alg.name().starts_with("HS"));
    }
}

/// J12: a claim of the wrong type is refused; it is never taken for absent.
#[test]
fn j12_a_claim_of_the_wrong_type_is_an_error() {
    let claims = |value: &Value| {
        Claims::parse(json!({"c": value, "aud": value}).to_string().as_bytes()).unwrap()
    };
    for value in [
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!("1"),
        json!("NaN"),
        json!(-1),
        json!(-0.5),
        json!([1]),
    ] {
        assert!(matches!(claims(&value).time("c"), Err(ClaimError::Type("c"))), "{value}");
        assert!(matches!(claims(&value).required_time("c"), Err(ClaimError::Type("c"))), "{value}");
    }
    for value in [json!(null), json!(true), json!(1), json!([]), json!(["a"]), json!({"a": "b"})] {
        assert!(matches!(claims(&value).text("c"), Err(ClaimError::Type("c"))), "{value}");
        assert!(matches!(claims(&value).required_text("c"), Err(ClaimError::Type("c"))), "{value}");
    }
    for value in [
        json!(null),
        json!(1),
        json!({}),
        json!(false),
        json!(["a", 1]),
        json!([null]),
        json!([["a"]]),
    ] {
        assert!(matches!(claims(&value).audience(), Err(ClaimError::Type("aud"))), "{value}");
    }
    let none = Claims::parse(b"{}").unwrap();
    assert!(matches!(none.text("c"), Ok(None)) && matches!(none.time("c"), Ok(None)));
    assert!(matches!(none.required_text("c"), Err(ClaimError::Missing("c"))));
    assert!(matches!(none.required_time("c"), Err(ClaimError::Missing("c"))));
    assert!(matches!(none.audience(), Err(ClaimError::Missing("aud"))));
    assert!(matches!(claims(&json!("")).required_text("c"), Err(ClaimError::Missing("c"))));
    assert_eq!(claims(&json!("a")).audience().unwrap(), ["a"]);
    assert_eq!(claims(&json!(["a", "b"])).audience().unwrap(), ["a", "b"]);
}

#[test]
fn numeric_dates_may_be_fractions_and_huge() {
    let end = from_unix_seconds(u64::MAX);
    for (value, expected) in [
        (json!(0), from_unix_seconds(0)),
        (json!(1_300_819_380), from_unix_seconds(1_300_819_380)),
        (json!(1_300_819_380.9), from_unix_seconds(1_300_819_380)),
        (json!(1e9), from_unix_seconds(1_000_000_000)),
        (json!(u64::MAX), end),
        (json!(1e300), end),
        (json!(f64::MAX), end),
    ] {
        let claims = Claims::parse(json!({"exp": value}).to_string().as_bytes()).unwrap();
        assert_eq!(claims.required_time("exp").unwrap(), expected, "{value}");
        let checked = check_times(&claims, from_unix_seconds(2), Duration::ZERO);
        assert_eq!(checked.is_ok(), value != json!(0), "{value}");
    }
}

/// J16: to the second.
#[test]
fn j16_times_hold_to_the_leeway_and_not_a_second_longer() {
    const NOW: u64 = 1_000_000;
    let check = |name: &str, time: u64| {
        let claims = Claims::parse(json!({name: time}).to_string().as_bytes()).unwrap();
        check_times(&claims, from_unix_seconds(NOW), Duration::from_secs(60))
    };
    assert!(check("exp", NOW - 59).is_ok());
    assert!(matches!(check("exp", NOW - 60), Err(ClaimError::Expired)));
    for name in ["nbf", "iat"] {
        assert!(check(name, NOW + 60).is_ok());
        let error = check(name, NOW + 61).unwrap_err();
        assert!(matches!(error, ClaimError::Early(early) if early == name));
    }
    for name in ["exp", "nbf", "iat"] {
        let claims = Claims::parse(json!({name: "1"}).to_string().as_bytes()).unwrap();
        let error = check_times(&claims, SystemTime::UNIX_EPOCH, Duration::ZERO).unwrap_err();
        assert!(matches!(error, ClaimError::Type(wrong) if wrong == name));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = JwkSet::parse(&bytes);
        let _ = Claims::parse(&bytes);
        let _ = json::object(&bytes);
    }

    #[test]
    fn no_text_verifies(token in "\\PC{0,200}|[A-Za-z0-9_=.-]{0,300}") {
        let keys = set(&json!([a3_key()]));
        let all: Vec<_> = Algorithm::all().collect();
        prop_assert!(verify(&token, &all, &keys).is_err());
        let _ = super::jws::peek_kid(&token);
    }

    #[test]
    fn no_change_of_a_token_verifies(at in 0..A3.len(), letter in "[A-Za-z0-9_.=-]") {
        let mut token = A3.to_owned();
        token.replace_range(at..=at, &letter);
        let verified = verify(&token, &[Algorithm::Es256], &set(&json!([a3_key()])));
        prop_assert_eq!(verified.is_ok(), token == A3);
    }

    #[test]
    fn no_members_of_a_key_make_the_set_panic(
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
    fn no_json_claim_makes_a_getter_panic(number in any::<f64>(), text in ".{0,20}", now in any::<u32>()) {
        for value in [json!(number), json!(text), json!([text])] {
            let object = json!({"exp": value, "nbf": value, "aud": value});
            let claims = Claims::parse(object.to_string().as_bytes()).unwrap();
            let _ = (claims.time("exp"), claims.text("exp"), claims.audience());
            let _ = check_times(&claims, from_unix_seconds(now.into()), Duration::from_secs(60));
        }
    }
}
