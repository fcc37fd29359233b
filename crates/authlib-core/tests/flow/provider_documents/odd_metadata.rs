//! Metadata whose members are odd: they cost only what needs them.

use authlib_core::{ErrorKind, Secret};
use authlib_provider::Fault;
use serde_json::{Value, json};

use crate::test_bed::{Browser, ISSUER, TestBed};

/// Members that a login with this provider does not need.
const NOT_NEEDED: [&str; 16] = [
    "device_authorization_endpoint",
    "end_session_endpoint",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_signing_alg_values_supported",
    "pushed_authorization_request_endpoint",
    "registration_endpoint",
    "request_parameter_supported",
    "require_pushed_authorization_requests",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "userinfo_endpoint",
    "authorization_response_iss_parameter_supported",
    "id_token_signing_alg_values_supported",
];

fn odd_values() -> [Value; 8] {
    let nested = (0..100).fold(json!(1), |value, _| json!([value]));
    [
        json!(null),
        json!(""),
        json!("/device"),
        json!("http://keycloak:8080/x"),
        json!(7),
        json!({"a": 1}),
        json!([7]),
        nested,
    ]
}

async fn bed_with(member: &str, value: &Value) -> TestBed {
    let bed = TestBed::new();
    bed.provider.inject(Fault::metadata(member, value.clone()));
    bed
}

#[tokio::test]
async fn odd_members_that_a_login_does_not_need_cost_nothing() {
    for member in NOT_NEEDED {
        for value in odd_values() {
            // Text lists no algorithm and no method that is known.
            let lists =
                member.ends_with("_values_supported") || member.ends_with("methods_supported");
            if lists && value.as_str().is_some_and(|text| !text.is_empty()) {
                continue;
            }
            let bed = bed_with(member, &value).await;
            let login = bed.log_in(&Browser::default()).await;
            assert!(login.is_ok(), "{member}: {value}: {}", login.unwrap_err());
        }
    }
}

#[tokio::test]
async fn odd_endpoint_fails_what_needs_it_and_names_setting() {
    for (value, reason) in [
        (json!("http://keycloak:8080/introspect"), "keycloak:8080"),
        (json!("/introspect"), "/introspect"),
        (json!([7]), "a list"),
    ] {
        let bed = bed_with("introspection_endpoint", &value).await;
        let error = bed.app().introspect_token(&Secret::new("t"), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}");
        let url = format!("{ISSUER}/.well-known/openid-configuration");
        for text in ["`introspection_endpoint`", "set `introspection_endpoint`", reason, &url] {
            assert!(error.to_string().contains(text), "{text}: {error}");
        }
    }
}

/// A token is never sent to a plain http endpoint of the document.
#[tokio::test]
async fn needed_endpoint_must_be_https() {
    for member in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        for value in odd_values() {
            let bed = bed_with(member, &value).await;
            let error = bed.log_in(&Browser::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{member}: {value}: {error}");
        }
    }
}

#[tokio::test]
async fn configured_endpoint_replaces_the_odd_member() {
    let bed = TestBed::with(
        |provider| provider,
        |client| {
            client
                .token_endpoint(format!("{ISSUER}/token"))
                .jwks_uri(format!("{ISSUER}/jwks"))
                .authorization_endpoint(format!("{ISSUER}/authorize"))
        },
        |oauth| oauth,
    );
    for member in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        bed.provider.inject(Fault::metadata(member, "http://keycloak:8080/x"));
    }
    bed.log_in(&Browser::default()).await.unwrap();
}
