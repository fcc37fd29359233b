//! Client authentication of standalone clients at the token, revocation and introspection
//! endpoints.

use authlib_core::hooks::{self, ClientAuth, ClientIdentity, EndpointRequest};
use authlib_core::jose::Algorithm;
use authlib_core::oauth2::AssertionAudience;
use authlib_core::oauth2::AuthMethod;
use authlib_core::transport::BoxFuture;
use authlib_core::{ClientConfig, ErrorKind, Grant, OAuth2Client, Result, Secret, TokenTypeHint};
use authlib_provider::{Endpoint, Fault, RecordedRequest, Reply, TestClient};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::test_bed::keys::{RSA, private_jwk, public_jwk};
use crate::test_bed::recorded::RecordedResponses;
use crate::test_bed::standalone::{carol, public, registered, standalone_bed};
use crate::test_bed::{CALLBACK, ISSUER, TestBed, client, sent};

const LONG: &str = "a-secret-with-forty-two-characters-at-least";

fn with_client(client: TestClient) -> TestBed {
    TestBed::with(|provider| provider.client(client.redirect_uri(CALLBACK)), |c| c, |oauth| oauth)
}

/// The claims of an assertion.
fn claims(seen: &RecordedRequest) -> Value {
    let assertion = seen.secret("client_assertion").unwrap();
    let payload = assertion.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// T095, T150.
#[tokio::test]
async fn standalone_client_secret_post_uses_form() {
    let bed = standalone_bed();
    let config = registered().token_endpoint_auth_method(AuthMethod::ClientSecretPost);
    let client = client(&bed, config);
    client.fetch_token(carol()).await.unwrap();
    client.refresh_token().await.unwrap();
    for asked in sent(&bed, Endpoint::Token) {
        assert_eq!(asked.field("client_id"), Some("app"));
        assert!(asked.secret("client_secret").is_some());
        assert!(asked.authorization.is_none());
    }
}

/// H31: Special characters are encoded (RFC 6749 §2.3.1); Authlib does not encode them.
#[tokio::test]
async fn special_ids_and_secrets_work_with_basic_and_post() {
    for (id, secret) in [
        ("i:d", "a:b:c"),
        ("100%", "%41%zz%"),
        ("a+b c", "+a b+"),
        ("j\u{fc}rgen", "p\u{e4}ss\u{1f511}"),
        ("https://app.example/?a=b&c", "&=#\"\\/"),
    ] {
        for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
            let known = TestClient::confidential(id, secret).auth_method(method.name());
            let bed = with_client(known);
            let config = registered().client_id(id).client_secret(secret);
            let client = client(&bed, config.token_endpoint_auth_method(method));
            let token = client.fetch_token(Grant::client_credentials()).await;
            assert!(token.is_ok(), "{id} {method:?}: {token:?}");
        }
        let bed = with_client(TestClient::confidential(id, "another"));
        let client = client(&bed, registered().client_id(id).client_secret(secret));
        let error = client.fetch_token(Grant::client_credentials()).await.unwrap_err();
        assert_eq!(error.provider_error().unwrap().error, "invalid_client", "{id}");
    }
}

/// A token request, an introspection and a revocation, each with a new assertion.
async fn signs(bed: &TestBed, client: &OAuth2Client, case: &str) {
    for _ in 0..2 {
        let token = client.fetch_token(Grant::client_credentials()).await;
        let token = token.unwrap_or_else(|error| panic!("{case}: {error}"));
        let known = client.introspect_token(&token.access_token, None).await.unwrap();
        assert!(known.active(), "{case}");
        client.revoke_token().await.unwrap();
    }
    let mut ids = Vec::new();
    for asked in bed.provider.received_requests() {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        assert_eq!(asked.field("client_assertion_type"), Some(kind), "{case}");
        assert!(!asked.names.contains(&"client_secret".to_owned()), "{case}");
        assert!(asked.authorization.is_none(), "{case}");
        ids.push(claims(&asked)["jti"].as_str().unwrap().to_owned());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "{case}");
}

