use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Value, json};

use super::{FrontChannelHashes, IdTokenError, Rules, verify};
use crate::crypto::test_keys::Signer;
use crate::error::Error;
use crate::jose::claims::ClaimError;
use crate::jose::jws;
use crate::jose::test_tokens::key_set;
use crate::jose::{Algorithm, JwkSet};
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::issuers::{Issuers, Tenants};
use crate::oauth2::test_responses::changed;
use crate::oidc::test_rules::{self, NOW};

const ISSUER: &str = "https://op.example/realm";

static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| Issuers::of(ISSUER));

fn rules() -> Rules<'static> {
    Rules {
        issuers: &ISSUERS,
        nonce: Some("n-0S6_WzA2Mj"),
        access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
        asked_at: from_unix_seconds(NOW - 30),
        ..test_rules::rules()
    }
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "alice", "aud": "client", "exp": NOW + 300, "iat": NOW,
        "nonce": "n-0S6_WzA2Mj"})
}

fn claims_with(changes: &Value) -> Value {
    changed(claims(), changes)
}

fn keys() -> JwkSet {
    key_set("k")
}

fn verdict(token: &str, rules: &Rules<'_>) -> &'static str {
    match verify(token, &keys(), rules) {
        Ok(_) => "accepted",
        Err(IdTokenError::AtHash) => "at_hash",
        Err(IdTokenError::Audience) => "aud",
        Err(IdTokenError::AuthTimeMissing) => "no auth_time",
        Err(IdTokenError::AuthTimeOld) => "old auth_time",
        Err(IdTokenError::AuthorizedParty) => "azp",
        Err(IdTokenError::CHash) => "c_hash",
        Err(IdTokenError::Claims(ClaimError::Early(name, _))) => match name {
            "iat" => "early iat",
            _ => "early",
        },
        Err(IdTokenError::Claims(ClaimError::Expired(_))) => "expired",
        Err(IdTokenError::Claims(ClaimError::Json(_))) => "json",
        Err(IdTokenError::Claims(ClaimError::Missing(_))) => "missing",
        Err(IdTokenError::Claims(ClaimError::Type(_))) => "type",
        Err(IdTokenError::Events) => "events",
        Err(IdTokenError::HashMissing(_)) => "no hash",
        Err(IdTokenError::Issuer { .. }) => "iss",
        Err(IdTokenError::KeyIssuer) => "key issuer",
        Err(IdTokenError::Nonce) => "nonce",
        Err(IdTokenError::NonceMissing) => "no nonce",
        Err(IdTokenError::NonceUnasked) => "unasked nonce",
        Err(IdTokenError::OtherAudience) => "other aud",
        Err(IdTokenError::OtherTenant { .. }) => "other tenant",
        Err(IdTokenError::SHash) => "s_hash",
        Err(IdTokenError::Signature(_)) => "signature",
        Err(IdTokenError::Subject) => "sub",
        Err(IdTokenError::TenantNotAllowed { .. }) => "tenant not allowed",
        Err(IdTokenError::TooOld { .. }) => "too old",
        Err(IdTokenError::Type(_)) => "typ",
    }
}

#[track_caller]
fn check(changes: &Value, expected: &str) {
    let token = Signer::rsa().token("RS256", &claims_with(changes));
    assert_eq!(verdict(&token, &rules()), expected, "{changes}");
}

#[test]
fn valid_id_token_is_accepted_with_claims() {
    let token = Signer::rsa().token("RS256", &claims_with(&json!({"more": {"a": [1]}})));
    let verified = verify(&token, &keys(), &rules()).unwrap();
    assert_eq!(verified.as_map()["more"], json!({"a": [1]}));
}

/// J1, J2, J3 for ID tokens; the tables are in `jose`.
#[test]
fn id_token_with_other_signature_is_rejected() {
    let claims = claims();
    let check = |token: String, expected| assert_eq!(verdict(&token, &rules()), expected);
    let good = Signer::rsa().token("RS256", &claims);
    check(good.clone(), "accepted");
    check(Signer::new("RS256").token("RS256", &claims), "signature");
    check(Signer::rsa().token("PS256", &claims), "signature");
    check(Signer::rsa().token("RS512", &claims), "signature");
    check(Signer::new("ES256").token("ES256", &claims), "signature");
    check(Signer::Hmac(Signer::rsa().pem().into_bytes()).token("HS256", &claims), "signature");
    check(Signer::rsa().token("none", &claims), "signature");
    check(good.rsplit_once('.').unwrap().0.to_owned() + ".", "signature");
}

#[test]
fn new_keys_are_requested_only_if_useful() {
    let retried =
        |token: &str| verify(token, &keys(), &rules()).unwrap_err().may_be_cured_by_new_keys();
    assert!(retried(&Signer::new("RS256").token("RS256", &claims())));
    assert!(retried(&Signer::rsa().token_of(r#"{"alg":"RS256","kid":"new"}"#, "{}")));
    assert!(!retried(&Signer::new("ES256").token("ES256", &claims())));
    assert!(!retried("a.b.c"));
    assert!(!retried(&Signer::rsa().token("RS256", &claims_with(&json!({"iss": "x"})))));
}

/// J12: each known claim, of each wrong type.
#[test]
fn claims_of_wrong_type_are_rejected() {
    let wrong = [json!(null), json!(true), json!([]), json!({}), json!([["a"]]), json!({"a": 1})];
    for name in ["iss", "sub", "nonce", "azp", "at_hash"] {
        for value in wrong.iter().chain([&json!(1)]) {
            check(&json!({name: value}), "type");
        }
    }
    for name in ["exp", "iat", "nbf", "auth_time"] {
        for value in wrong.iter().chain([&json!("1700000000"), &json!("NaN"), &json!(-1)]) {
            check(&json!({name: value}), "type");
        }
    }
    for value in [json!(null), json!(true), json!(1), json!({}), json!(["client", 1])] {
        check(&json!({"aud": value}), "type");
    }
    check(&json!({"exp": 1e300}), "accepted");
    check(&json!({"iat": 1e300}), "early iat");
    check(&json!({"nbf": 1e300}), "early");
}

/// J13: what Core §2 requires.
#[test]
fn missing_required_claims_are_rejected() {
    for name in ["iss", "sub", "aud", "exp", "iat"] {
        check(&json!({name: "-"}), "missing");
    }
    check(&json!({"sub": ""}), "missing");
    check(&json!({"iss": ""}), "missing");
    check(&json!({"sub": "s".repeat(255)}), "accepted");
    check(&json!({"sub": "s".repeat(256)}), "sub");
}

/// J14: the issuer must match exactly.
#[test]
fn other_issuers_are_rejected() {
    for iss in [
        "https://op.example/realm/",
        "https://op.example/Realm",
        "HTTPS://op.example/realm",
        "http://op.example/realm",
        "https://op.example",
        "https://op.example/realm2",
        "https://op.example:443/realm",
        " https://op.example/realm",
        "op.example/realm",
    ] {
        check(&json!({"iss": iss}), "iss");
    }
    let none = Rules { issuers: &Issuers::default(), ..rules() };
    assert_eq!(verdict(&Signer::rsa().token("RS256", &claims()), &none), "iss");
}

/// Another spelling is the configured issuer; another issuer is itself.
#[test]
fn verified_claims_have_the_issuer_of_the_user() {
    let issuers = Issuers {
        aliases: vec!["op.example".to_owned()],
        others: vec!["https://b.example".to_owned()],
        ..Issuers::of(ISSUER)
    };
    let rules = Rules { issuers: &issuers, ..rules() };
    for (iss, expected) in
        [(ISSUER, ISSUER), ("op.example", ISSUER), ("https://b.example", "https://b.example")]
    {
        let token = Signer::rsa().token("RS256", &claims_with(&json!({"iss": iss})));
        assert_eq!(verify(&token, &keys(), &rules).unwrap().as_map()["iss"], expected);
    }
}

#[test]
fn tenant_is_checked_against_signed_tid() {
    let issuers = Issuers {
        tenants: Some(Tenants::Listed(vec!["t1".to_owned()])),
        ..Issuers::of("https://op.example/{tenantid}/v2.0")
    };
    let rules = Rules { issuers: &issuers, ..rules() };
    for (tenant, tid, expected) in [
        ("t1", json!("t1"), "accepted"),
        ("t2", json!("t2"), "tenant not allowed"),
        ("t1", json!("t2"), "other tenant"),
        ("t1", json!("-"), "other tenant"),
        ("t1", json!(1), "type"),
        ("{tenantid}", json!("{tenantid}"), "iss"),
    ] {
        let iss = format!("https://op.example/{tenant}/v2.0");
        let claims = claims_with(&json!({"iss": iss, "tid": tid}));
        let token = Signer::rsa().token("RS256", &claims);
        assert_eq!(verdict(&token, &rules), expected, "{tenant} {tid}");
    }
    // A key for the accounts of one tenant must not sign for another.
    let claims = claims_with(&json!({"iss": "https://op.example/t1/v2.0", "tid": "t1"}));
    let token = Signer::rsa().token("RS256", &claims);
    for (key_issuer, expected) in [("{tenantid}", true), ("t1", true), ("t2", false)] {
        let mut jwk = Signer::rsa().jwk();
        jwk["issuer"] = format!("https://op.example/{key_issuer}/v2.0").into();
        let keys = JwkSet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
        assert_eq!(verify(&token, &keys, &rules).is_ok(), expected, "{key_issuer}");
    }
}

/// J15: the audience is this client, and any other audience requires `azp`.
#[test]
fn audience_must_include_client() {
    check(&json!({"aud": ["client"]}), "accepted");
    check(&json!({"aud": ["client"], "azp": "client"}), "accepted");
    check(&json!({"azp": "client"}), "accepted");
    check(&json!({"aud": ["other", "client"], "azp": "client"}), "accepted");
    check(&json!({"aud": ["other", "client"]}), "other aud");
    check(&json!({"aud": ["other", "client"], "azp": "other"}), "azp");
    check(&json!({"azp": "other"}), "azp");
    check(&json!({"azp": ""}), "azp");
    for aud in [
        json!("other"),
        json!(["other"]),
        json!([]),
        json!(""),
        json!("client2"),
        json!("clien"),
        json!("Client"),
        json!("client other"),
    ] {
        check(&json!({"aud": aud}), "aud");
    }
    check(&json!({"aud": "other", "azp": "client"}), "aud");
}

/// J16.
#[test]
fn times_are_checked_to_the_second() {
    check(&json!({"exp": NOW - 59}), "accepted");
    check(&json!({"exp": NOW - 60}), "expired");
    check(&json!({"iat": NOW + 60}), "accepted");
    check(&json!({"iat": NOW + 61}), "early iat");
    check(&json!({"nbf": NOW + 60}), "accepted");
    check(&json!({"nbf": NOW + 61}), "early");
    // The login began 30 seconds ago.
    check(&json!({"iat": NOW - 630}), "accepted");
    check(&json!({"iat": NOW - 631}), "too old");
    check(&json!({"iat": NOW - 7 * 86_400}), "too old");
}

/// J17: the nonce is the one that was sent, and only then.
#[test]
fn nonce_must_match_sent_value() {
    check(&json!({"nonce": "-"}), "no nonce");
    for nonce in ["", "n-0S6_WzA2M", "n-0S6_WzA2Mj ", "N-0S6_WzA2Mj", "other"] {
        check(&json!({"nonce": nonce}), "nonce");
    }
    let without_nonce = Rules { nonce: None, ..rules() };
    let token = Signer::rsa().token("RS256", &claims());
    assert_eq!(verdict(&token, &without_nonce), "unasked nonce");
    let token = Signer::rsa().token("RS256", &claims_with(&json!({"nonce": "-"})));
    assert_eq!(verdict(&token, &without_nonce), "accepted");
}

/// J18: an `at_hash` must be correct; the value is from Core appendix A.3.
#[test]
fn at_hash_must_match_access_token() {
    check(&json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), "accepted");
    for hash in ["", "77QmUPtjPfzWtF2AnpK9RQ==", "77QmUPtjPfzWtF2AnpK9RR", "77QmUPtjPfzWtF2AnpK9R"]
    {
        check(&json!({"at_hash": hash}), "at_hash");
    }
    let other = Rules { access_token: Some("swapped"), ..rules() };
    let token = claims_with(&json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}));
    assert_eq!(verdict(&Signer::rsa().token("RS256", &token), &other), "at_hash");
    // Without an access token the hash can't be checked, but it must be a string.
    let alone = Rules { access_token: None, ..rules() };
    assert_eq!(verdict(&Signer::rsa().token("RS256", &token), &alone), "accepted");
    let token = claims_with(&json!({"at_hash": 1}));
    assert_eq!(verdict(&Signer::rsa().token("RS256", &token), &alone), "type");
}

/// J24: a token of another type is not an ID token.
#[test]
fn other_token_kinds_are_rejected() {
    let typed = |typ: &Value| {
        let header = json!({"alg": "RS256", "kid": "k", "typ": typ}).to_string();
        verdict(&Signer::rsa().token_of(&header, &claims().to_string()), &rules())
    };
    assert_eq!(typed(&json!("JWT")), "accepted");
    assert_eq!(typed(&json!("jwt")), "accepted");
    assert_eq!(typed(&json!("application/JWT")), "accepted");
    for typ in
        ["at+jwt", "application/at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE", ""]
    {
        assert_eq!(typed(&json!(typ)), "typ", "{typ}");
    }
    assert_eq!(typed(&json!(["JWT"])), "signature");
    check(&json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}), "events");
    check(&json!({"events": null}), "events");
}

