//! Logins at oidc-provider, a certified OpenID provider, and at oauthlib's OAuth 1.0a server.

use authlib_conformance::{Browser, Interop, InteropClient, Page, TestKey};
use reqwest::Method;
use serde_json::json;

async fn whole_trip(package: &str, auth_method: &'static str, algorithm: &'static str) {
    let client = InteropClient { auth_method, algorithm };
    let Some(interop) = Interop::start(package, client).await else { return };
    let browser = Browser::new();
    let home = interop.log_in(&browser, "allow").await;
    assert_eq!(home.url.as_str(), interop.url("/"), "{}\n{}", home.body, interop.app.log());
    let profile = browser.get(interop.url("/profile")).await.json();
    assert_eq!(profile["sub"], "alice");
    assert_eq!(profile["claims"]["iss"], interop.issuer);
    assert_eq!(profile["claims"]["email"], "alice@example.com");
    assert_eq!(profile["token"]["has_refresh_token"], true);
    // Its tokens live for five seconds, so each call refreshes; using a refresh token twice would
    // revoke them all.
    for _ in 0..3 {
        let user = browser.get(interop.url("/userinfo/op")).await;
        assert_eq!(user.status, 200, "{}\n{}", user.body, interop.app.log());
        assert_eq!(user.json()["name"], "Alice Example");
    }
    let api = browser.get(interop.url("/api/op/me")).await;
    assert_eq!(api.json()["sub"], "alice", "{}", api.body);
    let out = interop.log_out(&browser).await;
    assert_eq!(out.status, 200, "{}", out.body);
    assert!(out.url.as_str().starts_with(&interop.url("/logged-out?state=")), "{}", out.url);
    assert_eq!(browser.get(interop.url("/profile")).await.status, 401);
}

pub(crate) async fn rs256_with_client_secret_basic(package: &str) {
    whole_trip(package, "client_secret_basic", "RS256").await;
}

pub(crate) async fn es256_with_client_secret_post(package: &str) {
    whole_trip(package, "client_secret_post", "ES256").await;
}

pub(crate) async fn eddsa_as_a_public_client(package: &str) {
    whole_trip(package, "none", "EdDSA").await;
}

pub(crate) async fn ps256_with_client_secret_basic(package: &str) {
    whole_trip(package, "client_secret_basic", "PS256").await;
}

pub(crate) async fn rs256_with_client_secret_jwt(package: &str) {
    whole_trip(package, "client_secret_jwt", "RS256").await;
}

pub(crate) async fn es256_with_private_key_jwt(package: &str) {
    whole_trip(package, "private_key_jwt", "ES256").await;
}

pub(crate) async fn ps256_with_private_key_jwt(package: &str) {
    whole_trip(package, "private_key_jwt", "PS256").await;
}

pub(crate) async fn eddsa_with_private_key_jwt(package: &str) {
    whole_trip(package, "private_key_jwt", "EdDSA").await;
}

/// The app shows the user of a login that is finished.
async fn assert_logged_in(interop: &Interop, browser: &Browser, home: &Page) {
    let shown = format!("{}\n{}", home.body, interop.app.log());
    assert_eq!(home.url.as_str(), interop.url("/"), "{shown}");
    assert_eq!(browser.get(interop.url("/profile")).await.json()["sub"], "alice");
}

/// FAPI 2.0 Message Signing: pushed, signed request objects, and signed responses.
pub(crate) async fn pushed_signed_requests_and_signed_responses(package: &str) {
    for mode in ["jwt", "query.jwt"] {
        let features = ["jwtResponseModes", "pushedAuthorizationRequests", "requestObjects"];
        let metadata = json!({
            "authorization_signed_response_alg": "ES256",
            "request_object_signing_alg": "ES256",
            "require_signed_request_object": true,
            "require_pushed_authorization_requests": true,
        });
        let settings = format!(
            "response_mode = '{mode}'\nrequest_object_signing_alg = 'ES256'\n\
             require_pushed_authorization_requests = true"
        );
        let interop = Interop::with_features(package, &features, metadata, &settings).await;
        let Some(interop) = interop else { return };
        let browser = Browser::new();
        let start = browser.get(interop.url("/login/op")).await.location();
        assert_eq!(start.query_pairs().count(), 2, "{start}");
        let home = interop.log_in(&browser, "allow").await;
        assert_logged_in(&interop, &browser, &home).await;
    }
}

/// FAPI 1.0 Advanced: a signed request object by value, and an ID token in the response.
pub(crate) async fn signed_request_with_hybrid_response(package: &str) {
    for response_type in ["code id_token", "id_token"] {
        let metadata = json!({
            "response_types": [response_type],
            "request_object_signing_alg": "ES256",
        });
        let settings = format!(
            "response_type = '{response_type}'\nrequest_object_signing_alg = 'ES256'\n\
             use_pushed_authorization_requests = false"
        );
        let interop =
            Interop::with_features(package, &["requestObjects"], metadata, &settings).await;
        let Some(interop) = interop else { return };
        let browser = Browser::new();
        let home = interop.log_in_by_fragment(&browser).await;
        assert_logged_in(&interop, &browser, &home).await;
    }
}

