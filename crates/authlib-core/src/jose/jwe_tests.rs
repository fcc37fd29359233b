use serde_json::{Value, json};

use super::*;
use crate::jose::{DecryptionKey, DecryptionKeys};
use crate::secret::Secret;

/// The examples of RFC 7516 §A whose algorithms are supported.
const RFC_7516: &str = include_str!("tests/rfc7516_jwe.json");

/// The examples of RFC 7520 §5 whose algorithms are supported.
const RFC_7520: &str = include_str!("tests/rfc7520_jwe.json");

fn keys(jwk: &Value) -> DecryptionKeys {
    let key = DecryptionKey::parse(&Secret::new(jwk.to_string())).unwrap();
    DecryptionKeys::new(vec![key], None)
}

fn opened(token: &str, keys: &DecryptionKeys) -> Result<String, JweError> {
    let plaintext = decrypt(token, Accepted::default(), keys)?;
    Ok(String::from_utf8(plaintext).unwrap())
}

#[test]
fn examples_of_the_rfcs_decrypt() {
    for (examples, count) in [(RFC_7516, 2), (RFC_7520, 5)] {
        let examples: Value = serde_json::from_str(examples).unwrap();
        let examples = examples.as_object().unwrap();
        assert_eq!(examples.len(), count);
        for (section, example) in examples {
            let token = example["token"].as_str().unwrap();
            let plaintext = opened(token, &keys(&example["key"])).unwrap();
            assert_eq!(plaintext, example["plaintext"].as_str().unwrap(), "{section}");
        }
    }
}

/// RFC 7516 §A.2 uses `RSA1_5`, which RFC 8725 §3.2 advises against. It is refused by its header, whatever key there is.
#[test]
fn example_with_rsa1_5_is_refused() {
    let token = "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.\
        UGhIOguC7IuEvf_NPVaXsGMoLOmwvc1GyqlIKOK1nN94nHPoltGRhWhw7Zx0-kFm1NJn8LE9XShH59_i8J0PH5ZZ\
        yNfGy2xGdULU7sHNF6Gp2vPLgNZ__deLKxGHZ7PcHALUzoOegEI-8E66jX2E4zyJKx-YxzZIItRzC5hlRirb6Y5C\
        l_p-ko3YvkkysZIFNPccxRU7qve1WYPxqbb2Yw8kZqa2rMWI5ng8OtvzlV7elprCbuPhcCdZ6XDP0_F8rkXds2vE\
        4X-ncOIM8hAYHHi29NX0mcKiRaD0-D-ljQTP-cFPgwCp6X-nZZd9OHBv-B3oWh2TbqmScqXMR4gp_A.\
        AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.9hH0vgRfYgPnAHOd8stkvw";
    let examples: Value = serde_json::from_str(RFC_7516).unwrap();
    let error = opened(token, &keys(&examples["RFC 7516 §A.1"]["key"])).unwrap_err();
    assert!(error.to_string().contains("`alg`"), "{error}");
}

/// A private key of each kind, and its public half as a provider's key.
fn pairs() -> Vec<(DecryptionKeys, EncryptionKey, [EncryptionAlgorithm; 2])> {
    use EncryptionAlgorithm as A;
    let jwks = include_str!("../../tests/client-keys/jwks.json");
    let jwks: Value = serde_json::from_str(jwks).unwrap();
    let pair = |jwk: &Value, algorithms| {
        let mut private = jwk.clone();
        private["use"] = "enc".into();
        private.as_object_mut().unwrap().remove("alg");
        let keys = keys(&private);
        let set = json!({ "keys": keys.public_jwks().collect::<Vec<_>>() }).to_string();
        let public = EncryptionKey::all(set.as_bytes());
        assert_eq!(public.len(), 1, "{set}");
        (keys, public[0].clone(), algorithms)
    };
    // RFC 7748 §6.1.
    let x25519 = json!({"kty": "OKP", "crv": "X25519",
        "d": "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo",
        "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"});
    vec![
        pair(&jwks["rsa"], [A::RsaOaep, A::RsaOaep256]),
        pair(&jwks["p256"], [A::EcdhEs, A::EcdhEsA128Kw]),
        pair(&jwks["p384"], [A::EcdhEs, A::EcdhEsA256Kw]),
        pair(&jwks["p521"], [A::EcdhEs, A::EcdhEsA128Kw]),
        pair(&x25519, [A::EcdhEs, A::EcdhEsA256Kw]),
    ]
}

const CONTENT: [ContentEncryption; 4] = [
    ContentEncryption::A128CbcHs256,
    ContentEncryption::A128Gcm,
    ContentEncryption::A256CbcHs512,
    ContentEncryption::A256Gcm,
];

#[test]
fn encrypted_token_decrypts_with_its_key_only() {
    let pairs = pairs();
    for (index, (own, public, algorithms)) in pairs.iter().enumerate() {
        for (alg, enc) in algorithms.iter().flat_map(|alg| CONTENT.map(|enc| (*alg, enc))) {
            let token = encrypt("a.b.c", alg, enc, public).unwrap();
            assert!(is_jwe(&token));
            assert_eq!(opened(&token, own).unwrap(), "a.b.c", "{alg} {enc}");
            let (others, ..) = &pairs[(index + 1) % pairs.len()];
            assert!(opened(&token, others).is_err(), "{alg} {enc}");
        }
    }
}

