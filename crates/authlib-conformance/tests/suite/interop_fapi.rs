//! DPoP, mutual TLS and the profiles of FAPI at oidc-provider, which enforces them.

use authlib_conformance::{Browser, Interop, Page};
use authlib_provider::certificates::{CLIENT, CLIENT_KEY, SELF_SIGNED, SELF_SIGNED_KEY};
use reqwest::Method;
use serde_json::{Value, json};

/// The settings of a client with this certificate.
fn with_certificate(certificate: &str, key: &str) -> String {
    format!("tls_client_certificate = '''{certificate}'''\ntls_client_key = '''{key}'''\n")
}

/// The members of `more` after those of `members`.
fn joined(mut members: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        members[name] = value.clone();
    }
    members
}

/// What oidc-provider knows about a client whose tokens are bound to its certificate.
fn bound_to_certificate() -> Value {
    json!({ "tls_client_certificate_bound_access_tokens": true })
}

/// The login is finished: the user info before and after a refresh.
async fn assert_works(interop: &Interop, browser: &Browser, home: &Page) {
    let shown = format!("{}\n{}", home.body, interop.app.log());
    assert_eq!(home.url.as_str(), interop.url("/"), "{shown}");
    assert_eq!(browser.get(interop.url("/profile")).await.json()["sub"], "alice");
    for _ in 0..2 {
        let user = browser.get(interop.url("/userinfo/op")).await;
        assert_eq!(user.status, 200, "{}\n{}", user.body, interop.app.log());
        assert_eq!(user.json()["sub"], "alice");
        let refresh = browser.request(Method::POST, interop.url("/refresh/op"), &[], None).await;
        assert_eq!(refresh.status, 200, "{}\n{}", refresh.body, interop.app.log());
    }
}

async fn log_in(interop: &Interop) {
    let browser = interop.browser();
    let home = interop.log_in(&browser, "allow").await;
    assert_works(interop, &browser, &home).await;
}

/// RFC 9449 §8: oidc-provider wants its nonce in every proof.
pub(crate) async fn dpop_with_nonces_of_oidc_provider(package: &str) {
    let metadata = json!({ "dpop_bound_access_tokens": true });
    for settings in ["dpop = 'login'", "dpop = 'client'\ndpop_signing_alg = 'EdDSA'"] {
        let interop = Interop::with_features(package, &["dPoP"], metadata.clone(), settings).await;
        let Some(interop) = interop else { return };
        log_in(&interop).await;
    }
}

pub(crate) async fn mutual_tls_at_oidc_provider(package: &str) {
    // oidc-provider finds the certificate of a key of the client by its thumbprint.
    let own = authlib_provider::PeerCertificate::from_pem(SELF_SIGNED, false).thumbprint();
    let mut key = authlib_conformance::TestKey::for_algorithm("ES256").public_jwk;
    key["x5t#S256"] = own.into();
    for (metadata, certificate, key) in [
        (
            json!({
                "token_endpoint_auth_method": "tls_client_auth",
                "tls_client_auth_subject_dn": "CN=app,O=Example",
            }),
            CLIENT,
            CLIENT_KEY,
        ),
        (
            json!({
                "token_endpoint_auth_method": "self_signed_tls_client_auth",
                "jwks": { "keys": [key] },
            }),
            SELF_SIGNED,
            SELF_SIGNED_KEY,
        ),
    ] {
        let metadata = joined(metadata, &bound_to_certificate());
        // The key of the client's assertions is not used.
        let settings = format!(
            "{}tls_client_certificate_bound_access_tokens = true\n",
            with_certificate(certificate, key)
        );
        let interop = Interop::over_tls(package, &["mTLS"], None, metadata, &settings).await;
        let Some(interop) = interop else { return };
        log_in(&interop).await;
    }
}

/// What FAPI 2.0 needs at oidc-provider, with the tokens bound to a key or to a certificate.
fn fapi2_bindings() -> [(&'static str, Value, String); 2] {
    let pushed = json!({ "require_pushed_authorization_requests": true });
    [
        ("dPoP", joined(json!({ "dpop_bound_access_tokens": true }), &pushed), String::new()),
        ("mTLS", joined(bound_to_certificate(), &pushed), with_certificate(CLIENT, CLIENT_KEY)),
    ]
}

pub(crate) async fn fapi2_at_oidc_provider(package: &str) {
    for (binding, metadata, settings) in fapi2_bindings() {
        let features = ["pushedAuthorizationRequests", binding];
        let settings = format!("{settings}profile = 'fapi2'\n");
        let interop = Interop::over_tls(package, &features, Some("2.0"), metadata, &settings).await;
        let Some(interop) = interop else { return };
        log_in(&interop).await;
    }
}

pub(crate) async fn fapi2_message_signing_at_oidc_provider(package: &str) {
    for (binding, metadata, settings) in fapi2_bindings() {
        let features =
            ["jwtResponseModes", "pushedAuthorizationRequests", "requestObjects", binding];
        let signed = json!({
            "authorization_signed_response_alg": "ES256",
            "request_object_signing_alg": "ES256",
            "require_signed_request_object": true,
        });
        let settings = format!("{settings}profile = 'fapi2_message_signing'\n");
        let metadata = joined(metadata, &signed);
        let interop = Interop::over_tls(package, &features, Some("2.0"), metadata, &settings).await;
        let Some(interop) = interop else { return };
        log_in(&interop).await;
    }
}

/// With the ID token in the response, and with a signed response.
pub(crate) async fn fapi1_advanced_at_oidc_provider(package: &str) {
    let signed = json!({
        "authorization_signed_response_alg": "ES256",
        "request_object_signing_alg": "ES256",
        "require_signed_request_object": true,
        "response_types": ["code", "code id_token"],
    });
    let metadata = joined(bound_to_certificate(), &signed);
    let features = ["jwtResponseModes", "mTLS", "requestObjects"];
    for (mode, is_fragment) in [("", true), ("response_mode = 'jwt'\n", false)] {
        let certificate = with_certificate(CLIENT, CLIENT_KEY);
        let settings = format!("{certificate}{mode}profile = 'fapi1_advanced'\n");
        let fapi = Some("1.0 Final");
        let interop =
            Interop::over_tls(package, &features, fapi, metadata.clone(), &settings).await;
        let Some(interop) = interop else { return };
        let browser = interop.browser();
        let home = match is_fragment {
            true => interop.log_in_by_fragment(&browser).await,
            false => interop.log_in(&browser, "allow").await,
        };
        assert_works(&interop, &browser, &home).await;
    }
}