/// J25 and J26: the payload is one JSON object with unique names.
#[test]
fn payload_is_parsed_strictly() {
    let check = |payload: &str| {
        let token = Signer::rsa().token_of(r#"{"alg":"RS256","kid":"k"}"#, payload);
        assert_eq!(verdict(&token, &rules()), "json", "{payload}");
    };
    let good = claims().to_string();
    check(&good.replacen('{', r#"{"sub":"bob","#, 1));
    check(&good.replace('}', r#","sub":"bob"}"#));
    check(&format!("[{good}]"));
    check(&format!("{good}{good}"));
    check(&format!("{good}x"));
    check("");
}

/// J30: a requested `max_age` is checked.
#[test]
fn auth_time_must_satisfy_max_age() {
    let limited = Rules { max_age: Some(Duration::from_secs(100)), ..rules() };
    let check = |auth_time: &Value, expected: &str| {
        let token = Signer::rsa().token("RS256", &claims_with(&json!({"auth_time": auth_time})));
        assert_eq!(verdict(&token, &limited), expected, "{auth_time}");
    };
    check(&json!("-"), "no auth_time");
    check(&json!(null), "type");
    check(&json!(NOW), "accepted");
    check(&json!(NOW - 160), "accepted");
    check(&json!(NOW - 161), "old auth_time");
    check(&json!(0), "old auth_time");
    let zero = Rules { max_age: Some(Duration::ZERO), ..rules() };
    let token = Signer::rsa().token("RS256", &claims_with(&json!({"auth_time": NOW - 61})));
    assert_eq!(verdict(&token, &zero), "old auth_time");
}

/// No error contains a nonce, a hash or a token.
#[test]
fn errors_show_no_secret() {
    for changes in [
        json!({"nonce": "WRONGNONCE"}),
        json!({"at_hash": "WRONGHASH"}),
        json!({"nonce": ["WRONGNONCE"]}),
    ] {
        let token = Signer::rsa().token("RS256", &claims_with(&changes));
        let error = verify(&token, &keys(), &rules()).unwrap_err();
        let text = format!("{error} {error:?}");
        for secret in ["WRONG", "n-0S6_WzA2Mj", "77Qm", "jHkW"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let token = Signer::rsa().token_of(r#"{"alg":"RS256","kid":"k"}"#, r#""PAYLOAD""#);
    let error = Error::from(verify(&token, &keys(), &rules()).unwrap_err());
    assert!(!format!("{error} {error:?}").contains("PAYLOAD"));
}

/// OpenID Connect Core §3.3.2.11, and §3.2.2.10; FAPI 1.0 Advanced §5.2.2.1 for `s_hash`.
#[test]
fn front_channel_token_is_bound_to_code_token_and_state() {
    let half = |value: &str| jws::half_hash(Algorithm::Rs256, value);
    let front_channel = FrontChannelHashes {
        code: Some("code"),
        state: "state",
        requires_at_hash: true,
        requires_s_hash: true,
    };
    let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    let (at, c, s) = (half(access_token), half("code"), half("state"));
    let strict = Rules { front_channel: Some(front_channel), ..rules() };
    let check = |changes: &Value, rules: &Rules<'_>| {
        let claims =
            changed(claims_with(&json!({"at_hash": at, "c_hash": c, "s_hash": s})), changes);
        verify(&Signer::rsa().token("RS256", &claims), &keys(), rules).map(drop)
    };
    assert!(check(&json!({}), &strict).is_ok());
    for (changes, says) in [
        (json!({"at_hash": "-"}), "no `at_hash`"),
        (json!({"at_hash": half("x")}), "`at_hash` does not"),
        (json!({"c_hash": "-"}), "no `c_hash`"),
        (json!({"c_hash": half("x")}), "`c_hash` does not"),
        (json!({"c_hash": 1}), "claims"),
        (json!({"s_hash": "-"}), "no `s_hash`"),
        (json!({"s_hash": half("x")}), "`s_hash` does not"),
    ] {
        let error = check(&changes, &strict).unwrap_err().to_string();
        assert!(error.contains(says), "{changes}: {error}");
    }
    let loose = FrontChannelHashes {
        requires_at_hash: false,
        requires_s_hash: false,
        code: None,
        ..front_channel
    };
    let loose = Rules { front_channel: Some(loose), ..rules() };
    assert!(check(&json!({"at_hash": "-", "c_hash": "-", "s_hash": "-"}), &loose).is_ok());
    assert!(check(&json!({"s_hash": half("x")}), &loose).is_err(), "wrong if it is there");
}
