//! Denials and cancelled logins, which some providers report with codes of their own.

use authlib_core::adapter::LoginError;
use authlib_core::{AuthorizeOptions, ClientConfig, ErrorKind, OAuth2Client, Params, providers};
use authlib_provider::{Endpoint, Fault, Reply};

use crate::test_bed::recorded::RecordedResponses;
use crate::test_bed::{Browser, ISSUER, TestBed, builder};

/// The kind of error that a callback with this `error` leads to.
async fn kind(config: ClientConfig, error: &str) -> ErrorKind {
    let builder = OAuth2Client::builder(config.client_id("id").client_secret("secret"));
    let client = builder.http_client(RecordedResponses::default()).build().unwrap();
    let options = "https://app.example/callback".into();
    let (url, pending) = client.create_authorization_url(options).await.unwrap();
    let query = Params::parse(url.query().unwrap());
    let state = query.only("state").unwrap().unwrap();
    let callback = format!("error={error}&state={state}");
    let error = client.fetch_access_token(pending, &callback).await.unwrap_err();
    assert!(error.provider_error().is_some(), "{error}");
    error.kind()
}

/// `LinkedIn`'s documentation, "Authorization Code Flow": the member cancelled.
#[tokio::test]
async fn codes_of_cancelled_logins_are_denials_in_presets() {
    use ErrorKind::{AccessDenied, AuthorizationError};
    for (code, expected) in [
        ("user_cancelled_login", AccessDenied),
        ("user_cancelled_authorize", AccessDenied),
        ("access_denied", AccessDenied),
        ("unauthorized_scope_error", AuthorizationError),
    ] {
        assert_eq!(kind(providers::linkedin(), code).await, expected, "{code}");
    }
    assert_eq!(kind(providers::github(), "user_cancelled_login").await, AuthorizationError);
    let apple = providers::github().access_denied_error("user_cancelled_authorize");
    assert_eq!(kind(apple, "user_cancelled_authorize").await, AccessDenied);
}

/// Without the right `state` nobody knows who sent it.
#[tokio::test]
async fn denial_without_state_of_the_login_is_not_believed() {
    let cancelled = "user_cancelled";
    let bed = TestBed::with(|p| p, |client| client.access_denied_error(cancelled), |oauth| oauth);
    let browser = Browser::default();
    bed.start(&browser).await.unwrap();
    let forged = format!("{ISSUER}/?error={cancelled}&state=forged");
    let error = bed.finish(&browser, forged).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
}

/// Entra reports `authorization_declined` to a device.
#[tokio::test]
async fn device_login_knows_the_codes_of_denials() {
    for (code, status, expected) in [
        ("authorization_declined", 400, Some(ErrorKind::AccessDenied)),
        ("authorization_declined", 503, None),
        ("bad_verification_code", 400, Some(ErrorKind::InvalidResponse)),
    ] {
        let bed = TestBed::new();
        let config = ClientConfig::new("device")
            .client_id("app")
            .client_secret(crate::test_bed::SECRET)
            .issuer(ISSUER)
            .access_denied_error("authorization_declined");
        let client = builder(&bed, config).build().unwrap();
        let mut login = client.start_device_login(None).await.unwrap();
        let reply = Reply::json(status, format!(r#"{{"error":"{code}"}}"#));
        bed.provider.inject(Fault::Response(Endpoint::Token, reply));
        let polled = login.poll().await.err().map(|error| error.kind());
        assert_eq!(polled, expected, "{code} {status}");
    }
}

/// Some servers report a refused consent so (OpenID Connect Core §3.1.2.6 means it for `prompt=none`).
#[tokio::test]
async fn consent_required_is_a_refusal_if_the_provider_could_ask() {
    for (prompt, kind) in [
        (None, ErrorKind::AccessDenied),
        (Some("consent"), ErrorKind::AccessDenied),
        (Some("none"), ErrorKind::AuthorizationError),
    ] {
        let bed = TestBed::new();
        let browser = Browser::default();
        let mut options = AuthorizeOptions::from("/authorize/op");
        if let Some(prompt) = prompt {
            options = options.prompt(prompt);
        }
        bed.provider.inject(Fault::AuthorizationError("consent_required".into(), "no".into()));
        let url = bed.start_with(&browser, options).await.unwrap();
        let back = bed.provider.approve(&url, "alice").unwrap();
        let error = bed.finish(&browser, &back).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{prompt:?}: {error}");
    }
}

/// The page does not say that the login has expired or was used before.
#[tokio::test]
async fn callback_of_another_issuer_has_its_own_message() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let other = Fault::AuthorizationParam("iss".into(), "https://evil.example".into());
    bed.provider.inject(other);
    let back = bed.provider.approve(&url, "alice").unwrap();
    let error = bed.finish(&browser, &back).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{error}");
    let page = LoginError::from(error).response(None);
    let page = String::from_utf8_lossy(page.body()).into_owned();
    assert!(page.contains("did not come from the login provider"), "{page}");
    assert!(!page.contains("expired"), "{page}");
}
