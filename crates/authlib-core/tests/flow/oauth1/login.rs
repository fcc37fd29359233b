//! OAuth 1.0a logins with a session (RFC 5849 §2). The provider has its own implementation of
//! signature checks.

use std::time::Duration;

use authlib_core::adapter::LoginError;
use authlib_core::login::Session;
use authlib_core::store::MemoryPendingLoginStore;
use authlib_core::{AuthorizeOptions, Error, ErrorKind, OAuth};
use authlib_provider::{Endpoint, Fault, Reply};
use serde_json::{Value, json};
use url::Url;

use crate::test_bed::oauth1::{self, METHODS, PLACEMENTS, settings, signing};
use crate::test_bed::{Browser, CALLBACK, ISSUER, ProviderHttp, TestBed};

async fn session(browser: &Browser) -> Value {
    let state = browser.load().await.unwrap();
    state.map(|state| serde_json::to_value(&state).unwrap()).unwrap_or_default()
}

fn status(error: &Error) -> u16 {
    LoginError::from(error.clone()).response(None).status().as_u16()
}

/// T007 to T009, T038, T041, T060: the redirect contains only the temporary token, the session the
/// pending login, and the callback returns the token.
#[tokio::test]
async fn oauth1_login_works_with_session() {
    let bed = oauth1::oauth1_bed(|client| client);
    let browser = Browser::default();
    let options = AuthorizeOptions::from("/authorize/op").next("/album").data(json!({"n": 1}));
    let url = bed.start_with(&browser, options).await.unwrap();
    let page = Url::parse(&url).unwrap();
    assert!(url.starts_with(&format!("{ISSUER}/oauth1/authorize?oauth_token=")));
    assert_eq!(page.query_pairs().count(), 1, "{url}");
    let asked = &bed.provider.received_requests()[0];
    assert_eq!((asked.endpoint, &*asked.method), (Endpoint::OAuth1RequestToken, "POST"));
    let callback = "oauth_callback=\"https%3A%2F%2Fapp.example%2Fauthorize%2Fop\"";
    assert!(asked.header("authorization").unwrap().contains(callback));
    assert_eq!(session(&browser).await["pending"].as_array().unwrap().len(), 1);

    let back = bed.provider.approve(&url, "alice").unwrap();
    let login = bed.finish(&browser, &back).await.unwrap();
    assert_eq!(login.token().unwrap().token_type, "OAuth1");
    assert!(login.token().unwrap().token_secret.is_some());
    let name: Option<String> = login.token().unwrap().extra("screen_name").unwrap();
    assert_eq!(name.as_deref(), Some("Alice"));
    let user = login.token().unwrap().userinfo().unwrap();
    assert_eq!(user.sub(), "alice", "the `subject_claim` of the settings");
    assert_eq!((login.next.as_str(), login.data.clone()), ("/album", Some(json!({"n": 1}))));
    assert_eq!(*browser.renewed.borrow(), 1);
    assert_eq!(session(&browser).await["pending"], Value::Null);
    assert!(!bed.is_anonymous(&browser).await);
    bed.log_out(&browser, &[], authlib_core::LogoutOptions::new()).await.unwrap();
    assert!(bed.is_anonymous(&browser).await);
}

/// T008, O6: with a pending login store, the session contains a marker, and the secret stays on the
/// server.
#[tokio::test]
async fn oauth1_login_works_with_pending_login_store() {
    let bed = oauth1::oauth1_bed(|client| client);
    let oauth = OAuth::builder()
        .base_url("https://app.example")
        .register(settings())
        .http_client(ProviderHttp(bed.provider.clone()))
        .clock(bed.clock.clone())
        .pending_login_store(MemoryPendingLoginStore::new())
        .build()
        .unwrap();
    let bed = TestBed { oauth, ..bed };
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let marker = &session(&browser).await["pending"][0];
    assert!(marker.get("token_secret").is_none(), "{marker}");
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.finish(&browser, &back).await.unwrap();
    let error = bed.finish(&browser, &back).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
}

#[test]
fn rsa_sha1_needs_its_feature() {
    let client = signing(settings(), "RSA-SHA1", "HEADER");
    let built = OAuth::builder().register(client).build();
    assert_eq!(built.is_ok(), cfg!(feature = "oauth1-rsa-sha1"));
    if let Err(error) = built {
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.report().to_string().contains("`oauth1-rsa-sha1`"), "{error}");
    }
}

