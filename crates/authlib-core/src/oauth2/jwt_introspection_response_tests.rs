use serde_json::json;

use super::*;
use crate::crypto::test_keys::Signer;
use crate::message::test_response;
use crate::numeric_date::from_unix_seconds;

const NOW: u64 = 1_514_797_900;
const ISSUER: &str = "https://as.example.com/";
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

/// The claims with others over them; `"-"` takes a claim away.
fn claims_with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value == "-" {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn rules() -> Rules<'static> {
    Rules {
        issuers: &[ISSUER],
        audiences: &["client", AUDIENCE],
        algorithms: &[Algorithm::Rs256],
        leeway: Duration::from_secs(60),
        now: from_unix_seconds(NOW),
    }
}

fn keys() -> JwkSet {
    let mut jwk = Signer::rsa().jwk();
    jwk["kid"] = "wG6D".into();
    JwkSet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap()
}

fn token(header: &Value, claims: &Value) -> String {
    Signer::rsa().token_of(&header.to_string(), &claims.to_string())
}

fn header() -> Value {
    json!({"typ": TYP, "alg": "RS256", "kid": "wG6D"})
}

fn response(status: u16, content_type: &str, body: &[u8]) -> Response {
    test_response(status, content_type, "").map(|_| body.to_vec())
}

#[test]
fn request_accepts_signed_response_only() {
    let url = url::Url::parse("https://as.example.com/introspect").unwrap();
    let mut request = crate::message::form_post(&url, &crate::params::Params::new());
    ask_signed(&mut request);
    let accepted: Vec<_> = request.headers().get_all(ACCEPT).iter().collect();
    assert_eq!(accepted, [MEDIA_TYPE]);
}

#[test]
fn rfc_example_response_is_verified_and_parsed() {
    let body = format!("{}\r\n", token(&header(), &claims()));
    let response = response(200, "application/token-introspection+jwt", body.as_bytes());
    let said =
        verify(signed_introspection_response(&response).unwrap(), &keys(), &rules()).unwrap();
    assert!(said.active());
    assert_eq!(said.client_id(), Some("paiB2goo0a"));
    assert_eq!(said.scope(), Some("read write dolphin"));
    assert_eq!(said.exp(), Some(from_unix_seconds(1_514_797_942)));
    assert_eq!(said.get::<String>("birthdate").unwrap().as_deref(), Some("1982-02-01"));
}

#[test]
fn introspection_jwt_claims_are_validated() {
    for (changes, says) in [
        (json!({}), "accepted"),
        (json!({"aud": ["other", "client"]}), "accepted"),
        (json!({"iat": NOW + 60}), "accepted"),
        (json!({"iat": 0}), "accepted"),
        // They should not be there, and do no harm.
        (json!({"sub": "x", "exp": NOW + 1}), "accepted"),
        (json!({"token_introspection": {"active": false}}), "accepted"),
        (json!({"iss": "-"}), "`iss`"),
        (json!({"iss": "https://as.example.com"}), "`iss`"),
        (json!({"iss": [ISSUER]}), "`iss`"),
        (json!({"aud": "-"}), "`aud`"),
        (json!({"aud": "other"}), "`aud`"),
        (json!({"aud": []}), "`aud`"),
        (json!({"aud": ["client", 7]}), "`aud`"),
        (json!({"iat": "-"}), "`iat`"),
        (json!({"iat": "now"}), "`iat`"),
        (json!({"iat": NOW + 61}), "`iat`"),
        (json!({"iat": 1e300}), "`iat`"),
        (json!({"nbf": NOW + 61}), "`nbf`"),
        (json!({"exp": NOW - 60}), "`exp`"),
        (json!({"token_introspection": "-"}), "`token_introspection`"),
        (json!({"token_introspection": null}), "`token_introspection`"),
        (json!({"token_introspection": "{}"}), "`token_introspection`"),
        (json!({"token_introspection": {}}), "`active`"),
        (json!({"token_introspection": {"active": "true"}}), "`active`"),
        (json!({"token_introspection": {"active": true, "exp": "soon"}}), "`exp`"),
        // The verdict stands inside, not beside.
        (json!({"token_introspection": "-", "active": true}), "`token_introspection`"),
    ] {
        let got = verify(&token(&header(), &claims_with(&changes)), &keys(), &rules());
        match got {
            Ok(_) => assert_eq!(says, "accepted", "{changes}"),
            Err(check) => {
                assert!(!check.may_be_cured_by_new_keys());
                let error = Error::from(check);
                assert_eq!(error.kind(), ErrorKind::InvalidResponse);
                assert!(error.report().to_string().contains(says), "{changes}: {error}");
            }
        }
    }
}

