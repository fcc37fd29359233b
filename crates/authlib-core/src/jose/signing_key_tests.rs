use proptest::prelude::*;
use serde_json::json;

use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::jose::JwkSet;
use crate::jose::jws::{self, Header};

const JWKS: &str = include_str!("../../tests/client-keys/jwks.json");
const PEM: [(&str, &str, &[&str]); 9] = [
    ("rsa", include_str!("../../tests/client-keys/rsa.pem"), RSA),
    ("rsa", include_str!("../../tests/client-keys/rsa.pkcs1.pem"), RSA),
    ("p256", include_str!("../../tests/client-keys/p256.pem"), &["ES256"]),
    ("p256", include_str!("../../tests/client-keys/p256.sec1.pem"), &["ES256"]),
    ("p384", include_str!("../../tests/client-keys/p384.pem"), &["ES384"]),
    ("p384", include_str!("../../tests/client-keys/p384.sec1.pem"), &["ES384"]),
    ("p521", include_str!("../../tests/client-keys/p521.pem"), &["ES512"]),
    ("p521", include_str!("../../tests/client-keys/p521.sec1.pem"), &["ES512"]),
    ("ed25519", include_str!("../../tests/client-keys/ed25519.pem"), &["EdDSA", "Ed25519"]),
];
const RSA: &[&str] = &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

fn parse(text: &str) -> Result<SigningKey, SigningKeyError> {
    SigningKey::parse(&Secret::new(text))
}

fn private_jwk(name: &str) -> Value {
    serde_json::from_str::<Value>(JWKS).unwrap()[name].clone()
}

fn public_set(name: &str) -> JwkSet {
    let mut jwk = private_jwk(name);
    jwk.as_object_mut().unwrap().remove("d");
    JwkSet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap()
}

/// The key signs by `algorithms` and no others, and the verifying half of this crate agrees.
#[track_caller]
fn check(key: &SigningKey, algorithms: &[&str], keys: &JwkSet) {
    let names: Vec<_> = key.algorithms().map(Algorithm::name).collect();
    assert_eq!(names, algorithms);
    for alg in Algorithm::all() {
        let header = Header {
            alg,
            kid: key.kid().map(ToOwned::to_owned),
            typ: None,
            x5t_s256: None,
            others: Map::new(),
        };
        let signed = jws::sign(&header, b"{}", key);
        assert_eq!(signed.is_ok(), algorithms.contains(&alg.name()), "{alg}");
        if let Ok(signed) = signed {
            assert_eq!(jws::verify(&signed, &[alg], keys).unwrap().payload, b"{}", "{alg}");
        }
    }
}

#[test]
fn every_private_key_format_signs_verifiably() {
    for (name, pem, algorithms) in PEM {
        let keys = public_set(name);
        check(&parse(pem).unwrap(), algorithms, &keys);
        check(&parse(&pem.replace('\n', "\\n")).unwrap(), algorithms, &keys);
        check(&parse(&pem.replace('\n', "\r\n")).unwrap(), algorithms, &keys);
        let key = parse(&private_jwk(name).to_string()).unwrap();
        assert_eq!(key.kid(), Some("of-the-jwk"));
        check(&key, algorithms, &keys);
    }
    let secret = Secret::new("hush");
    let key = SigningKey::of_secret(secret.clone());
    check(&key, &["HS256", "HS384", "HS512"], &JwkSet::of_secret(&secret));
}

/// RFC 7518 §6: the public half verifies, and holds no private member.
#[test]
fn public_jwk_verifies_and_has_public_members_only() {
    let jwks = serde_json::from_str::<Value>(JWKS).unwrap();
    let sources = PEM.iter().map(|(name, pem, algorithms)| (*name, (*pem).to_owned(), *algorithms));
    let texts =
        PEM.iter().map(|(name, _, algorithms)| (*name, jwks[name].to_string(), *algorithms));
    for (name, text, algorithms) in sources.chain(texts) {
        let key = parse(&text).unwrap();
        let public = key.public_jwk(Some("mine")).unwrap();
        let allowed = ["kty", "crv", "x", "y", "n", "e", "use", "kid", "alg"];
        assert!(public.keys().all(|member| allowed.contains(&member.as_str())), "{name}");
        for number in ["kty", "crv", "x", "y", "n", "e"] {
            assert_eq!(public.get(number), jwks[name].get(number), "{name} {number}");
        }
        assert_eq!((&public["kid"], &public["use"]), (&json!("mine"), &json!("sig")));
        let own = key.public_jwk(None).unwrap();
        assert_eq!(own.get("kid").and_then(Value::as_str), key.kid(), "{name}");
        let set = JwkSet::parse(json!({"keys": [own]}).to_string().as_bytes()).unwrap();
        check(&key, algorithms, &set);
    }
    assert!(SigningKey::of_secret(Secret::new("hush")).public_jwk(None).is_none());
    let mut jwk = private_jwk("rsa");
    jwk["alg"] = "PS384".into();
    assert_eq!(parse(&jwk.to_string()).unwrap().public_jwk(None).unwrap()["alg"], "PS384");
}