/// H17, B10: every signature method at every location that supports it.
#[tokio::test]
async fn every_signature_method_and_location_works() {
    for method in METHODS.iter().copied() {
        for placement in PLACEMENTS {
            let bed = oauth1::oauth1_bed_with(method, |client| {
                signing(client, method, placement).realm("Photos, all")
            });
            let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
            let call = bed.app().post("x", &owner).form([("a", "1")]);
            let echo: Value = call.send().await.unwrap().json().unwrap();
            assert_eq!(echo["sub"], "alice", "{method} {placement}");
            assert_eq!(echo["signature_method"], method);
            for seen in bed.provider.received_requests() {
                let own: Vec<_> = seen.names.iter().filter(|n| n.starts_with("oauth_")).collect();
                let once: std::collections::HashSet<_> = own.iter().collect();
                assert_eq!(own.len(), once.len(), "{method} {placement}: {own:?}");
                let in_header = placement == "HEADER" && seen.endpoint != Endpoint::OAuth1Authorize;
                assert_eq!(seen.authorization.is_some(), in_header, "{method} {placement}");
            }
        }
    }
}

/// The problem reporting extension does not require the token. Any site can send the browser to such a URL.
#[tokio::test]
async fn oauth1_problem_without_token_keeps_login() {
    let bed = oauth1::oauth1_bed(|client| client);
    let browser = Browser::default();
    let problem = format!("{CALLBACK}?oauth_problem=user_refused");
    let error = bed.finish(&browser, &problem).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback, "no login is pending");
    let url = bed.start(&browser).await.unwrap();
    let error = bed.finish(&browser, &problem).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.finish(&browser, &back).await.unwrap();
}

/// O7: a denial is a 403 in each format, and ends the login.
#[tokio::test]
async fn oauth1_denial_is_403_and_ends_login() {
    let problem = |problem: &str| format!("{CALLBACK}?oauth_problem={problem}");
    for dialect in ["denied", "user_refused", "permission_denied"] {
        let bed = oauth1::oauth1_bed(|client| client);
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        let allowed =
            bed.provider.approve(&bed.start(&Browser::default()).await.unwrap(), "a").unwrap();
        if dialect == "denied" {
            bed.provider.inject(Fault::OAuth1Denied);
        }
        let back = match dialect {
            "permission_denied" => {
                format!("{}&{}", problem("permission_denied"), url.split_once('?').unwrap().1)
            }
            _ => bed.provider.deny(&url).unwrap().into(),
        };
        assert!(!back.contains("oauth_verifier"), "{back}");
        let error = bed.finish(&browser, &back).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessDenied, "{dialect}: {error}");
        assert_eq!(status(&error), 403);
        assert_eq!(session(&browser).await["pending"], Value::Null, "{dialect}");
        let error = bed.finish(&browser, &back).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{dialect} again: {error}");
        assert!(bed.finish(&browser, &allowed).await.is_err(), "another browser's");
        assert_eq!(bed.provider.count(Endpoint::OAuth1AccessToken), 0);
    }
    // Other problems are errors of the provider.
    let bed = oauth1::oauth1_bed(|client| client);
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let token = url.split_once('?').unwrap().1;
    let back = format!("{}&{token}", problem("additional_authorization_required"));
    let error = bed.finish(&browser, &back).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AuthorizationError);
    assert_eq!(session(&browser).await["pending"], Value::Null);
}

