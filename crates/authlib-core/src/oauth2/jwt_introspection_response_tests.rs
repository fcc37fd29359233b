use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::crypto::test_keys::Signer;
use crate::jose::test_tokens::key_set;
use crate::message::test_response;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::test_responses::{HTML, JSON, assert_rejected, changed};

const NOW: u64 = 1_514_797_900;
const ISSUER: &str = "https://as.example.com/";

static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| Issuers::of(ISSUER));

const AUDIENCE: &str = "https://rs.example.com/resource";
const TYP: &str = "token-introspection+jwt";

/// The claims of RFC 9701 §5.
fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": 1_514_797_892,
        "token_introspection": {
            "active": true,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": 1_514_797_822,
            "exp": 1_514_797_942,
            "client_id": "paiB2goo0a",
            "scope": "read write dolphin",
            "sub": "Z5O3upPC88QrAjx00dis",
            "birthdate": "1982-02-01",
            "given_name": "John",
            "family_name": "Doe",
            "jti": "t1FoCCaZd4Xv4ORJUWVUeTZfsKhW30CQCrWDDjwXy6w"
        }
    })
}

fn expected() -> ExpectedResponse<'static> {
    ExpectedResponse {
        issuers: &ISSUERS,
        audiences: &["client", AUDIENCE],
        algorithms: &[Algorithm::Rs256],
        leeway: Duration::from_secs(60),
        now: from_unix_seconds(NOW),
    }
}

fn keys() -> JwkSet {
    key_set("wG6D")
}

fn token(header: &Value, claims: &Value) -> String {
    Signer::rsa().token_of(&header.to_string(), &claims.to_string())
}

fn header() -> Value {
    json!({"typ": TYP, "alg": "RS256", "kid": "wG6D"})
}

#[test]
fn request_accepts_signed_response_only() {
    let url = url::Url::parse("https://as.example.com/introspect").unwrap();
    let mut request = crate::message::form_post(&url, &crate::params::Params::new());
    accept_signed_response(&mut request);
    let accepted: Vec<_> = request.headers().get_all(ACCEPT).iter().collect();
    assert_eq!(accepted, [MEDIA_TYPE]);
}

#[test]
fn rfc_example_response_is_verified_and_parsed() {
    let body = format!("{}\r\n", token(&header(), &claims()));
    let response = test_response(200, "application/token-introspection+jwt", &body);
    let token = signed_introspection_response(&response).unwrap();
    let introspection = verify(token, &keys(), &expected()).unwrap();
    assert!(introspection.active());
    assert_eq!(introspection.client_id(), Some("paiB2goo0a"));
    assert_eq!(introspection.scope(), Some("read write dolphin"));
    assert_eq!(introspection.exp(), Some(from_unix_seconds(1_514_797_942)));
    assert_eq!(introspection.get::<String>("birthdate").unwrap().as_deref(), Some("1982-02-01"));
}

#[test]
fn introspection_jwt_claims_are_validated() {
    for (changes, message) in [
        (json!({}), "accepted"),
        (json!({"aud": ["other", "client"]}), "accepted"),
        (json!({"iat": NOW + 60}), "accepted"),
        (json!({"iat": 0}), "accepted"),
        // Not expected here, but allowed.
        (json!({"sub": "x", "exp": NOW + 1}), "accepted"),
        (json!({"token_introspection": {"active": false}}), "accepted"),
        (json!({"iss": "https://as.example.com"}), "`iss`"),
        (json!({"iss": [ISSUER]}), "`iss`"),
        (json!({"aud": []}), "`aud`"),
        (json!({"aud": ["client", 7]}), "`aud`"),
        (json!({"iat": "now"}), "`iat`"),
        (json!({"iat": NOW + 61}), "`iat`"),
        (json!({"iat": 1e300}), "`iat`"),
        (json!({"nbf": NOW + 61}), "`nbf`"),
        (json!({"exp": NOW - 60}), "`exp`"),
        (json!({"token_introspection": null}), "`token_introspection`"),
        (json!({"token_introspection": "{}"}), "`token_introspection`"),
        (json!({"token_introspection": {}}), "`active`"),
        (json!({"token_introspection": {"active": "true"}}), "`active`"),
        (json!({"token_introspection": {"active": true, "exp": "soon"}}), "accepted"),
        (json!({"token_introspection": "-", "active": true}), "`token_introspection`"),
    ] {
        let got = verify(&token(&header(), &changed(claims(), &changes)), &keys(), &expected());
        match got {
            Ok(_) => assert_eq!(message, "accepted", "{changes}"),
            Err(check) => {
                assert!(!check.may_be_cured_by_new_keys());
                let error = Error::from(check);
                assert_eq!(error.kind(), ErrorKind::InvalidResponse);
                assert!(error.report().to_string().contains(message), "{changes}: {error}");
            }
        }
    }
}

