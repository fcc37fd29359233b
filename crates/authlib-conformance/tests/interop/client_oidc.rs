//! Clients at oidc-provider without a user: client authentication and introspection.

use authlib_conformance::TestKey;
use authlib_core::jose::Algorithm;
use authlib_core::oauth2::{AssertionAudience, AuthMethod};
use authlib_core::{ErrorKind, Grant, OAuth2Client, Secret, TokenTypeHint};
use serde_json::{Value, json};

use crate::SECRET;
use crate::clients::{
    BILLING, authenticates_everywhere, error_code, machine_client, oidc, oidc_settings, with_secret,
};
use crate::oidc::API;

const MACHINE: &[&str] = &["client_credentials"];
const FEATURES: &[&str] = &["clientCredentials", "introspection"];

/// A client that is named after its authentication method.
fn registered(client_id: &str, method: &str) -> Value {
    let mut app = machine_client(MACHINE);
    app["client_id"] = client_id.into();
    app["token_endpoint_auth_method"] = method.into();
    app
}

fn with_key(alg: &str) -> Value {
    let mut app = registered(alg, "private_key_jwt");
    app["token_endpoint_auth_signing_alg"] = alg.into();
    app["jwks"] = json!({ "keys": [TestKey::for_algorithm(alg).public_jwk] });
    app.as_object_mut().unwrap().remove("client_secret");
    app
}

#[tokio::test]
async fn private_keys_of_every_type_authenticate_everywhere() {
    let algorithms = ["RS256", "PS256", "ES256", "EdDSA"];
    let Some(server) = oidc(&algorithms.map(with_key), FEATURES).await else { return };
    for alg in algorithms {
        let key = TestKey::for_algorithm(alg);
        for audience in [AssertionAudience::Issuer, AssertionAudience::TokenEndpoint] {
            let config = oidc_settings(&server, alg)
                .private_key(key.private_pem)
                .private_key_id(key.public_jwk["kid"].as_str().unwrap())
                .token_endpoint_auth_signing_alg(Algorithm::from_name(alg).unwrap())
                .client_assertion_audience(audience);
            authenticates_everywhere(&OAuth2Client::new(config).unwrap(), alg).await;
        }
    }
}

#[tokio::test]
async fn unregistered_signature_algorithm_is_rejected() {
    let Some(server) = oidc(&[with_key("PS256")], FEATURES).await else { return };
    let key = TestKey::for_algorithm("PS256");
    let config = oidc_settings(&server, "PS256")
        .private_key(key.private_pem)
        .token_endpoint_auth_signing_alg(Algorithm::Rs256);
    let client = OAuth2Client::new(config).unwrap();
    let refused = client.fetch_token(Grant::client_credentials()).await.unwrap_err();
    assert_eq!(
        (refused.kind(), error_code(&refused)),
        (ErrorKind::InvalidResponse, "invalid_client")
    );
}

/// H31: Basic credentials are form-encoded (RFC 6749 §2.3.1), which matters for these characters.
/// oidc-provider accepts only those of appendix A.2; `ä` is tested at Authlib's server.
#[tokio::test]
async fn client_secret_with_special_characters_authenticates() {
    let secret = "a:b%2Bc+d e&f=g?h#i/j\\k\"l~m-of-forty-characters";
    let methods = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];
    let id = |method| format!("{method}:%+&");
    let clients = methods.map(|method| {
        let mut app = registered(&id(method), method);
        app["client_secret"] = secret.into();
        app
    });
    let Some(server) = oidc(&clients, FEATURES).await else { return };
    for method in methods {
        let config = oidc_settings(&server, &id(method))
            .token_endpoint_auth_method(AuthMethod::from_name(method).unwrap());
        let client = OAuth2Client::new(config.clone().client_secret(secret)).unwrap();
        authenticates_everywhere(&client, &id(method)).await;
        let wrong = OAuth2Client::new(config.client_secret(SECRET)).unwrap();
        let refused = wrong.fetch_token(Grant::client_credentials()).await.unwrap_err();
        assert_eq!(error_code(&refused), "invalid_client", "{method}");
    }
}

#[tokio::test]
async fn client_credentials_for_resource_set_audience() {
    let features = ["clientCredentials", "introspection", "resourceIndicators"];
    let Some(server) = oidc(&[machine_client(MACHINE)], &features).await else { return };
    let client = OAuth2Client::new(with_secret(oidc_settings(&server, "app"))).unwrap();
    let grant = Grant::client_credentials().scope("read openid");
    let token = client.fetch_token(grant.clone().resource(API)).await.unwrap();
    // The granted scope, which is less than requested.
    assert_eq!(token.scope.as_deref(), Some("read"));
    let state = client.introspect_token(&token.access_token, None).await.unwrap();
    assert_eq!((state.aud(), state.scope()), (vec![API], Some("read")));
    // RFC 8707 §2.2: an unknown resource, and two resources if the grant allows one.
    for resources in [&["https://other.example.com/"][..], &[API, BILLING]] {
        let grant = resources.iter().fold(grant.clone(), |grant, uri| grant.resource(uri));
        let refused = client.fetch_token(grant).await.unwrap_err();
        assert_eq!(
            (refused.kind(), error_code(&refused)),
            (ErrorKind::InvalidResponse, "invalid_target")
        );
    }
    let kept = client.token().await.unwrap().unwrap();
    assert_eq!(kept.access_token, token.access_token);
}

#[tokio::test]
async fn introspection_reads_json_and_jwt() {
    let features = ["clientCredentials", "introspection", "jwtIntrospection"];
    let mut app = machine_client(MACHINE);
    app["introspection_signed_response_alg"] = "ES256".into();
    let Some(server) = oidc(&[app], &features).await else { return };
    let plain = with_secret(oidc_settings(&server, "app"));
    let signed = plain.clone().introspection_signed_response_alg(Algorithm::Es256);
    for config in [plain, signed.clone()] {
        let client = OAuth2Client::new(config).unwrap();
        let token = client.fetch_token(Grant::client_credentials().scope("read")).await.unwrap();
        let hint = Some(TokenTypeHint::AccessToken);
        let state = client.introspect_token(&token.access_token, hint).await.unwrap();
        assert_eq!((state.active(), state.client_id()), (true, Some("app")));
        assert_eq!((state.scope(), state.iss()), (Some("read"), Some(server.issuer())));
        assert!(state.exp() > state.iat(), "{state:?}");
        let nobodys = client.introspect_token(&Secret::new("nobodys"), None).await.unwrap();
        assert!(!nobodys.active());
    }
    // The signature is checked: another expected algorithm fails.
    let wrong =
        OAuth2Client::new(signed.introspection_signed_response_alg(Algorithm::Rs256)).unwrap();
    let refused = wrong.introspect_token(&Secret::new("nobodys"), None).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidResponse);
    assert!(refused.report().to_string().contains("ES256"), "{refused}");
}
