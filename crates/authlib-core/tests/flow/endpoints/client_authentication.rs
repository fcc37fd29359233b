//! `private_key_jwt` and `client_secret_jwt` (RFC 7523 §2.2), against a provider that accepts each
//! assertion once.

use std::time::Duration;

use authlib_core::jose::Algorithm;
use authlib_core::oauth2::AssertionAudience;
use authlib_core::oauth2::AuthMethod;
use authlib_core::{ClientConfig, ErrorKind, OAuth, Secret};
use authlib_provider::{Endpoint, Fault, Reply, TestClient};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::test_bed::keys::{P256, keyed_bed, private_jwk};
use crate::test_bed::recorded::RecordedResponses;
use crate::test_bed::{Browser, CALLBACK, TestBed, sent};

fn algorithm(name: &str) -> Algorithm {
    Algorithm::from_name(name).unwrap()
}

/// A login and two refreshes: the provider rejects replayed assertions.
async fn check(bed: &TestBed, case: &str) {
    let login = bed.log_in(&Browser::default()).await;
    let login = login.unwrap_or_else(|error| panic!("{case}: {error}"));
    for _ in 0..2 {
        bed.clock.advance(Duration::from_secs(3600));
        let token = bed.app().active_token(&login.owner()).await;
        assert!(token.is_ok(), "{case}: {token:?}");
    }
    for request in sent(bed, Endpoint::Token) {
        assert!(request.authorization.is_none(), "{case}");
        assert!(!request.names.iter().any(|name| name == "client_secret"), "{case}");
        assert!(request.field("client_id").is_some(), "{case}");
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        assert_eq!(request.field("client_assertion_type"), Some(kind), "{case}");
    }
    assert_eq!(bed.provider.count(Endpoint::Token), 3, "{case}");
}

