//! The examples of RFC 9449, and the rules of proofs.

use serde_json::json;

use super::*;
use crate::message::test_response;
use crate::numeric_date::from_unix_seconds;

/// The key of the examples (RFC 9449 §4.1).
fn example_jwk() -> Map<String, Value> {
    let jwk = json!({
        "kty": "EC",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        "crv": "P-256",
        "kid": "left out",
        "use": "sig",
    });
    jwk.as_object().cloned().unwrap()
}

/// RFC 9449 §6.1: `jkt` of the example.
#[test]
fn thumbprint_is_that_of_the_rfc() {
    assert_eq!(thumbprint(&example_jwk()), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

/// RFC 9449 §4.1 and §7.1: the proofs of the examples, without their signatures.
#[test]
fn claims_are_those_of_the_rfc() {
    let url = |text: &str| Url::parse(text).unwrap();
    let token_endpoint = url("https://server.example.com/token?a=b#c");
    let proof = Proof {
        method: "POST",
        url: &token_endpoint,
        jti: &Secret::new("-BwC3ESc6acc2lTc"),
        now: from_unix_seconds(1_562_262_616),
        access_token: None,
        nonce: None,
    };
    let (header, claims) = proof.unsigned(Algorithm::Es256, &example_jwk());
    assert_eq!(header.typ.as_deref(), Some("dpop+jwt"));
    assert_eq!(header.others["jwk"].as_object().unwrap().len(), 4);
    let expected = json!({"jti": "-BwC3ESc6acc2lTc", "htm": "POST",
        "htu": "https://server.example.com/token", "iat": 1_562_262_616});
    assert_eq!(serde_json::from_str::<Value>(&claims).unwrap(), expected);

    let resource = url("https://resource.example.org/protectedresource");
    let access_token = Secret::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
    let proof = Proof {
        method: "GET",
        url: &resource,
        jti: &Secret::new("e1j3V_bKic8-LAEB"),
        now: from_unix_seconds(1_562_262_618),
        access_token: Some(&access_token),
        nonce: Some("eyJ7S_zG.eyJH0-Z.HX4w-7v"),
    };
    let (_, claims) = proof.unsigned(Algorithm::Es256, &example_jwk());
    let expected = json!({"jti": "e1j3V_bKic8-LAEB", "htm": "GET",
        "htu": "https://resource.example.org/protectedresource", "iat": 1_562_262_618,
        "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo",
        "nonce": "eyJ7S_zG.eyJH0-Z.HX4w-7v"});
    assert_eq!(serde_json::from_str::<Value>(&claims).unwrap(), expected);
}

#[test]
fn generated_key_signs_and_survives_storage() {
    for (alg, kty) in [(Algorithm::Es256, "EC"), (Algorithm::EdDsa, "OKP")] {
        let key = DpopKey::generate(alg, &[7; 32]).unwrap();
        let jwk = key.signing_key().unwrap().public_jwk(None).unwrap();
        assert_eq!(jwk["kty"], kty);
        let stored = DpopKey::of_text(key.text().clone());
        assert_eq!(stored.signing_key().unwrap().public_jwk(None).unwrap(), jwk);
        assert!(key.signing_key().unwrap().sign(alg, b"x").is_ok());
        assert!(!format!("{key:?}").contains(key.text().expose()));
    }
    assert!(DpopKey::generate(Algorithm::Es256, &[0; 32]).is_err(), "zero is no key");
    assert!(DpopKey::of_text(Secret::new("AA")).signing_key().is_err());
}

/// RFC 9449 §8 and §9; the scheme in any letter case (RFC 9110 §11.1).
#[test]
fn nonce_request_is_recognised() {
    let body = r#"{"error":"use_dpop_nonce"}"#;
    assert!(is_nonce_request(&test_response(400, "application/json", body)));
    assert!(is_nonce_request(&test_response(401, "application/json", body)));
    assert!(!is_nonce_request(&test_response(200, "application/json", body)));
    let other = r#"{"error":"invalid_dpop_proof"}"#;
    assert!(!is_nonce_request(&test_response(400, "application/json", other)));
    for (challenge, expected) in [
        (r#"DPoP error="use_dpop_nonce", error_description="x""#, true),
        (r#"dpop error="use_dpop_nonce""#, true),
        (r#"dPOP error=use_dpop_nonce"#, true),
        (r#"Bearer error="use_dpop_nonce""#, false),
        (r#"DPoP error="invalid_token""#, false),
        ("DPoP", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("www-authenticate", challenge.parse().unwrap());
        assert_eq!(is_nonce_challenge(StatusCode::UNAUTHORIZED, &headers), expected, "{challenge}");
        assert!(!is_nonce_challenge(StatusCode::BAD_REQUEST, &headers), "{challenge}");
    }
}

#[test]
fn long_or_empty_nonce_is_ignored() {
    let with = |text: String| {
        let mut headers = HeaderMap::new();
        headers.insert("dpop-nonce", text.parse().unwrap());
        nonce_of(&headers)
    };
    assert_eq!(with("n".into()).as_deref(), Some("n"));
    assert!(with(String::new()).is_none() && with("n".repeat(MAX_NONCE + 1)).is_none());
}

#[test]
fn proof_algorithm_is_configured_one_or_first_supported_by_both() {
    use Algorithm::{Es256, Hs256, Ps256, Rs256};
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let rsa = [Hs256, Rs256, Ps256];
    assert_eq!(proof_algorithm(None, &rsa, None).unwrap(), Rs256);
    assert_eq!(proof_algorithm(None, &rsa, Some(&names(&["ES256", "PS256"]))).unwrap(), Ps256);
    assert_eq!(proof_algorithm(Some(Ps256), &rsa, Some(&[])).unwrap(), Ps256);
    let error = proof_algorithm(None, &[Es256], Some(&names(&["PS256"]))).unwrap_err();
    assert!(error.to_string().contains("(PS256)"), "{error}");
    assert!(proof_algorithm(None, &[Hs256], None).is_err());
}
