//! Tokens that are bound to a key (DPoP, RFC 9449).

use authlib_core::config::{Dpop, Refresh};
use authlib_core::jose::Algorithm;
use authlib_core::store::StoredToken;
use authlib_core::{ClientConfig, ErrorKind, Token};
use authlib_provider::{Endpoint, Fault, RecordedRequest, TestClient};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::test_bed::keys::{P256, RSA};
use crate::test_bed::service::service;
use crate::test_bed::{Browser, CALLBACK, HOUR, TestBed, client, sent};

fn bed(config: impl FnOnce(ClientConfig) -> ClientConfig) -> TestBed {
    TestBed::with(|provider| provider, config, |oauth| oauth)
}

/// A part of the proof of a request: its header (0) or its claims (1).
fn proof(request: &RecordedRequest, part: usize) -> Value {
    let proof = request.header("dpop").expect("a proof");
    let part = URL_SAFE_NO_PAD.decode(proof.split('.').nth(part).unwrap()).unwrap();
    serde_json::from_slice(&part).unwrap()
}

fn last(bed: &TestBed, endpoint: Endpoint) -> RecordedRequest {
    sent(bed, endpoint).pop().unwrap()
}

#[tokio::test]
async fn login_binds_its_token_to_a_key_of_its_own() {
    let bed = bed(|client| client.dpop(Dpop::Login));
    let mut keys = Vec::new();
    for _ in 0..2 {
        let browser = Browser::default();
        let login = bed.log_in(&browser).await.unwrap();
        assert_eq!(login.user.token().unwrap().token_type, "DPoP");
        let app = bed.app();
        let response = app.get("user?a=b", &login.owner()).send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", String::from_utf8_lossy(response.body()));
        let request = last(&bed, Endpoint::Api);
        assert!(request.header("authorization").unwrap().starts_with("DPoP "));
        let claims = proof(&request, 1);
        assert_eq!(claims["htm"], "GET");
        assert_eq!(claims["htu"], "https://op.example/api/user");
        assert!(claims["ath"].is_string());
        let at_token = last(&bed, Endpoint::Token);
        assert_eq!(proof(&at_token, 1)["htu"], "https://op.example/token");
        assert!(proof(&at_token, 1).get("ath").is_none());
        assert_eq!(proof(&at_token, 0)["typ"], "dpop+jwt");
        let jwk = proof(&request, 0)["jwk"].clone();
        assert_eq!(jwk, proof(&at_token, 0)["jwk"]);
        assert!(jwk.get("d").is_none(), "the proof has the public key only");
        keys.push(jwk);
        app.userinfo(&login.owner()).await.unwrap();
        assert!(proof(&last(&bed, Endpoint::UserInfo), 1)["ath"].is_string());
    }
    assert_ne!(keys[0], keys[1]);
}

/// RFC 9449 §10: the provider refuses a code with a proof of another key.
#[tokio::test]
async fn authorization_request_names_the_key() {
    let bed = bed(|client| client.dpop(Dpop::Login));
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let jkt = url.split("dpop_jkt=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(jkt.len(), 43);
    let other = url.replace(jkt, &"x".repeat(43));
    let back = bed.provider.approve(&other, "alice").unwrap();
    let error = bed.finish(&browser, &back).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "invalid_grant");
}

#[tokio::test]
async fn configured_key_signs_all_proofs() {
    for (key, alg, name) in [
        (P256, None, "ES256"),
        (RSA, Some(Algorithm::Ps256), "PS256"),
        (RSA, Some(Algorithm::Rs256), "RS256"),
    ] {
        let bed = bed(|client| {
            let client = client.dpop_key(key);
            match alg {
                Some(alg) => client.dpop_signing_alg(alg),
                None => client,
            }
        });
        let login = bed.log_in(&Browser::default()).await.unwrap();
        let jwk = proof(&last(&bed, Endpoint::Token), 0)["jwk"].clone();
        assert_eq!(bed.app().get("user", &login.owner()).send().await.unwrap().status(), 200);
        let header = proof(&last(&bed, Endpoint::Api), 0);
        assert_eq!((header["alg"].as_str(), &header["jwk"]), (Some(name), &jwk));
    }
}

