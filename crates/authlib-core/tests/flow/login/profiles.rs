//! Security profiles: a login with nothing but an issuer and a key, and what each check refuses.

use authlib_core::config::{Dpop, Profile};
use authlib_core::jose::Algorithm;
use authlib_core::oauth2::{AssertionAudience, AuthMethod, ResponseType, TokenLocation};
use authlib_core::{ClientConfig, ErrorKind, OAuth};
use authlib_provider::certificates::{CLIENT, CLIENT_KEY};
use authlib_provider::{Endpoint, Fault, TestClient};
use serde_json::json;

use crate::test_bed::keys::{P256, RSA, public_jwk};
use crate::test_bed::{Browser, CALLBACK, ISSUER, TestBed, sent};

/// The client `bank` of a provider of FAPI 2.0.
fn fapi2_bed(signed: &str, config: impl FnOnce(ClientConfig) -> ClientConfig) -> TestBed {
    let keys = json!({ "keys": [public_jwk("p256", "k1")] });
    let bank = TestClient::public("bank").auth_method("private_key_jwt").jwks(keys);
    TestBed::with(
        |provider| {
            provider
                .client(bank.redirect_uri(CALLBACK).dpop_bound_access_tokens())
                .pushed_authorization(true)
                .signing_alg(signed)
        },
        |client| {
            let client = client.client_secret("").client_id("bank").private_key_id("k1");
            config(client.private_key(P256).fapi2())
        },
        |oauth| oauth,
    )
}

#[tokio::test]
async fn fapi2_login_needs_an_issuer_and_a_key() {
    for signed in ["PS256", "ES256", "EdDSA"] {
        let bed = fapi2_bed(signed, |client| client);
        bed.provider.inject(Fault::DpopNonce);
        let login = bed.log_in(&Browser::default()).await.unwrap();
        assert_eq!(login.user.token().unwrap().token_type, "DPoP");
        assert_eq!(bed.app().get("user", &login.owner()).send().await.unwrap().status(), 200);
        let pushed = sent(&bed, Endpoint::PushedAuthorization).pop().unwrap();
        assert!(pushed.secret("client_assertion").is_some());
        assert_eq!(pushed.field("code_challenge_method"), Some("S256"));
    }
}

#[tokio::test]
async fn fapi2_refuses_other_id_token_algorithms() {
    let bed = fapi2_bed("RS256", |client| client);
    assert!(bed.log_in(&Browser::default()).await.is_err());
    let bed = fapi2_bed("PS256", |client| client);
    bed.provider.inject(Fault::SignedBy("RS256".to_owned()));
    let error = bed.log_in(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidIdToken, "{error}");
}