/// T113, T114: Authlib registers an object; here it is a setting, and key or secret can have any
/// format.
#[tokio::test]
async fn client_secret_jwt_sends_assertion_and_type() {
    let plain = || {
        registered()
            .client_id("hmac")
            .client_secret(LONG)
            .token_endpoint_auth_method(AuthMethod::ClientSecretJwt)
    };
    for (config, case) in [
        (plain(), "by default"),
        (plain().token_endpoint_auth_signing_alg(Algorithm::Hs384), "HS384"),
    ] {
        let bed =
            with_client(TestClient::confidential("hmac", LONG).auth_method("client_secret_jwt"));
        let audience = AssertionAudience::TokenEndpoint;
        let elsewhere = client(&bed, config.clone().client_assertion_audience(audience));
        elsewhere.fetch_token(Grant::client_credentials()).await.unwrap();
        bed.provider.clear_requests();
        signs(&bed, &client(&bed, config.issuer(ISSUER)), case).await;
    }
}

fn keyed(key: impl Into<Secret>) -> (TestBed, ClientConfig) {
    let jwks = json!({ "keys": [public_jwk("rsa", "k1")] });
    let bed = with_client(TestClient::public("keyed").auth_method("private_key_jwt").jwks(jwks));
    let config = public().client_id("keyed").private_key(key).private_key_id("k1");
    (bed, config.issuer(ISSUER))
}

/// T115, T116.
#[tokio::test]
async fn private_key_jwt_accepts_pem_and_jwk() {
    for (form, key) in [("PEM", RSA.to_owned()), ("JWK", private_jwk("rsa").to_string())] {
        let (bed, config) = keyed(key);
        signs(&bed, &client(&bed, config), form).await;
    }
}

/// H16: Authlib writes the first `jti` into the caller's claims and reuses it.
#[tokio::test]
async fn custom_claims_are_in_each_assertion_with_new_jti() {
    let (bed, config) = keyed(RSA);
    let config = config.client_assertion_claim("tier", json!([1, 2]));
    signs(&bed, &client(&bed, config), "with claims").await;
    for asked in bed.provider.received_requests() {
        assert_eq!(claims(&asked)["tier"], json!([1, 2]));
    }
}

/// Sends id and secret in the URL, against every RFC.
struct InTheUrl;

impl ClientAuth for InTheUrl {
    fn authenticate<'a>(
        &'a self,
        client: ClientIdentity<'a>,
        mut request: EndpointRequest,
    ) -> BoxFuture<'a, Result<EndpointRequest>> {
        Box::pin(async move {
            let secret = client.client_secret.unwrap().expose();
            let mut pairs = request.url.query_pairs_mut();
            pairs.append_pair("client_id", client.client_id).append_pair("client_secret", secret);
            drop(pairs);
            Ok(request)
        })
    }
}

/// T117.
#[tokio::test]
async fn custom_authentication_can_put_credentials_in_url() {
    let url = "https://as.example/t?tenant=1&client_id=i%3Ad&client_secret=s+%26";
    let response = json!({"access_token": "t", "token_type": "Bearer"});
    let canned = RecordedResponses::default().json(url, &response);
    let config = ClientConfig::new("odd")
        .client_id("i:d")
        .client_secret("s &")
        .token_endpoint("https://as.example/t?tenant=1")
        .client_auth(InTheUrl);
    let client = OAuth2Client::builder(config).http_client(canned.clone()).build().unwrap();
    client.fetch_token(Grant::client_credentials()).await.unwrap();
    let request = canned.only(url);
    assert_eq!(request.body().as_ref(), b"grant_type=client_credentials");
    assert!(!request.headers().contains_key("authorization"));
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
}