/// O2: a callback is valid once, in time, in its browser, and for its own login.
#[tokio::test]
async fn oauth1_callback_is_valid_once_in_time_in_its_browser() {
    let bed = oauth1::oauth1_bed(|client| client);
    let (ours, theirs) = (Browser::default(), Browser::default());
    let our_url = bed.start(&ours).await.unwrap();
    let their_url = bed.start(&theirs).await.unwrap();
    let back = bed.provider.approve(&our_url, "alice").unwrap();
    let error = bed.finish(&theirs, &back).await.unwrap_err();
    assert_eq!((error.kind(), status(&error)), (ErrorKind::InvalidCallback, 400));
    let error = bed.finish(&Browser::default(), &back).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback, "no session at all");
    assert!(bed.is_anonymous(&theirs).await);
    assert!(bed.finish(&ours, &back).await.is_ok());
    let error = bed.finish(&ours, &back).await.unwrap_err();
    assert_eq!((error.kind(), status(&error)), (ErrorKind::InvalidCallback, 400), "replayed");

    // The verifier of one login, the token of another.
    let token = |url: &str| url.split_once("oauth_token=").unwrap().1.to_owned();
    let verifier = back.as_str().split_once("oauth_verifier=").unwrap().1;
    let swapped = format!("{CALLBACK}?oauth_token={}&oauth_verifier={verifier}", token(&their_url));
    let error = bed.finish(&theirs, &swapped).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}");
    assert!(bed.is_anonymous(&theirs).await);

    let late = Browser::default();
    let back = bed.provider.approve(&bed.start(&late).await.unwrap(), "alice").unwrap();
    bed.clock.advance(Duration::from_secs(601));
    let before = bed.provider.count(Endpoint::OAuth1AccessToken);
    let error = bed.finish(&late, &back).await.unwrap_err();
    assert_eq!((error.kind(), status(&error)), (ErrorKind::InvalidCallback, 400), "{error}");
    assert_eq!(bed.provider.count(Endpoint::OAuth1AccessToken), before);
}

/// H34, T129, T135, T136: empty, incomplete and duplicate callbacks send no request.
#[tokio::test]
async fn invalid_oauth1_callbacks_are_400_in_core() {
    for spoil in [
        |token: &str| format!("oauth_token={token}"),
        |token: &str| format!("oauth_token={token}&oauth_verifier="),
        |token: &str| format!("oauth_token={token}&oauth_verifier=a&oauth_verifier=b"),
        |token: &str| format!("oauth_token={token}&oauth_token={token}&oauth_verifier=a"),
        |token: &str| format!("oauth_token={token}&denied=other&oauth_verifier=a"),
        |token: &str| format!("oauth_token={token}&oauth_verifier={}", "v".repeat(5000)),
        |_: &str| "oauth_token=&oauth_verifier=a".to_owned(),
        |_: &str| "oauth_verifier=a".to_owned(),
        |_: &str| "state=a&code=b".to_owned(),
        |_: &str| String::new(),
    ] {
        let bed = oauth1::oauth1_bed(|client| client);
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        let query = spoil(url.split_once("oauth_token=").unwrap().1);
        let finished = bed.finish(&browser, &format!("{CALLBACK}?{query}")).await;
        let error = finished.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{query}: {error}");
        assert_eq!(bed.provider.count(Endpoint::OAuth1AccessToken), 0, "{query}");
        assert!(bed.is_anonymous(&browser).await);
    }
}

/// O1, T134: faults of the provider are typed errors, and the user is not logged in.
#[tokio::test]
async fn oauth1_provider_faults_are_typed_without_login() {
    let response = |name: &str, value: Option<&str>| {
        Fault::OAuth1Param(name.to_owned(), value.map(ToOwned::to_owned))
    };
    let ends = [Endpoint::OAuth1RequestToken, Endpoint::OAuth1AccessToken];
    let mut cases = vec![
        (response("oauth_callback_confirmed", None), ErrorKind::InvalidResponse),
        (response("oauth_callback_confirmed", Some("false")), ErrorKind::InvalidResponse),
        (response("oauth_callback_confirmed", Some("")), ErrorKind::InvalidResponse),
        (response("oauth_token", None), ErrorKind::InvalidResponse),
        (response("oauth_token", Some("")), ErrorKind::InvalidResponse),
        (response("oauth_token_secret", None), ErrorKind::InvalidResponse),
        (Fault::OAuth1ParamTwice("oauth_token".into(), "x".into()), ErrorKind::InvalidResponse),
        (
            Fault::AuthorizationParam("oauth_verifier".into(), "x".into()),
            ErrorKind::InvalidResponse,
        ),
        (Fault::AuthorizationMissing("oauth_verifier".into()), ErrorKind::InvalidCallback),
        (Fault::AuthorizationParam("oauth_token".into(), "x".into()), ErrorKind::InvalidCallback),
    ];
    for end in ends {
        for status in [200, 302, 400, 401, 403, 404, 500, 503] {
            cases.push((Fault::Response(end, Reply::html(status)), ErrorKind::InvalidResponse));
        }
        let away = Reply::Redirect(302, "https://evil.example/".into());
        cases.push((Fault::Response(end, away), ErrorKind::InvalidResponse));
        cases.push((Fault::Response(end, Reply::json(200, "[]")), ErrorKind::InvalidResponse));
        cases.push((Fault::Response(end, Reply::Reset), ErrorKind::Transport));
    }
    for (fault, kind) in cases {
        let bed = oauth1::oauth1_bed(|client| client);
        let browser = Browser::default();
        bed.provider.inject(fault.clone());
        let error = bed.log_in(&browser).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        let expected = if kind == ErrorKind::InvalidCallback { 400 } else { 502 };
        assert_eq!(status(&error), expected, "{fault:?}");
        assert!(bed.is_anonymous(&browser).await, "{fault:?}");
        assert_eq!(bed.provider.count(Endpoint::Unmatched), 0, "{fault:?}");
        bed.provider.clear_faults();
        assert!(bed.log_in(&browser).await.is_ok(), "{fault:?}: and then it works");
    }
}

