//! Failed refreshes and API calls are logged once, and refused responses with their URL.

use authlib_core::OAuth2Client;
use authlib_core::adapter::LoginError;
use authlib_core::oauth2::TokenLocation;
use authlib_provider::{Endpoint, Fault, Reply};

use crate::test_bed::log::capture_log;
use crate::test_bed::{Browser, HOUR, ISSUER, TestBed};

#[tokio::test]
async fn failed_refreshes_and_api_calls_are_logged_once() {
    let response = |endpoint, reply| Fault::Response(endpoint, reply);
    for (fault, says) in [
        (Fault::RefreshRefused, "refresh token rejected"),
        (Fault::RefreshedClaim("sub".into(), "mallory".into()), "refreshed ID token rejected"),
        (response(Endpoint::Token, Reply::html(500)), "https://op.example/token"),
        (response(Endpoint::Token, Reply::html(200)), "https://op.example/token"),
        (response(Endpoint::Token, Reply::Reset), "the token request failed"),
        (response(Endpoint::Api, Reply::Reset), "the API request failed"),
    ] {
        let bed = TestBed::new();
        let login = bed.log_in(&Browser::default()).await.unwrap();
        let client = OAuth2Client::for_owner(&bed.app(), login.owner());
        bed.clock.advance(2 * HOUR);
        bed.provider.inject(fault.clone());
        let (log, _guard) = capture_log();
        let error = client.get("echo").send().await.unwrap_err();
        LoginError::from(error).log();
        let log = log.text();
        let warnings: Vec<_> = log.lines().filter(|line| line.contains(" WARN ")).collect();
        assert_eq!(warnings.len(), 1, "{fault:?}: {warnings:#?}");
        assert!(warnings[0].contains(says), "{fault:?}: {warnings:#?}");
    }
}

/// The URL is that of the request without its query, in which a token may be.
#[tokio::test]
async fn refused_response_is_named_by_url_and_hint() {
    for (endpoint, reply, path, hint) in [
        (
            Endpoint::Discovery,
            Reply::html(404),
            "/.well-known/openid-configuration",
            "check `issuer`",
        ),
        (
            Endpoint::Discovery,
            Reply::html(200),
            "/.well-known/openid-configuration",
            "check `issuer`",
        ),
        (
            Endpoint::Discovery,
            Reply::Redirect(301, format!("{ISSUER}/x")),
            "/.well-known/openid-configuration",
            "redirects are never followed",
        ),
        (Endpoint::Token, Reply::html(200), "/token", "`token_endpoint`"),
        (
            Endpoint::Token,
            Reply::json(200, r#"{"access_token":"a"}"#),
            "/token",
            "`default_token_type_bearer`",
        ),
        (Endpoint::UserInfo, Reply::html(403), "/userinfo", "set `fetch_userinfo` to false"),
        (Endpoint::UserInfo, Reply::json(200, "{}"), "/userinfo", "`subject_claim`"),
    ] {
        let client =
            |client: authlib_core::ClientConfig| client.token_location(TokenLocation::Query);
        let bed = TestBed::with(|provider| provider, client, |oauth| oauth);
        bed.provider.inject(Fault::Response(endpoint, reply.clone()));
        let error = bed.log_in(&Browser::default()).await.unwrap_err().to_string();
        assert!(error.contains(&format!(", from {ISSUER}{path}")), "{reply:?}: {error}");
        assert!(!error.contains("access_token="), "{error}");
        assert!(error.contains(hint), "{reply:?}: {error}");
        assert_eq!(error.contains("redirects"), matches!(reply, Reply::Redirect(..)), "{error}");
    }
}