/// Sends a key in a header, or fails without one.
struct ApiKey(Option<&'static str>);

impl ClientAuth for ApiKey {
    fn authenticate<'a>(
        &'a self,
        client: ClientIdentity<'a>,
        mut request: EndpointRequest,
    ) -> BoxFuture<'a, Result<EndpointRequest>> {
        Box::pin(async move {
            let none = || authlib_core::Error::new(ErrorKind::Config, "the key is lost");
            let key = self.0.ok_or_else(none)?;
            let value = format!("{key} {:?}", client.endpoint).parse().unwrap();
            request.headers.insert("x-api-key", value);
            Ok(request)
        })
    }
}

/// T117.
#[tokio::test]
async fn custom_authentication_applies_to_one_endpoint() {
    let bed = standalone_bed();
    let at = hooks::Endpoint::Revocation;
    let client = client(&bed, registered().client_auth_for(at, ApiKey(Some("k"))));
    let token = client.fetch_token(carol()).await.unwrap();
    client.introspect_token(&token.access_token, None).await.unwrap();
    bed.provider.inject(Fault::Response(Endpoint::Revoke, Reply::json(200, "")));
    client.revoke_token().await.unwrap();
    for seen in bed.provider.received_requests() {
        let revoked = seen.endpoint == Endpoint::Revoke;
        assert_eq!(seen.authorization.is_none(), revoked, "{:?}", seen.endpoint);
        assert_eq!(seen.header("x-api-key"), revoked.then_some("k Revocation"));
    }

    let everywhere = registered().client_auth(ApiKey(Some("e"))).client_auth_for(at, ApiKey(None));
    let client = self::client(&bed, everywhere);
    bed.provider.clear_requests();
    assert!(client.fetch_token(carol()).await.is_err(), "the provider knows no such key");
    assert_eq!(bed.provider.received_requests()[0].header("x-api-key"), Some("e Token"));
    client.set_token(&token).await.unwrap();
    let error = client.revoke_token().await.unwrap_err();
    assert!(error.to_string().contains("the key is lost"), "{error}");
    assert_eq!(bed.provider.count(Endpoint::Revoke), 0);
}

/// T111, T160: Authlib accepts any hint and body; here the hint is that of the revoked token.
#[tokio::test]
async fn standalone_revocation_sends_hint_and_clears_token() {
    let bed = standalone_bed();
    let client = client(&bed, registered());
    for (grant, hint) in [(carol(), "refresh_token"), (Grant::client_credentials(), "access_token")]
    {
        let token = client.fetch_token(grant).await.unwrap();
        client.revoke_token().await.unwrap();
        let asked = sent(&bed, Endpoint::Revoke).pop().unwrap();
        assert_eq!(asked.names, ["token", "token_type_hint"]);
        assert_eq!(asked.field("token_type_hint"), Some(hint));
        let revoked = token.refresh_token.as_ref().unwrap_or(&token.access_token);
        assert_eq!(asked.secret("token"), Some(revoked.expose()));
        assert!(client.token().await.unwrap().is_none());
        assert!(!client.introspect_token(&token.access_token, None).await.unwrap().active());
    }
}

/// T112.
#[tokio::test]
async fn introspection_returns_endpoint_response() {
    let bed = standalone_bed();
    let client = client(&bed, registered());
    let token = client.fetch_token(carol()).await.unwrap();
    bed.provider.inject(Fault::introspection("tier", 3));
    for hint in [None, Some(TokenTypeHint::AccessToken)] {
        let response = client.introspect_token(&token.access_token, hint).await.unwrap();
        assert!(response.active());
        assert_eq!(response.scope(), Some("read write"));
        assert_eq!(response.client_id(), Some("app"));
        assert_eq!(response.get::<u8>("tier").unwrap(), Some(3));
        let asked = sent(&bed, Endpoint::Introspect).pop().unwrap();
        assert_eq!(asked.field("token_type_hint").is_some(), hint.is_some());
    }
}