#[tokio::test]
async fn ed25519_key_is_generated_if_it_is_set() {
    for dpop in [Dpop::Login, Dpop::Client] {
        let bed = bed(|client| client.dpop(dpop).dpop_signing_alg(Algorithm::EdDsa));
        let login = bed.log_in(&Browser::default()).await.unwrap();
        assert_eq!(bed.app().get("user", &login.owner()).send().await.unwrap().status(), 200);
        assert_eq!(proof(&last(&bed, Endpoint::Api), 0)["jwk"]["crv"], "Ed25519");
    }
}

/// RFC 9449 §8 and §9: each origin's nonce is kept for its next proof.
#[tokio::test]
async fn nonce_of_the_server_is_sent_after_one_retry() {
    let bed = bed(|client| client.dpop(Dpop::Login));
    bed.provider.inject(Fault::DpopNonce);
    bed.provider.inject(Fault::DpopScheme("dPOP".to_owned()));
    let browser = Browser::default();
    let login = bed.log_in(&browser).await.unwrap();
    let [first, second] = &sent(&bed, Endpoint::Token)[..] else { panic!("not two requests") };
    assert!(proof(first, 1).get("nonce").is_none() && proof(second, 1)["nonce"].is_string());
    assert_ne!(proof(first, 1)["jti"], proof(second, 1)["jti"]);
    let app = bed.app();
    // The provider has one nonce for all its endpoints, and so needs no further retry.
    assert_eq!(app.get("user", &login.owner()).send().await.unwrap().status(), 200);
    assert_eq!(sent(&bed, Endpoint::Api).len(), 1);
    // The next minute has another nonce.
    bed.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(app.get("user", &login.owner()).send().await.unwrap().status(), 200);
    assert_eq!(sent(&bed, Endpoint::Api).len(), 3);
    bed.clock.advance(std::time::Duration::from_secs(61));
    app.userinfo(&login.owner()).await.unwrap();
    bed.clock.advance(std::time::Duration::from_secs(61));
    let streamed = app.get("user", &login.owner()).send_streaming().await.unwrap();
    assert_eq!(streamed.status(), 200);
    bed.clock.advance(std::time::Duration::from_secs(61));
    let at_hand = app.request_with(http::Method::GET, "user", login.user.token().unwrap());
    assert_eq!(at_hand.send().await.unwrap().status(), 200);
}

/// B23: two requests, then the error.
#[tokio::test]
async fn server_that_never_accepts_a_nonce_gets_two_requests() {
    let bed = bed(|client| client.dpop(Dpop::Login));
    let login = bed.log_in(&Browser::default()).await.unwrap();
    bed.provider.inject(Fault::DpopNonceNeverAccepted);
    bed.provider.clear_requests();
    let response = bed.app().get("user", &login.owner()).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(sent(&bed, Endpoint::Api).len(), 2);
    let error = bed.app().refresh_token(&login.owner()).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "use_dpop_nonce");
    assert_eq!(sent(&bed, Endpoint::Token).len(), 2);
}