#[test]
fn header_must_have_type_and_allowed_algorithm() {
    for (header, message) in [
        (header(), "accepted"),
        (json!({"typ": MEDIA_TYPE, "alg": "RS256"}), "accepted"),
        (json!({"typ": "Token-Introspection+JWT", "alg": "RS256"}), "accepted"),
        (json!({"alg": "RS256"}), "`typ`"),
        (json!({"typ": 7, "alg": "RS256"}), "`typ`"),
        (json!({"typ": TYP, "alg": "none"}), "expected RS256"),
        (json!({"typ": TYP, "alg": "RS384"}), "expected RS256"),
        (json!({"typ": TYP}), "`alg`"),
        (json!({"typ": TYP, "alg": "RS256", "crit": ["x"]}), "`crit`"),
    ] {
        match verify(&token(&header, &claims()), &keys(), &expected()) {
            Ok(_) => assert_eq!(message, "accepted", "{header}"),
            Err(check) => {
                let error = Error::from(check);
                assert!(error.report().to_string().contains(message), "{header}: {error}");
            }
        }
    }
    let none = ExpectedResponse { algorithms: &[], ..expected() };
    assert!(verify(&token(&header(), &claims()), &keys(), &none).is_err());
}

#[test]
fn wrong_signature_or_unknown_key_requests_new_keys() {
    let good = token(&header(), &claims());
    let foreign = Signer::new_rsa().token_of(&header().to_string(), &claims().to_string());
    let unknown = token(&json!({"typ": TYP, "alg": "RS256", "kid": "new"}), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let changed = token(&header(), &changed(claims(), &json!({"aud": "client"})));
    let payload = changed.split('.').nth(1).unwrap();
    let mixed = format!("{head}.{payload}.{signature}");
    for (token, curable) in [
        (foreign.as_str(), true),
        (unknown.as_str(), true),
        (mixed.as_str(), true),
        (signed, false),
        ("", false),
        ("a.b.c", false),
        ("...", false),
    ] {
        let error = verify(token, &keys(), &expected()).unwrap_err();
        assert_eq!(error.may_be_cured_by_new_keys(), curable, "{error}");
        assert!(matches!(error, SignedResponseError::Signature(_)));
    }
    let twice = claims().to_string().replacen('{', r#"{"aud":"client","#, 1);
    let twice = Signer::rsa().token_of(&header().to_string(), &twice);
    assert!(matches!(verify(&twice, &keys(), &expected()), Err(SignedResponseError::Claims(_))));
}

#[test]
fn invalid_introspection_jwt_is_rejected_with_reason() {
    let binary = |_: &Response| {
        let response = test_response(200, MEDIA_TYPE, "").map(|_| vec![0xff, 0xfe]);
        signed_introspection_response(&response).map(drop)
    };
    assert_rejected(binary, &[(200, MEDIA_TYPE, "", "not UTF-8")]);
    assert_rejected(
        |response| signed_introspection_response(response).map(drop),
        &[
            (200, JSON, r#"{"active":true}"#, "not signed as requested"),
            (200, JSON, "<html>", "not signed as requested"),
            (200, "application/jwt", "a.b.c", "application/jwt"),
            (200, HTML, "<h1>", "check `introspection_endpoint`"),
            (201, MEDIA_TYPE, "a.b.c", "status 201"),
            (406, "text/plain", "", "status 406"),
        ],
    );
    let encrypted = test_response(200, MEDIA_TYPE, "a.b.c.d.e");
    assert_eq!(signed_introspection_response(&encrypted).unwrap(), "a.b.c.d.e");
}