/// Encrypted ID tokens, user info and responses, and request objects that are encrypted to the provider.
pub(crate) async fn encrypted_tokens_and_requests(package: &str) {
    for (alg, enc) in
        [("RSA-OAEP", "A128CBC-HS256"), ("RSA-OAEP-256", "A256GCM"), ("ECDH-ES", "A256CBC-HS512")]
    {
        let key = TestKey::for_algorithm(if alg.starts_with("RSA") { "RS256" } else { "ES256" });
        let signing = TestKey::for_algorithm("ES256").public_jwk;
        let mut encryption = key.public_jwk.clone();
        (encryption["use"], encryption["kid"]) = ("enc".into(), "for encryption".into());
        let features = ["encryption", "jwtResponseModes", "jwtUserinfo", "requestObjects"];
        let metadata = json!({
            "jwks": { "keys": [signing, encryption] },
            "id_token_encrypted_response_alg": alg,
            "id_token_encrypted_response_enc": enc,
            "userinfo_signed_response_alg": "ES256",
            "userinfo_encrypted_response_alg": alg,
            "userinfo_encrypted_response_enc": enc,
            "authorization_signed_response_alg": "ES256",
            "authorization_encrypted_response_alg": alg,
            "authorization_encrypted_response_enc": enc,
            "request_object_signing_alg": "ES256",
            "request_object_encryption_alg": "RSA-OAEP-256",
            "request_object_encryption_enc": enc,
        });
        let names = ["id_token", "userinfo", "authorization"].map(|name| {
            format!(
                "{name}_encrypted_response_alg = '{alg}'\n{name}_encrypted_response_enc = '{enc}'\n"
            )
        });
        let settings = format!(
            "decryption_keys = [\"\"\"{}\"\"\"]\nresponse_mode = 'query.jwt'\n{}\
             userinfo_signed_response_alg = 'ES256'\nrequest_object_signing_alg = 'ES256'\n\
             request_object_encryption_alg = 'RSA-OAEP-256'\nrequest_object_encryption_enc = '{enc}'",
            key.private_pem,
            names.concat()
        );
        let interop = Interop::with_features(package, &features, metadata, &settings).await;
        let Some(interop) = interop else { return };
        let browser = Browser::new();
        let home = interop.log_in(&browser, "allow").await;
        assert_logged_in(&interop, &browser, &home).await;
    }
}

pub(crate) async fn denied_consent_is_403(package: &str) {
    let client = InteropClient { auth_method: "client_secret_basic", algorithm: "RS256" };
    let Some(interop) = Interop::start(package, client).await else { return };
    let browser = Browser::new();
    let page = interop.log_in(&browser, "deny").await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert_eq!(browser.get(interop.url("/profile")).await.status, 401);
}

async fn oauth1_trip(package: &str, method: &str, placement: &str) {
    let Some(interop) = Interop::oauth1(package, method, placement, "allow").await else { return };
    let browser = Browser::new();
    let home = interop.log_in(&browser, "allow").await;
    assert_eq!(home.url.as_str(), interop.url("/"), "{}\n{}", home.body, interop.app.log());
    let profile = browser.get(interop.url("/profile")).await.json();
    assert_eq!(
        (&profile["sub"], &profile["claims"]["name"]),
        (&json!("alice"), &json!("Alice Example"))
    );
    let user = browser.get(interop.url("/userinfo/op")).await;
    assert_eq!(user.json()["email"], "alice@example.com", "{}", user.body);
    let echo = browser.get(interop.url("/api/op/echo?a=it's+%26&a=%C3%A9&b=")).await;
    assert_eq!(echo.json()["query"], json!([["a", "it's &"], ["a", "é"], ["b", ""]]));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = Some("status=%2B+%25&status=&x=%3D".to_owned());
    let echo = browser.request(Method::POST, interop.url("/api/op/echo"), &form, body).await;
    assert_eq!(echo.json()["form"], json!([["status", "+ %"], ["status", ""], ["x", "="]]));
}

pub(crate) async fn oauth1_by_hmac_sha1_in_the_header(package: &str) {
    oauth1_trip(package, "HMAC-SHA1", "HEADER").await;
}

pub(crate) async fn oauth1_by_rsa_sha1_in_the_query(package: &str) {
    oauth1_trip(package, "RSA-SHA1", "QUERY").await;
}

pub(crate) async fn oauth1_by_hmac_sha256_in_the_header(package: &str) {
    oauth1_trip(package, "HMAC-SHA256", "HEADER").await;
}

pub(crate) async fn oauth1_denial_is_403(package: &str) {
    let Some(interop) = Interop::oauth1(package, "HMAC-SHA1", "HEADER", "deny").await else {
        return;
    };
    let browser = Browser::new();
    let page = interop.log_in(&browser, "deny").await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert_eq!(browser.get(interop.url("/profile")).await.status, 401);
}