/// T132, T180: unusual but valid responses, and the opt-out of O1.
#[tokio::test]
async fn unusual_oauth1_responses_are_accepted() {
    let confirmed = |value: Option<&str>| {
        let name = "oauth_callback_confirmed".to_owned();
        Fault::OAuth1Param(name, value.map(ToOwned::to_owned))
    };
    for fault in [confirmed(Some("True")), Fault::OAuth1Json] {
        let bed = oauth1::oauth1_bed(|client| client);
        bed.provider.inject(fault.clone());
        assert!(bed.log_in(&Browser::default()).await.is_ok(), "{fault:?}");
    }
    let bed =
        oauth1::oauth1_bed(authlib_core::ClientConfig::dangerous_allow_missing_callback_confirmed);
    bed.provider.inject(confirmed(None));
    assert!(bed.log_in(&Browser::default()).await.is_ok());
}

/// T131, T133: additional parameters are sent in the configured step, signed.
#[tokio::test]
async fn oauth1_steps_send_configured_parameters() {
    let bed = oauth1::oauth1_bed(|client| {
        client
            .request_token_param("xoauth_displayname", "A & B")
            .authorize_param("perms", "read")
            .access_token_param("x_auth_mode", "client auth")
    });
    let browser = Browser::default();
    let options = AuthorizeOptions::from("/authorize/op").param("force_login", "true");
    let url = bed.start_with(&browser, options).await.unwrap();
    assert!(url.contains("&perms=read") && url.contains("&force_login=true"), "{url}");
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.finish(&browser, &back).await.unwrap();
    let seen = bed.provider.received_requests();
    assert_eq!(seen[0].field("xoauth_displayname"), Some("A & B"));
    assert_eq!(seen.last().unwrap().field("x_auth_mode"), Some("client auth"));
}

/// B20: the user info request is signed, and must be about the user of the token response.
#[tokio::test]
async fn oauth1_userinfo_request_is_signed() {
    let endpoint = format!("{ISSUER}/oauth1/api/me?include=mail");
    let bed = oauth1::oauth1_bed(|client| {
        client.userinfo_endpoint(endpoint.as_str()).subject_claim("sub")
    });
    let login = bed.log_in(&Browser::default()).await.unwrap();
    assert_eq!(login.token().unwrap().userinfo().unwrap().sub(), "alice");
    let user = bed.app().userinfo(&login.owner()).await.unwrap();
    assert_eq!(user.as_map()["user"]["email"], "alice@example.com");
    for reply in [Reply::html(200), Reply::html(500), Reply::json(401, "{}")] {
        bed.provider.inject(Fault::Response(Endpoint::OAuth1Api, reply));
        let error = bed.app().userinfo(&login.owner()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        let browser = Browser::default();
        assert!(bed.log_in(&browser).await.is_err());
        assert!(bed.is_anonymous(&browser).await);
        bed.provider.clear_faults();
    }
    // The provider's API does not return `user_id`, so it is simulated here.
    let bed = oauth1::oauth1_bed(|client| client.userinfo_endpoint(endpoint.as_str()));
    for (said, kind) in [("alice", None), ("mallory", Some(ErrorKind::InvalidResponse))] {
        let body = json!({"user_id": said}).to_string();
        let reply = Reply::json(200, body);
        bed.provider.inject(Fault::Response(Endpoint::OAuth1Api, reply));
        let login = bed.log_in(&Browser::default()).await;
        assert_eq!(login.err().map(|error| error.kind()), kind, "{said}");
        bed.provider.clear_faults();
    }
}
