//! [`OAuth1Client`]: the steps of a login without a session (RFC 5849 §2), and its token.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::OAuth;
use authlib_core::hooks::OAuth1Signature;
use authlib_core::oauth1::{TemporaryCredentials, Token as OAuth1Token};
use authlib_core::store::{FnTokenStore, StoredToken};
use authlib_core::{
    ClientConfig, ErrorKind, OAuth1Client, OAuth2Client, Params, Result, Secret, Token,
};
use authlib_provider::{Endpoint, Fault};
use serde_json::{Value, json};

use crate::test_bed::oauth1::{
    PLACEMENTS, client, client_with, log_in, logged_in, place, settings, signed_with, signing,
};
use crate::test_bed::{Browser, CALLBACK, ISSUER, ProviderHttp, TestBed};

/// T121: a client needs an identifier.
#[test]
fn oauth1_client_needs_client_id() {
    let error = OAuth1Client::new(ClientConfig::new("a").client_secret("s")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("client_id"), "{error}");
    let odd = "[oauth.op]\nsignature_method = 'MD5'\nsignature_type = 'COOKIE'";
    let oauth = OAuth::builder().register(settings()).load_toml(odd);
    let error = oauth.build().unwrap_err().to_string();
    assert!(error.contains("signature_method") && error.contains("signature_type"), "{error}");
}

/// T122, T180 to T186: the signature is at the configured location, in each step and in API calls.
#[tokio::test]
async fn signature_is_at_configured_location() {
    for placement in PLACEMENTS {
        let (client, bed) = client("HMAC-SHA1", placement);
        bed.provider.inject(Fault::OAuth1Json);
        log_in(&client, &bed).await;
        let response = client.post("x").form([("a", "b")]).send().await.unwrap();
        assert_eq!(response.json::<Value>().unwrap()["sub"], "alice");
        if placement != "BODY" {
            let response = client.get("x?a=b").send().await.unwrap();
            assert_eq!(response.json::<Value>().unwrap()["parameters"], json!([["a", "b"]]));
            assert_eq!(place(&bed, Endpoint::OAuth1Api), placement, "GET");
        }
        for endpoint in
            [Endpoint::OAuth1RequestToken, Endpoint::OAuth1AccessToken, Endpoint::OAuth1Api]
        {
            assert_eq!(place(&bed, endpoint), placement, "{endpoint:?}");
        }
        let (names, header) = signed_with(&bed, Endpoint::OAuth1AccessToken);
        for name in ["oauth_token", "oauth_verifier"] {
            assert!(header.contains(name) || names.iter().any(|n| n == name), "{placement}");
        }
    }
}

/// T126, T128, T129, T135, T136: the single steps.
#[tokio::test]
async fn oauth1_login_steps_work_one_by_one() {
    let (client, bed) = client("HMAC-SHA1", "HEADER");
    let known = TemporaryCredentials::new("foo", "bar");
    let page = client.create_authorization_url(&known, &Params::new().with("a", "b c")).unwrap();
    assert_eq!(page.as_str(), format!("{ISSUER}/oauth1/authorize?oauth_token=foo&a=b%20c"));
    let taken = Params::new().with("oauth_token", "other");
    assert!(client.create_authorization_url(&known, &taken).is_err());
    let read = |callback: &str| client.parse_authorization_response(&known, callback);
    for callback in [
        "https://app.example/cb?oauth_token=foo&oauth_verifier=v%20v&realm=",
        "https://app.example/cb?oauth_token=foo&oauth_verifier=v+v#_=_",
        "oauth_token=foo&oauth_verifier=v+v",
    ] {
        assert_eq!(read(callback).unwrap().expose(), "v v", "{callback}");
    }
    for (callback, kind) in [
        ("https://app.example/cb", ErrorKind::InvalidCallback),
        ("https://app.example/cb?oauth_token=bar&oauth_verifier=v", ErrorKind::InvalidCallback),
        ("https://app.example/cb?oauth_token=foo", ErrorKind::InvalidCallback),
        ("https://app.example/cb?denied=foo", ErrorKind::AccessDenied),
        ("?oauth_token=foo&oauth_problem=user_refused", ErrorKind::AccessDenied),
        ("?oauth_problem=permission_unknown", ErrorKind::AuthorizationError),
    ] {
        assert_eq!(read(callback).unwrap_err().kind(), kind, "{callback}");
    }
    for verifier in ["", " \n"] {
        let fetched = client.fetch_access_token(&known, &Secret::new(verifier)).await;
        assert_eq!(fetched.unwrap_err().kind(), ErrorKind::InvalidCallback);
    }
    assert!(bed.provider.received_requests().is_empty(), "nothing was sent so far");
    let error = client.fetch_access_token(&known, &Secret::new("v")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert_eq!(error.provider_error().unwrap().error, "token_rejected");

    let temporary = client.fetch_request_token("oob").await.unwrap();
    let page = client.create_authorization_url(&temporary, &Params::new()).unwrap();
    let typed = bed.provider.approve_out_of_band(page.as_str(), "alice");
    let verifier = Secret::new(format!(" {typed} "));
    let token = client.fetch_access_token(&temporary, &verifier).await.unwrap();
    assert_eq!(token.extra().only("user_id"), Ok(Some("alice")));
    assert_eq!(client.token().await.unwrap().unwrap(), token);
    assert!(client.fetch_access_token(&temporary, &verifier).await.is_err(), "good once");
    let error = client.fetch_request_token("https://evil.example/").await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "parameter_rejected");
}