/// OpenID Connect Core §10.2.
#[test]
fn client_secret_is_the_key_of_symmetric_algorithms() {
    let keys = DecryptionKeys::new(Vec::new(), Some(Secret::new("a secret")));
    let key = keys.candidates(EncryptionAlgorithm::Dir, None).next().unwrap();
    for (enc, length) in CONTENT.into_iter().zip([32, 16, 64, 32]) {
        let shared = key.shared(length).unwrap();
        let head = URL_SAFE_NO_PAD.encode(json!({"alg": "dir", "enc": enc.name()}).to_string());
        let sealed = enc.content().seal(&shared, head.as_bytes(), b"a.b.c").unwrap();
        let parts = [&Vec::new(), &sealed.iv, &sealed.ciphertext, &sealed.tag];
        let parts = parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        assert_eq!(opened(&format!("{head}.{parts}"), &keys).unwrap(), "a.b.c", "{enc}");
    }
}

/// Every failure of decryption is the same error.
#[test]
fn changed_tokens_fail_alike() {
    for (keys, public, [alg, _]) in pairs() {
        for enc in CONTENT {
            let token = encrypt("a.b.c", alg, enc, &public).unwrap();
            let parts: Vec<_> = token.split('.').collect();
            for index in 1..5 {
                for part in [String::new(), "AAAA".to_owned(), flipped(parts[index])] {
                    if part == parts[index] {
                        continue;
                    }
                    let mut changed = parts.clone();
                    changed[index] = &part;
                    let error = opened(&changed.join("."), &keys).unwrap_err();
                    assert_eq!(error, JweError::Decryption, "{alg} {enc} part {index}");
                }
            }
        }
    }
}

fn flipped(part: &str) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
    if let Some(byte) = bytes.first_mut() {
        *byte ^= 1;
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Refused before any cryptography (RFC 8725 §3.2, §3.6).
#[test]
fn unsafe_headers_and_sizes_are_refused() {
    let (keys, public, _) = pairs().remove(0);
    let good =
        encrypt("a.b.c", EncryptionAlgorithm::RsaOaep256, ContentEncryption::A128Gcm, &public);
    let good = good.unwrap();
    let (_, rest) = good.split_once('.').unwrap();
    let check = |changes: &Value| {
        let mut header = json!({"alg": "RSA-OAEP-256", "enc": "A128GCM"});
        for (name, value) in changes.as_object().unwrap() {
            header[name] = value.clone();
        }
        let token = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()));
        opened(&token, &keys).unwrap_err().to_string()
    };
    for (changes, says) in [
        (json!({"alg": "RSA1_5"}), "`alg`"),
        (json!({"alg": "none"}), "`alg`"),
        (json!({"alg": "PBES2-HS256+A128KW", "p2c": 1_000_000_000}), "`p2c`"),
        (json!({"alg": "ECDH-ES"}), "`alg`"),
        (json!({"alg": "dir"}), "`alg`"),
        (json!({"enc": "A192GCM"}), "`enc`"),
        (json!({"enc": 1}), "`enc`"),
        (json!({"zip": "DEF"}), "`zip`"),
        (json!({"crit": ["exp"]}), "`crit`"),
        (json!({}), "can't be decrypted"),
    ] {
        assert!(check(&changes).contains(says), "{changes}: {}", check(&changes));
    }
    for (token, says) in [
        (good.replacen('.', "", 1), "five parts"),
        (format!("{good}.x"), "five parts"),
        (format!("{}.{rest}", "A".repeat(17_000)), "the header is longer"),
        (format!("e30.{}.A.A.A", "A".repeat(3_000)), "the encrypted key is longer"),
        (format!("e30..A.{}.A", "A".repeat(200_000)), "the token is longer"),
        (format!("e30.{rest}"), "`alg`"),
    ] {
        let error = opened(&token, &keys).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let other = Accepted { alg: Some(EncryptionAlgorithm::RsaOaep), enc: None };
    assert!(decrypt(&good, other, &keys).unwrap_err().to_string().contains("`alg`"));
    let other = Accepted { alg: None, enc: Some(ContentEncryption::A256Gcm) };
    assert!(decrypt(&good, other, &keys).unwrap_err().to_string().contains("`enc`"));
}

/// Keys are rotated: the token says which one, or all are tried.
#[test]
fn key_is_found_by_kid_or_tried() {
    let key = |kid: &str, k: u8| {
        let jwk = json!({"kty": "oct", "kid": kid, "k": URL_SAFE_NO_PAD.encode([k; 16])});
        DecryptionKey::parse(&Secret::new(jwk.to_string())).unwrap()
    };
    let keys = DecryptionKeys::new(vec![key("old", 1), key("new", 2)], None);
    let token = |kid: Option<&str>| {
        let header = json!({"alg": "dir", "enc": "A128GCM", "kid": kid});
        let head = URL_SAFE_NO_PAD.encode(header.to_string());
        let sealed = ContentEncryption::A128Gcm.content().seal(&[2; 16], head.as_bytes(), b"x");
        let sealed = sealed.unwrap();
        let parts = [&Vec::new(), &sealed.iv, &sealed.ciphertext, &sealed.tag];
        format!("{head}.{}", parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join("."))
    };
    for kid in [Some("new"), None, Some("unknown")] {
        assert_eq!(opened(&token(kid), &keys).unwrap(), "x", "{kid:?}");
    }
    assert_eq!(opened(&token(Some("old")), &keys).unwrap_err(), JweError::Decryption);
}