#[tokio::test]
async fn every_private_key_algorithm_logs_in_and_refreshes() {
    for (name, algorithms) in [
        ("rsa", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
        ("p256", &["ES256"]),
        ("p384", &["ES384"]),
        ("ed25519", &["EdDSA"]),
    ] {
        for alg in algorithms {
            let key = private_jwk(name).to_string();
            let bed = keyed_bed(name, |client| {
                client.private_key(key).token_endpoint_auth_signing_alg(algorithm(alg))
            });
            check(&bed, alg).await;
        }
    }
}

#[tokio::test]
async fn every_private_key_format_logs_in_and_refreshes() {
    let body: String = P256.lines().filter(|line| !line.starts_with("---")).collect();
    let der = STANDARD.decode(body).unwrap();
    check(&keyed_bed("p256", |client| client.private_key_der(&der)), "DER").await;
    for (name, pem) in [
        ("rsa", include_str!("../../client-keys/rsa.pem")),
        ("rsa", include_str!("../../client-keys/rsa.pkcs1.pem")),
        ("p256", P256),
        ("p384", include_str!("../../client-keys/p384.sec1.pem")),
        ("ed25519", include_str!("../../client-keys/ed25519.pem")),
    ] {
        check(&keyed_bed(name, |client| client.private_key(pem)), name).await;
    }
}

#[tokio::test]
async fn token_endpoint_can_be_assertion_audience() {
    let bed = keyed_bed("p256", |client| {
        client.private_key(P256).client_assertion_audience(AssertionAudience::TokenEndpoint)
    });
    check(&bed, "token_endpoint").await;
}

#[tokio::test]
async fn every_client_secret_jwt_hmac_logs_in_and_refreshes() {
    for alg in [None, Some("HS256"), Some("HS384"), Some("HS512")] {
        let client =
            TestClient::confidential("hmac", "a-secret-with-forty-two-characters-at-least");
        let bed = TestBed::with(
            |provider| {
                provider.client(client.auth_method("client_secret_jwt").redirect_uri(CALLBACK))
            },
            |config| {
                let config = config
                    .client_id("hmac")
                    .client_secret("a-secret-with-forty-two-characters-at-least")
                    .token_endpoint_auth_method(AuthMethod::ClientSecretJwt);
                match alg {
                    Some(alg) => config.token_endpoint_auth_signing_alg(algorithm(alg)),
                    None => config,
                }
            },
            |oauth| oauth,
        );
        check(&bed, alg.unwrap_or("by default")).await;
    }
}

#[tokio::test]
async fn client_secret_jwt_is_chosen_only_if_nothing_else_offered() {
    const SUPPORTED: &str = "token_endpoint_auth_methods_supported";
    for (methods, basic) in [
        (json!(["client_secret_jwt", "client_secret_basic"]), true),
        (json!(["client_secret_jwt", "private_key_jwt"]), false),
    ] {
        let bed = TestBed::new();
        bed.provider.inject(Fault::metadata(SUPPORTED, methods));
        bed.log_in(&Browser::default()).await.unwrap();
        assert_eq!(sent(&bed, Endpoint::Token)[0].authorization.is_some(), basic);
    }
    let bed = keyed_bed("p256", |client| client.private_key(P256));
    bed.provider.inject(Fault::metadata(SUPPORTED, json!(["client_secret_basic"])));
    let error = bed.log_in(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let bed = keyed_bed("p256", |client| client.private_key(P256));
    let algorithms = "token_endpoint_auth_signing_alg_values_supported";
    bed.provider.inject(Fault::metadata(algorithms, json!(["RS256"])));
    let error = bed.log_in(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn wrong_key_or_kid_is_error_with_hint() {
    for (known, kid) in [("p384", "k1"), ("p256", "k2")] {
        let bed = keyed_bed(known, |client| client.private_key(P256).private_key_id(kid));
        let error = bed.log_in(&Browser::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert_eq!(error.provider_error().unwrap().error, "invalid_client");
        assert!(error.to_string().contains("`private_key_id`"), "{error}");
        assert_eq!(bed.provider.count(Endpoint::Token), 1);
    }
}

/// The assertion for a provider without metadata: its claims, and that neither key nor assertion is
/// shown.
#[tokio::test]
async fn client_assertion_is_new_per_attempt_and_never_shown() {
    let key = private_jwk("p521");
    let response = json!({"access_token": "t", "token_type": "Bearer"});
    let mut ids = Vec::new();
    for _ in 0..2 {
        let canned = RecordedResponses::default().json("https://as.example/t", &response);
        let table = json!({"oauth": {"as": {
            "client_id": "keyed", "private_key": key, "redirect_uri": CALLBACK,
            "authorize_url": "https://as.example/a", "access_token_url": "https://as.example/t",
        }}});
        let builder = OAuth::builder()
            .discover_clients()
            .load_toml(&toml(&table["oauth"]["as"]))
            .http_client(canned.clone());
        let shown = format!("{builder:?}");
        let oauth = builder.build().unwrap();
        let app = oauth.client("as").unwrap();
        let (url, pending) = app
            .create_authorization_url(CALLBACK.into())
            .await
            .unwrap_or_else(|_| panic!("no login starts"));
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let callback = authlib_core::Params::new().with("code", "c").with("state", state);
        let token = app.fetch_access_token(pending, &callback).await;
        let request = canned.only("https://as.example/t");
        let form = String::from_utf8(request.body().to_vec()).unwrap();
        let form = authlib_core::Params::parse(&form);
        let assertion = form.iter().find(|(name, _)| *name == "client_assertion").unwrap().1;
        let parts: Vec<Value> = assertion
            .split('.')
            .take(2)
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!(parts[0], json!({"alg": "ES512", "kid": "of-the-jwk", "typ": "JWT"}));
        let claims = &parts[1];
        assert_eq!([&claims["iss"], &claims["sub"]], ["keyed", "keyed"]);
        assert_eq!(claims["aud"], "https://as.example/t");
        let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert_eq!(lifetime, 60);
        let id = claims["jti"].as_str().unwrap().to_owned();
        assert!(id.len() >= 43 && !ids.contains(&id), "{id}");
        ids.push(id);
        let shown = format!("{shown} {oauth:?} {app:?} {token:?}");
        for secret in [key["d"].as_str().unwrap(), assertion] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    let config = ClientConfig::new("a").private_key(Secret::new("hush"));
    assert!(!format!("{config:?}").contains("hush"));
}

/// The settings of a client as TOML; the key is a table.
fn toml(client: &Value) -> String {
    let lines = |table: &Value| {
        let entries = table.as_object().unwrap().iter().filter(|(_, value)| value.is_string());
        entries.map(|(name, value)| format!("{name} = {value}\n")).collect::<String>()
    };
    let key = lines(&client["private_key"]);
    format!("[oauth.as]\n{}[oauth.as.private_key]\n{key}", lines(client))
}

/// The browser is not sent to the provider in vain.
#[tokio::test]
async fn method_that_metadata_rule_out_fails_before_redirect() {
    let bed = TestBed::new();
    let methods = serde_json::json!(["private_key_jwt"]);
    bed.provider.inject(Fault::metadata("token_endpoint_auth_methods_supported", methods));
    let error = bed.start(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.to_string().contains("`token_endpoint_auth_method`"), "{error}");
}

/// Most servers do not decode the credentials of RFC 6749 §2.3.1, or accept one audience only.
#[tokio::test]
async fn refused_client_is_told_which_settings_to_try() {
    for (secret, status, body, hint) in [
        ("s3cret+/=", 401, r#"{"error":"invalid_client"}"#, Some("`raw_client_secret_basic`")),
        ("s3cret+/=", 403, "", Some("`client_secret_post`")),
        ("s3cret+/=", 500, "<h1>", Some("`raw_client_secret_basic`")),
        ("s3cret+/=", 400, r#"{"error":"invalid_grant"}"#, None),
        ("plain", 401, r#"{"error":"invalid_client"}"#, None),
    ] {
        let bed = TestBed::with(|p| p, |client| client.client_secret(secret), |oauth| oauth);
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        let back = bed.provider.approve(&url, "alice").unwrap();
        let reply =
            if body.starts_with('{') { Reply::json(status, body) } else { Reply::html(status) };
        bed.provider.inject(Fault::Response(Endpoint::Token, reply));
        let error = bed.finish(&browser, &back).await.unwrap_err().to_string();
        match hint {
            Some(hint) => assert!(error.contains(hint), "{secret} {status}: {error}"),
            None => assert!(!error.contains("raw_client_secret_basic"), "{secret}: {error}"),
        }
        assert!(!error.contains(secret), "{error}");
    }
    let method = AuthMethod::ClientSecretJwt;
    let bed = TestBed::with(
        |provider| provider,
        |client| client.token_endpoint_auth_method(method),
        |oauth| oauth,
    );
    let browser = Browser::default();
    bed.provider
        .inject(Fault::metadata("token_endpoint_auth_methods_supported", "client_secret_jwt"));
    let url = bed.start(&browser).await.unwrap();
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.provider.inject(Fault::Response(Endpoint::Token, Reply::html(403)));
    let error = bed.finish(&browser, &back).await.unwrap_err().to_string();
    assert!(error.contains("`client_assertion_audience`"), "{error}");
}