#[test]
fn header_must_have_type_and_allowed_algorithm() {
    for (header, says) in [
        (header(), "accepted"),
        (json!({"typ": MEDIA_TYPE, "alg": "RS256"}), "accepted"),
        (json!({"typ": "Token-Introspection+JWT", "alg": "RS256"}), "accepted"),
        (json!({"alg": "RS256"}), "`typ`"),
        (json!({"typ": null, "alg": "RS256"}), "`typ`"),
        (json!({"typ": "JWT", "alg": "RS256"}), "`typ`"),
        (json!({"typ": "at+jwt", "alg": "RS256"}), "`typ`"),
        (json!({"typ": 7, "alg": "RS256"}), "`typ`"),
        (json!({"typ": TYP, "alg": "none"}), "expected RS256"),
        (json!({"typ": TYP, "alg": "RS384"}), "expected RS256"),
        (json!({"typ": TYP}), "`alg`"),
        (json!({"typ": TYP, "alg": "RS256", "crit": ["x"]}), "`crit`"),
    ] {
        match verify(&token(&header, &claims()), &keys(), &rules()) {
            Ok(_) => assert_eq!(says, "accepted", "{header}"),
            Err(check) => {
                let error = Error::from(check);
                assert!(error.report().to_string().contains(says), "{header}: {error}");
            }
        }
    }
    let none = Rules { algorithms: &[], ..rules() };
    assert!(verify(&token(&header(), &claims()), &keys(), &none).is_err());
}

#[test]
fn wrong_signature_or_unknown_key_requests_new_keys() {
    let good = token(&header(), &claims());
    let foreign = Signer::new_rsa().token_of(&header().to_string(), &claims().to_string());
    let unknown = token(&json!({"typ": TYP, "alg": "RS256", "kid": "new"}), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let changed = token(&header(), &claims_with(&json!({"aud": "client"})));
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
        let error = verify(token, &keys(), &rules()).unwrap_err();
        assert_eq!(error.may_be_cured_by_new_keys(), curable, "{error}");
        assert!(matches!(error, SignedResponseError::Signature(_)));
    }
    // A member that stands twice could be read in two ways.
    let twice = claims().to_string().replacen('{', r#"{"aud":"client","#, 1);
    let twice = Signer::rsa().token_of(&header().to_string(), &twice);
    assert!(matches!(verify(&twice, &keys(), &rules()), Err(SignedResponseError::Claims(_))));
}

#[test]
fn invalid_introspection_jwt_is_rejected_with_reason() {
    let js = "application/json";
    for (status, content_type, body, says) in [
        (200, js, r#"{"active":true}"#, "not signed as requested"),
        (200, js, "<html>", "not signed as requested"),
        (200, "application/jwt", "a.b.c", "application/jwt"),
        (200, "text/html", "<h1>", "check `introspection_endpoint`"),
        (200, js, r#"{"error":"nope"}"#, "nope"),
        (201, MEDIA_TYPE, "a.b.c", "status 201"),
        (302, "text/html", "", "never followed"),
        (401, js, r#"{"error":"invalid_client"}"#, "client_secret"),
        (404, js, r#"{"message":"x"}"#, "status 404"),
        (406, "text/plain", "", "status 406"),
    ] {
        let error = signed_introspection_response(&response(status, content_type, body.as_bytes()))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        assert!(error.to_string().contains(says), "{body}: {error}");
    }
    let error =
        signed_introspection_response(&response(200, MEDIA_TYPE, &[0xff, 0xfe])).unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
    let error =
        signed_introspection_response(&response(200, MEDIA_TYPE, b"a.b.c.d.e")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let error = signed_introspection_response(&response(503, "text/html", b"")).unwrap_err();
    assert_eq!(error.provider_error().unwrap().retry_after, Some(Duration::from_secs(7)));
}