#[test]
fn jwk_alg_is_the_only_algorithm() {
    let mut jwk = private_jwk("rsa");
    jwk["alg"] = "PS384".into();
    check(&parse(&jwk.to_string()).unwrap(), &["PS384"], &public_set("rsa"));
}

#[test]
fn invalid_private_keys_are_rejected_with_reason() {
    use SigningKeyError::{Encrypted, Format, Key, Primes, Public, Set, Symmetric, Use};
    let jwk = |name: &str, changes: Value| {
        let mut jwk = private_jwk(name);
        for (member, value) in changes.as_object().unwrap() {
            if value.is_null() {
                jwk.as_object_mut().unwrap().remove(member);
            } else {
                jwk[member] = value.clone();
            }
        }
        jwk.to_string()
    };
    let other = URL_SAFE_NO_PAD.encode([7; 32]);
    let (rsa, p256, ed) = ("rsa", "p256", "ed25519");
    let table = [
        (String::new(), Format),
        ("hush".to_owned(), Format),
        ("{".to_owned(), Format),
        ("-----BEGIN PRIVATE KEY-----".to_owned(), Format),
        ("-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----".to_owned(), Format),
        ("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----".to_owned(), Format),
        ("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----".to_owned(), Key),
        (include_str!("../../tests/client-keys/encrypted.pem").to_owned(), Encrypted),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n\
             -----END RSA PRIVATE KEY-----"
                .to_owned(),
            Encrypted,
        ),
        (json!({"keys": [private_jwk(rsa)]}).to_string(), Set),
        (json!({"kty": "oct", "k": "AAAA"}).to_string(), Symmetric),
        (jwk(rsa, json!({"d": null})), Public),
        (jwk(p256, json!({"d": null})), Public),
        (jwk(rsa, json!({"p": null})), Primes),
        (jwk(rsa, json!({"n": "AQAB"})), Key),
        (jwk(rsa, json!({"d": "AQAB"})), Key),
        (jwk(p256, json!({"d": other})), Key),
        (jwk(p256, json!({"d": "AQAB"})), Key),
        (jwk(p256, json!({"crv": "P-384"})), Key),
        (jwk(p256, json!({"crv": "secp256k1"})), Key),
        (jwk(p256, json!({"x": 1})), Key),
        (jwk(ed, json!({"d": other})), Key),
        (jwk(ed, json!({"d": "AQAB"})), Key),
        (jwk(ed, json!({"crv": "Ed448"})), Key),
        (jwk(ed, json!({"use": "enc"})), Use),
        (jwk(ed, json!({"key_ops": ["verify"]})), Use),
        (jwk(rsa, json!({"alg": "ES256"})), Use),
        (jwk(rsa, json!({"alg": "RSA-OAEP"})), Use),
        (jwk(p256, json!({"alg": "none"})), Use),
        (jwk(p256, json!({"alg": "HS256"})), Use),
    ];
    for (text, reason) in table {
        assert_eq!(parse(&text).unwrap_err(), reason, "{text}");
    }
}

#[test]
fn debug_shows_no_key() {
    let (_, pem, _) = PEM[0];
    let shown = format!("{:?} {:?}", parse(pem), SigningKey::of_secret(Secret::new("hush")));
    assert!(!shown.contains("hush") && shown.len() < 100, "{shown}");
}

fn der(pem: &str) -> Vec<u8> {
    pem::decode(pem, pem::PRIVATE_KEY).unwrap().to_vec()
}

fn wrapped(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", STANDARD.encode(der))
}

proptest! {
    #[test]
    fn key_parser_never_panics(text in "\\PC{0,200}|(-----|BEGIN |END |PRIVATE KEY|A|\\{|\"){0,20}") {
        let _ = parse(&text);
    }

    /// Neither reading a spoilt key nor signing with one that passed for right panics.
    #[test]
    fn changed_key_never_panics(form in 0..PEM.len(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut der = der(PEM[form].1);
        let at = at.index(der.len());
        der[at] = byte;
        if let Ok(key) = parse(&wrapped(&der)) {
            for alg in Algorithm::all() {
                let _ = key.sign(alg, b"message");
            }
        }
        let _ = parse(&wrapped(&der[..at]));
    }

    #[test]
    fn jwk_numbers_never_panic(
        kty in "RSA|EC|OKP",
        crv in "P-256|P-384|P-521|Ed25519",
        d in prop::collection::vec(any::<u8>(), 0..70),
        n in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let (d, n) = (URL_SAFE_NO_PAD.encode(d), URL_SAFE_NO_PAD.encode(n));
        let key = json!({"kty": kty, "crv": crv, "d": d, "x": d, "y": d, "n": n, "e": "AQAB",
            "p": d, "q": d, "dp": d, "dq": d, "qi": d});
        let _ = parse(&key.to_string());
    }
}
