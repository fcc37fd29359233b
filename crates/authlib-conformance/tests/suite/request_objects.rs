//! Authorization requests as JWTs (RFC 9101), by value, pushed and by reference.

use authlib_conformance::{App, Browser, Fixture, TestKey};
use authlib_provider::Endpoint;
use serde_json::json;
use url::Url;

/// An app whose client signs its requests with this algorithm.
async fn fixture(package: &str, algorithm: &str, settings: &str) -> Fixture {
    let key = TestKey::for_algorithm(algorithm);
    let settings = format!(
        "token_endpoint_auth_method = 'client_secret_basic'\nrequest_object_signing_alg = '{algorithm}'\n\
         private_key = \"\"\"{}\"\"\"\nprivate_key_id = {}\n{settings}",
        key.private_pem, key.public_jwk["kid"]
    );
    let jwks = json!({ "keys": [key.public_jwk] });
    Fixture::with_client(
        package,
        |client| client.jwks(jwks).request_object_signing_alg(algorithm),
        &settings,
    )
    .await
}

/// The names of the parameters, in alphabetical order.
fn names(url: &Url) -> Vec<String> {
    let mut names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    names.sort_unstable();
    names
}

pub(crate) async fn signed_request_object_is_sent_by_value(package: &str) {
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let fixture = fixture(package, algorithm, "max_age = 3600").await;
        let browser = Browser::new();
        let start = browser.get(fixture.url("/login/op")).await.location();
        assert_eq!(names(&start), ["client_id", "request", "response_type", "scope"]);
        let changed = start.as_str().replacen("scope=openid", "scope=openid%20admin", 1);
        assert!(fixture.provider().approve(&changed, "alice").is_none(), "{algorithm}");
        assert_eq!(fixture.log_in(&browser).await.status, 303, "{algorithm}");
        assert!(fixture.is_alice(&browser).await, "{algorithm}");
    }
}

pub(crate) async fn request_object_is_served_once_configured_by_reference(package: &str) {
    let by_reference = "request_uri = '/request-object/op'";
    let unsigned = format!("{by_reference}\ndangerous_unsigned_request_object = true");
    let signed = fixture(package, "PS256", by_reference).await;
    let with_none =
        |client: authlib_provider::TestClient| client.request_object_signing_alg("none");
    let unsigned = Fixture::with_client(package, with_none, &unsigned).await;
    for fixture in [signed, unsigned] {
        request_object_is_served(&fixture).await;
    }
}

async fn request_object_is_served(fixture: &Fixture) {
    let browser = Browser::new();
    let start = browser.get(fixture.url("/login/op")).await.location();
    assert_eq!(names(&start), ["client_id", "request_uri", "response_type", "scope"]);
    let pairs: Vec<_> = start.query_pairs().into_owned().collect();
    let request_uri = pairs[3].1.clone();
    assert!(request_uri.starts_with(&fixture.url("/request-object/op/")), "{request_uri}");
    let object = Browser::new().get(&request_uri).await;
    assert_eq!(object.status, 200, "{}", object.body);
    assert_eq!(object.header("content-type"), "application/oauth-authz-req+jwt");
    assert_eq!(object.header("cache-control"), "no-store");
    let unknown = Browser::new().get(format!("{request_uri}x")).await;
    assert_eq!(unknown.status, 404);
    // The embedded provider sends no requests: what it would have fetched is put into the URL.
    let mut by_value = start.clone();
    by_value
        .query_pairs_mut()
        .clear()
        .extend_pairs(&pairs[..3])
        .append_pair("request", &object.body);
    let back = fixture.provider().approve(by_value.as_str(), "alice").unwrap();
    assert_eq!(browser.get(back.as_str()).await.status, 303);
    assert!(fixture.is_alice(&browser).await);
}

pub(crate) async fn unsigned_request_object_needs_a_dangerous_setting(package: &str) {
    let change = |client: authlib_provider::TestClient| client.request_object_signing_alg("none");
    let settings = "dangerous_unsigned_request_object = true";
    let fixture = Fixture::with_client(package, change, settings).await;
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303);
    assert_eq!(fixture.count(Endpoint::Token), 1);
    let client =
        "[oauth.op]\nclient_id = 'app'\nclient_secret = 's'\nissuer = 'https://op.example'\n";
    for (settings, says) in [
        ("request_object_signing_alg = 'none'", "`request_object_signing_alg`"),
        ("request_object_signing_alg = 'RS256'", "`request_object_signing_alg`"),
        ("request_uri = '/request-object/op'", "`request_uri`"),
        (
            "request_object_signing_alg = 'HS256'\ndangerous_unsigned_request_object = true",
            "contradicts",
        ),
    ] {
        let output = App::refuse(package, &format!("{client}{settings}\n")).await;
        assert!(output.contains(says), "{settings}: {output}");
    }
}

pub(crate) async fn request_object_is_pushed_without_other_parameters(package: &str) {
    let key = TestKey::for_algorithm("ES256");
    let jwks = json!({ "keys": [key.public_jwk] });
    let fixture = Fixture::with(
        package,
        |provider| {
            let client = authlib_provider::TestClient::confidential("signer", Fixture::secret());
            let client = client.any_loopback_redirect().jwks(jwks).request_object_signing_alg("ES256");
            provider.client(client).pushed_authorization(true)
        },
        &format!(
            "\n[oauth.signer]\nissuer = 'ISSUER'\nclient_id = 'signer'\nclient_secret = '{}'\n\
             token_endpoint_auth_method = 'client_secret_post'\nrequest_object_signing_alg = 'ES256'\n\
             request_uri = '/request-object/signer'\nprivate_key = \"\"\"{}\"\"\"\nprivate_key_id = {}\n",
            Fixture::secret(), key.private_pem, key.public_jwk["kid"]
        ),
    )
    .await;
    let browser = Browser::new();
    let start = browser.get(fixture.url("/login/signer")).await.location();
    assert_eq!(names(&start), ["client_id", "request_uri"]);
    assert_eq!(fixture.count(Endpoint::PushedAuthorization), 1);
    let back = fixture.provider().approve(start.as_str(), "alice").unwrap();
    assert_eq!(browser.get(back.as_str()).await.status, 303);
}