/// Also if the metadata do not announce it.
#[tokio::test]
async fn fapi2_requires_iss_in_the_response() {
    let bed = fapi2_bed("PS256", |client| client);
    bed.provider.inject(Fault::metadata("authorization_response_iss_parameter_supported", false));
    bed.provider.inject(Fault::AuthorizationMissing("iss".to_owned()));
    let error = bed.log_in(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{error}");
    assert!(sent(&bed, Endpoint::Token).is_empty());
}

#[tokio::test]
async fn fapi2_starts_no_login_without_pushed_requests() {
    let bed = fapi2_bed("PS256", |client| client);
    bed.provider.inject(Fault::metadata("pushed_authorization_request_endpoint", json!(null)));
    assert!(bed.log_in(&Browser::default()).await.is_err());
    assert!(sent(&bed, Endpoint::PushedAuthorization).is_empty());
}

fn bank() -> ClientConfig {
    ClientConfig::new("bank")
        .client_id("app")
        .issuer(ISSUER)
        .redirect_uri(CALLBACK)
        .private_key(P256)
}

fn problems(config: ClientConfig) -> String {
    OAuth::builder()
        .base_url("https://app.example")
        .register(config)
        .build()
        .unwrap_err()
        .to_string()
}

#[test]
fn forbidden_settings_of_profiles_are_named() {
    let fapi2 = || bank().fapi2();
    let fapi1 = || bank().fapi1_advanced();
    for (config, expected) in [
        (
            fapi2().dangerous_skip_pkce(),
            "`dangerous_skip_pkce` is not allowed by the profile `fapi2`",
        ),
        (fapi2().dangerous_skip_nonce(), "`dangerous_skip_nonce` is not allowed"),
        (fapi2().dangerous_http_host("op:8080"), "`dangerous_http_hosts` is not allowed"),
        (fapi2().without_pushed_authorization_requests(), "`use_pushed_authorization_requests` is"),
        (fapi2().dpop(Dpop::Off), "`dpop` is not allowed"),
        (fapi2().dpop_bound_access_tokens(false), "`dpop_bound_access_tokens` is not allowed"),
        (fapi2().private_key("").client_secret("s"), "`client_secret` is not allowed"),
        (fapi2().private_key(""), "is missing: the profile `fapi2` authenticates the client"),
        (
            fapi2().private_key("").token_endpoint_auth_method(AuthMethod::None),
            "is `none`, but the profile `fapi2` needs `private_key_jwt`",
        ),
        (
            fapi2().client_assertion_audience(AssertionAudience::TokenEndpoint),
            "`client_assertion_audience` is not allowed",
        ),
        (fapi2().token_location(TokenLocation::Query), "`token_placement`) is not allowed"),
        (
            fapi2().id_token_signed_response_alg(Algorithm::Rs256),
            "`id_token_signed_response_alg` is RS256, but the profile `fapi2` allows PS256, ES256 or EdDSA",
        ),
        (
            fapi2().private_key(RSA).token_endpoint_auth_signing_alg(Algorithm::Rs256),
            "`token_endpoint_auth_signing_alg` is RS256",
        ),
        (fapi2().dpop_key(RSA).dpop_signing_alg(Algorithm::Rs256), "`dpop_signing_alg` is RS256"),
        (
            fapi1().tls_client_certificate_bound_access_tokens(false),
            "`tls_client_certificate_bound_access_tokens` is not allowed by the profile `fapi1_advanced`",
        ),
        (fapi1().dpop(Dpop::Login), "`dpop` is not allowed"),
        (
            fapi1().client_secret("s").token_endpoint_auth_method(AuthMethod::ClientSecretPost),
            "needs `private_key_jwt`",
        ),
        (fapi1().response_type(ResponseType::IdToken), "`response_type` is not allowed"),
        (fapi1().response_type(ResponseType::Code), "needs a signed response"),
        (
            fapi1().private_key(P256).id_token_signed_response_alg(Algorithm::EdDsa),
            "allows PS256 or ES256 only",
        ),
        (fapi1().private_key(""), "`request_object_signing_alg` is missing"),
        (
            bank().oauth21().dangerous_skip_pkce(),
            "`dangerous_skip_pkce` is not allowed by the profile `oauth21`",
        ),
        (
            bank().oauth21().token_location(TokenLocation::Query),
            "`token_placement`) is not allowed",
        ),
    ] {
        let problems = problems(config);
        assert!(problems.contains(expected), "{expected}: {problems}");
    }
}

#[test]
fn profiles_accept_what_they_need() {
    for profile in
        [Profile::Fapi1Advanced, Profile::Fapi2, Profile::Fapi2MessageSigning, Profile::OAuth21]
    {
        for key in [P256, RSA] {
            let config = bank().private_key(key).profile(profile);
            let config = match profile {
                Profile::Fapi1Advanced => {
                    config.tls_client_certificate(CLIENT).tls_client_key(CLIENT_KEY)
                }
                _ => config,
            };
            let built = OAuth::builder().base_url("https://app.example").register(config).build();
            assert!(built.is_ok(), "{profile:?}: {built:?}");
        }
    }
}