/// B11: a bearer token is a downgrade.
#[tokio::test]
async fn bearer_token_is_refused_if_dpop_is_required() {
    let required = bed(|client| client.dpop_bound_access_tokens(true));
    required.provider.inject(Fault::token("token_type", "Bearer"));
    let error = required.log_in(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(error.to_string().contains("expected DPoP"), "{error}");
    let optional = bed(|client| client.dpop(Dpop::Login).dpop_bound_access_tokens(false));
    optional.provider.inject(Fault::token("token_type", "Bearer"));
    assert_eq!(
        optional.log_in(&Browser::default()).await.unwrap().user.token().unwrap().token_type,
        "Bearer"
    );
}

/// B11 of the other side: a client without DPoP has no key for such a token.
#[tokio::test]
async fn dpop_token_is_refused_without_a_key() {
    let bed = bed(|client| client);
    bed.provider.inject(Fault::token("token_type", "DPoP"));
    let error = bed.log_in(&Browser::default()).await.unwrap_err();
    assert!(error.to_string().contains("expected Bearer"), "{error}");
}

#[tokio::test]
async fn token_type_is_compared_in_any_letter_case() {
    for name in ["dpop", "DPOP", "dPoP"] {
        let bed = bed(|client| client.dpop(Dpop::Login));
        bed.provider.inject(Fault::token("token_type", name));
        let login = bed.log_in(&Browser::default()).await.unwrap();
        assert_eq!(bed.app().get("user", &login.owner()).send().await.unwrap().status(), 200);
    }
}

/// RFC 9449 §5: the refresh token of a public client is bound to the key, which is stored with the token.
#[tokio::test]
async fn public_client_refreshes_with_the_key_of_the_login() {
    let public = TestClient::public("spa").redirect_uri(CALLBACK);
    let bed = TestBed::with(
        |provider| provider.client(public),
        |client| client.client_id("spa").client_secret("").dpop(Dpop::Login),
        |oauth| oauth,
    );
    let login = bed.log_in(&Browser::default()).await.unwrap();
    let jwk = proof(&last(&bed, Endpoint::Token), 0)["jwk"].clone();
    bed.clock.advance(HOUR);
    assert_eq!(bed.app().get("user", &login.owner()).send().await.unwrap().status(), 200);
    let refresh = last(&bed, Endpoint::Token);
    assert_eq!(refresh.field("grant_type"), Some("refresh_token"));
    assert_eq!(proof(&refresh, 0)["jwk"], jwk);
    // A rejected token is refreshed after a DPoP challenge too.
    bed.provider.expire_access_tokens();
    assert_eq!(bed.app().get("user", &login.owner()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn program_gets_bound_tokens() {
    let bed = crate::test_bed::service::service_bed();
    for dpop in [Dpop::Login, Dpop::Client] {
        let config = service().refresh_with(Refresh::ClientCredentials).dpop(dpop);
        let program = client(&bed, config);
        for _ in 0..2 {
            assert_eq!(program.get("user").send().await.unwrap().status(), 200);
            bed.clock.advance(HOUR);
        }
        assert!(last(&bed, Endpoint::Api).header("authorization").unwrap().starts_with("DPoP "));
    }
}

/// A DPoP token is never sent as a bearer token (RFC 9449 §7.1).
#[tokio::test]
async fn dpop_token_without_its_key_is_not_sent() {
    let bed = bed(|client| client.dpop(Dpop::Login));
    let login = bed.log_in(&Browser::default()).await.unwrap();
    let mut stored =
        serde_json::to_value(StoredToken::from(login.user.token().unwrap().clone())).unwrap();
    let key = stored.as_object_mut().unwrap().remove("dpop_key").unwrap();
    let token = Token::from(serde_json::from_value::<StoredToken>(stored).unwrap());
    bed.provider.clear_requests();
    let request = bed.app().request_with(http::Method::GET, "user", &token);
    let error = request.send().await.unwrap_err();
    assert!(error.to_string().contains("bound to a DPoP key"), "{error}");
    assert!(bed.provider.received_requests().is_empty());
    // B24: the key is not shown.
    assert!(!format!("{:?}", login.user.token().unwrap()).contains(key.as_str().unwrap()));
}

#[tokio::test]
async fn stolen_token_is_worthless_without_the_key() {
    let bed = bed(|client| client.dpop(Dpop::Login));
    let login = bed.log_in(&Browser::default()).await.unwrap();
    let stolen = Token::bearer(login.user.token().unwrap().access_token.clone());
    let request = bed.app().request_with(http::Method::GET, "user", &stolen);
    assert_eq!(request.send().await.unwrap().status(), 401);
}

/// RFC 9449 §10.1.
#[tokio::test]
async fn pushed_request_has_a_proof_with_the_nonce() {
    let bed = TestBed::with(
        |provider| provider.pushed_authorization(true),
        |client| client.dpop(Dpop::Login),
        |oauth| oauth,
    );
    bed.provider.inject(Fault::DpopNonce);
    bed.log_in(&Browser::default()).await.unwrap();
    let [first, second] = &sent(&bed, Endpoint::PushedAuthorization)[..] else {
        panic!("not two requests")
    };
    assert!(proof(first, 1).get("nonce").is_none() && proof(second, 1)["nonce"].is_string());
    let token = last(&bed, Endpoint::Token);
    assert_eq!(proof(second, 0)["jwk"], proof(&token, 0)["jwk"]);
}
