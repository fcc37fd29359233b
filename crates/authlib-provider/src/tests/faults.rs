//! Each fault changes what its name says: every check fails without the fault.

use serde_json::{Value, json};

use super::flow::{ISSUER, Login, approved, builder, code, param, provider, query, redeem};
use crate::Fault;

const NOW: u64 = 1_700_000_000;

#[track_caller]
fn check(fault: Fault, changed: impl Fn(&Login) -> bool) {
    let provider = provider();
    let name = format!("{fault:?}");
    assert!(!changed(&Login::at(&provider)), "{name} shows without being asked for");
    provider.inject(fault);
    let login = Login::at(&provider);
    assert!(changed(&login), "{name} doesn't show: {login:#?}");
    provider.clear_faults();
    assert!(!changed(&Login::at(&provider)), "{name} doesn't end");
}

fn back(login: &Login, name: &str) -> Vec<String> {
    let url = login.back.as_ref().unwrap();
    url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

/// Whether the ID token is signed with HMAC and this secret.
fn hmac_by(login: &Login, secret: &str) -> bool {
    let (message, _) = login.token["id_token"].as_str().unwrap().rsplit_once('.').unwrap();
    let key = jsonwebtoken::DecodingKey::from_secret(secret.as_bytes());
    let alg = jsonwebtoken::Algorithm::HS256;
    jsonwebtoken::crypto::verify(&login.signature, message.as_bytes(), &key, alg).unwrap()
}

#[test]
fn provider_without_faults_is_correct() {
    for alg in ["RS256", "PS256", "ES256", "ES384", "EdDSA"] {
        let login = Login::at(&builder().signing_alg(alg).build());
        assert!(login.signed, "{alg}");
        assert_eq!(login.header["alg"], alg);
        let announced = login.metadata["id_token_signing_alg_values_supported"].as_array().unwrap();
        assert!(announced.contains(&json!(alg)));
        assert_eq!(login.claims["iss"], ISSUER);
        assert_eq!(login.claims["aud"], "id");
        assert_eq!(login.claims["sub"], "alice");
        assert_eq!(login.claims["nonce"], "n1");
        assert_eq!(login.claims["iat"], NOW);
        assert!(login.claims["exp"].as_u64().unwrap() > NOW);
        assert_eq!(login.userinfo["sub"], "alice");
        assert_eq!(login.refreshed_claims["sub"], "alice");
        assert_eq!(login.refreshed_claims["iss"], ISSUER);
        assert_eq!(back(&login, "iss"), [ISSUER]);
        assert_eq!(back(&login, "state"), ["s1"]);
        assert_eq!(param(login.logout.as_ref().unwrap(), "state").as_deref(), Some("s2"));
    }
}

#[test]
fn token_response_can_be_a_form() {
    let provider = provider();
    provider.inject(Fault::TokenForm);
    provider.inject(Fault::TokenMissing("token_type".to_owned()));
    let answer = redeem(&provider, &format!("{ISSUER}/token"), &code(&provider));
    assert_eq!(answer.headers()["content-type"], "application/x-www-form-urlencoded");
    let fields = crate::request::parse(&super::flow::text(&answer));
    let field = |name: &str| crate::request::field(&fields, name);
    assert_eq!(field("expires_in"), Some("3600"));
    assert_eq!(field("scope"), Some(super::flow::ALL_SCOPES));
    assert_eq!(field("token_type"), None);
    let url = format!("{ISSUER}/api/echo");
    assert_eq!(super::flow::get_as(&provider, &url, field("access_token").unwrap()).status(), 200);
}

#[test]
fn hs256_signs_with_the_clients_secret() {
    let other = crate::TestClient::confidential("first", "another secret");
    let provider = crate::Provider::builder(ISSUER).client(other);
    let client =
        crate::TestClient::confidential("id", "secret").redirect_uri(super::flow::CALLBACK);
    let login = Login::at(&provider.client(client).signing_alg("HS256").build());
    assert_eq!(login.header["alg"], "HS256");
    assert!(login.keys.is_empty());
    assert!(hmac_by(&login, "secret"));
}

#[test]
fn faults_change_the_signature() {
    for spelling in ["none", "nOnE"] {
        check(Fault::Unsigned(spelling.to_owned()), |login| {
            login.header.get("alg") == Some(&json!(spelling)) && login.signature.is_empty()
        });
    }
    check(Fault::BadSignature, |login| !login.signed && !login.signature.is_empty());
    check(Fault::ForeignKey, |login| {
        !login.signed && login.keys.iter().any(|key| key["kid"] == login.header["kid"])
    });
    check(Fault::SignedBy("ES384".to_owned()), |login| login.header["alg"] == "ES384");
    check(Fault::EmbeddedJwk, |login| {
        !login.signed && login.header.get("jwk").is_some_and(|jwk| jwk["x"].is_string())
    });
    check(Fault::HmacWithPublicKey, |login| !login.signed && login.header["alg"] == "HS256");
    check(Fault::header("crit", json!(["x"])), |login| login.header.contains_key("crit"));
    check(Fault::header("kid", "unknown"), |login| {
        login.signed && login.header["kid"] == "unknown"
    });
    check(Fault::header("kid", Value::Null), |login| {
        login.signed && !login.header.contains_key("kid")
    });
}

#[test]
fn foreign_rsa_key_differs_from_the_pool_key() {
    let provider = builder().signing_alg("RS256").build();
    for fault in [Fault::ForeignKey, Fault::EmbeddedJwk, Fault::BadSignature] {
        provider.inject(fault.clone());
        assert!(!Login::at(&provider).signed, "{fault:?}");
        provider.clear_faults();
    }
}

#[test]
fn public_rsa_key_can_be_used_as_hmac_secret() {
    let provider = builder().signing_alg("RS256").build();
    provider.inject(Fault::HmacWithPublicKey);
    let login = Login::at(&provider);
    let pem = provider.0.state().keys[0].public_pem.clone().unwrap();
    assert!(jsonwebtoken::DecodingKey::from_rsa_pem(pem.as_bytes()).is_ok());
    assert!(hmac_by(&login, &pem));
}

#[test]
fn faults_change_the_claims() {
    let values = [
        ("iss", json!("https://attacker.example")),
        ("aud", json!([])),
        ("aud", json!(["id", "another"])),
        ("azp", json!("another")),
        ("sub", json!(4711)),
        ("sub", json!("")),
        ("exp", json!("tomorrow")),
        ("nonce", json!("another")),
        ("at_hash", json!("another")),
    ];
    for (name, value) in values {
        check(Fault::claim(name, value.clone()), |login| {
            login.claims.get(name) == Some(&value) && login.signed
        });
    }
    for name in ["iss", "aud", "sub", "exp", "iat", "nonce", "at_hash", "auth_time"] {
        check(Fault::without_claim(name), |login| !login.claims.contains_key(name) && login.signed);
    }
    check(Fault::ClaimTime("iat".to_owned(), -604_800), |login| {
        login.claims["iat"] == NOW - 604_800
    });
    check(Fault::ClaimTime("nbf".to_owned(), 3600), |login| {
        login.claims.get("nbf") == Some(&json!(NOW + 3600))
    });
    check(Fault::ClaimTwice("sub".to_owned(), json!("mallory")), |login| {
        login.payload.matches("\"sub\":").count() == 2
    });
    check(Fault::NoIdToken, |login| login.token.get("id_token").is_none());
    check(Fault::RefreshedClaim("sub".to_owned(), json!("mallory")), |login| {
        login.refreshed_claims["sub"] == "mallory" && login.claims["sub"] == "alice"
    });
}

#[test]
fn faults_change_the_key_set() {
    check(Fault::JwksWithoutKid, |login| {
        login.signed && login.keys.iter().all(|key| key.get("kid").is_none())
    });
    check(Fault::JwksExotic, |login| {
        login.signed && login.keys.iter().any(|key| key["kty"] == "AKP")
    });
    // Each login adds a key that stays: the key set is compared within one login.
    let provider = provider();
    assert_eq!(Login::at(&provider).keys.len(), 1);
    provider.inject(Fault::RotateBeforeSigning);
    let login = Login::at(&provider);
    let known = |keys: &[Value]| keys.iter().any(|key| key["kid"] == login.header["kid"]);
    assert!(login.signed && known(&login.keys) && !known(&login.keys_before));
}

#[test]
fn faults_change_the_metadata() {
    check(Fault::metadata("issuer", "https://attacker.example"), |login| {
        login.metadata["issuer"] == "https://attacker.example"
    });
    check(Fault::metadata("verify", false), |login| login.metadata["verify"] == false);
    check(Fault::metadata("jwks_uri", Value::Null), |login| {
        login.metadata.get("jwks_uri").is_none()
    });
}

#[test]
fn moved_paths_are_random() {
    let provider = provider();
    let mut places = Vec::new();
    for _ in 0..2 {
        provider.clear_faults();
        provider.inject(Fault::MovedPaths);
        let login = Login::at(&provider);
        assert_eq!(login.userinfo["sub"], "alice");
        assert!(login.signed);
        places.push(login.metadata["token_endpoint"].clone());
    }
    assert_ne!(places[0], places[1]);
    let code = code(&provider);
    assert_eq!(redeem(&provider, &format!("{ISSUER}/token"), &code).status(), 404);
    assert_eq!(redeem(&provider, places[0].as_str().unwrap(), &code).status(), 404);
    assert_eq!(redeem(&provider, places[1].as_str().unwrap(), &code).status(), 200);
}

#[test]
fn faults_change_the_authorization_response() {
    let param =
        |name: &str, value: &str| Fault::AuthorizationParam(name.to_owned(), value.to_owned());
    check(param("state", "another"), |login| back(login, "state") == ["another"]);
    check(param("id_token", "x.y.z"), |login| back(login, "id_token") == ["x.y.z"]);
    for name in ["state", "iss", "code"] {
        check(Fault::AuthorizationMissing(name.to_owned()), |login| back(login, name).is_empty());
        let twice = Fault::AuthorizationTwice(name.to_owned(), "another".to_owned());
        check(twice, |login| back(login, name).len() == 2 && back(login, name)[1] == "another");
    }
    let script = "<script>alert(1)</script>".to_owned();
    check(Fault::AuthorizationError("server_error".to_owned(), script.clone()), |login| {
        back(login, "error") == ["server_error"]
            && back(login, "error_description") == [script.as_str()]
            && back(login, "state") == ["s1"]
            && back(login, "code").is_empty()
    });
}

#[test]
fn pkce_can_be_ignored() {
    let provider = provider();
    provider.inject(Fault::PkceIgnored);
    let url = approved(&provider, &query(&[("code_challenge", &"x".repeat(43))]));
    let code = param(&url, "code").unwrap();
    assert_eq!(redeem(&provider, &format!("{ISSUER}/token"), &code).status(), 200);
}

#[test]
fn faults_change_token_and_user_info_responses() {
    for value in [Value::Null, json!(4711), json!(["token"])] {
        check(Fault::token("access_token", value.clone()), |login| {
            login.token.get("access_token") == Some(&value)
        });
    }
    for value in [json!(0), json!(-1), json!("3600"), json!(3600.5), json!(1e300), json!("NaN")] {
        check(Fault::token("expires_in", value.clone()), |login| {
            login.token["expires_in"] == value
        });
    }
    for name in ["access_token", "token_type", "expires_in", "refresh_token"] {
        check(Fault::TokenMissing(name.to_owned()), |login| login.token.get(name).is_none());
    }
    check(Fault::NoRotation, |login| login.refreshed.get("refresh_token").is_none());
    check(Fault::RefreshRefused, |login| login.refreshed["error"] == "invalid_grant");
    check(Fault::user_info("sub", "mallory"), |login| login.userinfo["sub"] == "mallory");
    check(Fault::UserInfoMissing("sub".to_owned()), |login| {
        login.userinfo.get("sub").is_none() && login.userinfo["name"] == "Alice Example"
    });
}

#[test]
fn several_faults_are_active_at_once() {
    let provider = provider();
    provider.inject(Fault::JwksExotic);
    provider.inject(Fault::JwksWithoutKid);
    provider.inject(Fault::claim("nonce", "another"));
    let login = Login::at(&provider);
    assert!(login.keys.len() > 2 && login.signed);
    assert!(!login.header.contains_key("kid"));
    assert_eq!(login.claims["nonce"], "another");
}