/// T127: a token from a database, and a token that is not an OAuth 1.0a token.
#[tokio::test]
async fn oauth1_token_can_be_set_and_read_back() {
    let (client, bed) = client("HMAC-SHA256", "HEADER");
    log_in(&client, &bed).await;
    let token = client.token().await.unwrap().unwrap();
    // The token as stored in a database.
    let row: Arc<Mutex<Option<String>>> = Arc::default();
    let store = |row: Arc<Mutex<Option<String>>>| {
        let kept = row.clone();
        FnTokenStore::new(
            move |_| {
                let text = row.lock().unwrap().clone();
                let stored = text.map(|text| serde_json::from_str::<StoredToken>(&text).unwrap());
                async move { Ok(stored.map(Token::from)) }
            },
            move |change| {
                let stored = change.token.map(StoredToken::from);
                let text = stored.map(|stored| serde_json::to_string(&stored).unwrap());
                *kept.lock().unwrap() = text;
                async { Ok(()) }
            },
        )
    };
    let process = || {
        OAuth1Client::builder(signing(settings(), "HMAC-SHA256", "HEADER"))
            .http_client(ProviderHttp(bed.provider.clone()))
            .clock(bed.clock.clone())
            .token_store(store(row.clone()))
            .build()
            .unwrap()
    };
    assert_eq!(process().token().await.unwrap(), None);
    process().set_token(token.clone()).await.unwrap();
    assert_eq!(process().token().await.unwrap(), Some(token));
    let echo: Value = process().get("x").send().await.unwrap().json().unwrap();
    assert_eq!(echo["sub"], "alice");

    // A bearer token is never used as an OAuth 1.0a token, or vice versa.
    let bearer = StoredToken::from(Token::bearer("stranger"));
    *row.lock().unwrap() = Some(serde_json::to_string(&bearer).unwrap());
    bed.provider.clear_requests();
    assert_eq!(process().token().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(process().get("x").send().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let ours = Token::from(OAuth1Token::new("t", "s"));
    let other = ClientConfig::new("o").client_id("a").client_secret("s").api_base_url(ISSUER);
    let other = OAuth2Client::builder(other)
        .token(ours)
        .http_client(ProviderHttp(bed.provider.clone()))
        .build()
        .unwrap();
    assert!(other.get("api/x").send().await.is_err());
    assert!(bed.provider.received_requests().is_empty());
    let bed = TestBed::new();
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    let error = OAuth1Client::for_owner(&bed.app(), owner).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

/// O3: each request has its own nonce, also within one second; a wrong clock is reported.
#[tokio::test]
async fn each_request_has_new_nonce_and_signature() {
    let (client, bed) = logged_in("HMAC-SHA1", "HEADER").await;
    for _ in 0..10 {
        assert_eq!(client.get("x").send().await.unwrap().status(), 200);
    }
    let headers: std::collections::HashSet<_> = bed
        .provider
        .received_requests()
        .iter()
        .map(|seen| seen.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(headers.len(), 10);
    let slow = TestBed::new();
    slow.clock.advance(Duration::from_secs(301));
    let late = OAuth1Client::builder(settings())
        .http_client(ProviderHttp(bed.provider.clone()))
        .clock(slow.clock)
        .build()
        .unwrap();
    let error = late.fetch_request_token(CALLBACK).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert_eq!(error.provider_error().unwrap().error, "timestamp_refused");
    assert!(error.to_string().contains("the clock of this machine"), "{error}");
    let wrong = OAuth1Client::builder(settings().client_secret("another"))
        .http_client(ProviderHttp(bed.provider.clone()))
        .clock(bed.clock.clone())
        .build()
        .unwrap();
    let error = wrong.fetch_request_token(CALLBACK).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "signature_invalid");
}

/// A custom signature method of the application.
#[tokio::test]
async fn custom_signature_method_signs_base_string() {
    struct Odd(Arc<Mutex<Vec<String>>>);
    impl OAuth1Signature for Odd {
        fn name(&self) -> &'static str {
            "ODD"
        }
        fn sign(
            &self,
            base_string: &str,
            client: &Secret,
            token: Option<&Secret>,
        ) -> Result<Secret> {
            assert!(!client.is_empty() && token.is_none());
            self.0.lock().unwrap().push(base_string.to_owned());
            Ok(Secret::new("made/by=hand"))
        }
    }
    let asked = Arc::default();
    let odd = Odd(Arc::clone(&asked));
    let (client, bed) = client_with("ODD", |client| client.oauth1_signature(odd));
    let error = client.fetch_request_token(CALLBACK).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "signature_method_rejected");
    let (_, header) = signed_with(&bed, Endpoint::OAuth1RequestToken);
    assert!(header.contains("oauth_signature_method=\"ODD\""), "{header}");
    assert!(header.contains("oauth_signature=\"made%2Fby%3Dhand\""), "{header}");
    let asked = asked.lock().unwrap();
    let begins = "POST&https%3A%2F%2Fop.example%2Foauth1%2Frequest_token&oauth_callback%3D";
    assert!(asked[0].starts_with(begins), "{}", asked[0]);
}
