//! Token exchange (RFC 8693): requests, actors, and issued tokens that are not access tokens.

use authlib_core::oauth2::{ExchangedToken, TokenExchange, token_type};
use authlib_core::{ErrorKind, Grant, Token};
use authlib_provider::{Endpoint, Fault, Reply};
use serde_json::{Value, json};

use crate::test_bed::service::{service, service_bed};
use crate::test_bed::{Browser, ISSUER, TestBed, client, only};

/// The access token of Alice's login.
async fn alice(bed: &TestBed) -> Token {
    let token = bed.log_in(&Browser::default()).await.unwrap().user.into_token().unwrap();
    bed.provider.clear_requests();
    token
}

fn exchange(subject: &Token) -> TokenExchange {
    TokenExchange::new(subject.access_token.clone(), token_type::ACCESS_TOKEN)
}

#[tokio::test]
async fn token_exchange_narrows_scope_and_changes_audience() {
    let bed = TestBed::new();
    let subject = alice(&bed).await;
    let asked = exchange(&subject)
        .resource("https://one.example/api")
        .resource("https://two.example/api")
        .audience("three")
        .scope("email")
        .requested_token_type(token_type::ACCESS_TOKEN);
    let exchanged = bed.app().exchange_token(&asked).await.unwrap();
    assert_eq!(exchanged.issued_token_type, token_type::ACCESS_TOKEN);
    assert_ne!(exchanged.token.access_token, subject.access_token);
    assert_eq!(exchanged.token.scope.as_deref(), Some("email"));
    let request = only(&bed, Endpoint::Token);
    // RFC 8693 §2.1: each `resource` is a parameter of its own, and no token type is sent without
    // its token.
    assert_eq!(
        request.names,
        [
            "grant_type",
            "resource",
            "resource",
            "audience",
            "requested_token_type",
            "subject_token",
            "subject_token_type",
            "scope"
        ]
    );
    let resources: Vec<_> =
        request.fields.iter().filter(|(name, _)| name == "resource").map(|(_, uri)| uri).collect();
    assert_eq!(resources, ["https://one.example/api", "https://two.example/api"]);
    assert_eq!(request.authorization.as_deref(), Some("Basic"));
    assert_eq!(request.secret("subject_token"), Some(subject.access_token.expose()));
    let about = bed.app().introspect_token(&exchanged.token.access_token, None).await.unwrap();
    assert_eq!(about.aud(), ["https://one.example/api", "https://two.example/api", "three"]);
    assert_eq!((about.sub(), about.act().unwrap()), (Some("alice"), None));
    // The subject token is still valid, and the new token was not stored.
    let about = bed.app().introspect_token(&subject.access_token, None).await.unwrap();
    assert!(about.active());
    assert!(!format!("{asked:?} {exchanged:?}").contains(subject.access_token.expose()));
    assert!(!format!("{exchanged:?}").contains(exchanged.token.access_token.expose()));
}

/// RFC 8693 §4.1: the current actor is the outermost, the previous one is nested.
#[tokio::test]
async fn introspection_shows_actor_of_exchanged_token() {
    let bed = service_bed();
    let subject = alice(&bed).await;
    let service = client(&bed, service());
    let own = service.registered_client().fetch_token(Grant::client_credentials()).await.unwrap();
    let asked = exchange(&subject).actor_token(own.access_token.clone(), token_type::ACCESS_TOKEN);
    let exchanged = service.exchange_token(&asked).await.unwrap();
    let about = service.introspect_token(&exchanged.token.access_token, None).await.unwrap();
    assert_eq!(about.sub(), Some("alice"));
    let actor = about.act().unwrap().unwrap();
    assert_eq!((actor.sub(), actor.act()), (Some("service"), None));

    let app = bed.app();
    let own = app.fetch_token(Grant::client_credentials()).await.unwrap();
    let asked = exchange(&exchanged.token).actor_token(own.access_token, token_type::ACCESS_TOKEN);
    let twice = app.exchange_token(&asked).await.unwrap();
    let about = app.introspect_token(&twice.token.access_token, None).await.unwrap();
    let actor = about.act().unwrap().unwrap();
    assert_eq!(actor.sub(), Some("app"));
    assert_eq!(actor.act().unwrap().sub(), Some("service"));
}

#[tokio::test]
async fn token_exchange_does_not_send_client_scope() {
    let bed = TestBed::new();
    let subject = alice(&bed).await;
    bed.app().exchange_token(&exchange(&subject)).await.unwrap();
    assert!(!only(&bed, Endpoint::Token).names.contains(&"scope".to_owned()));
}

#[tokio::test]
async fn exchange_response_without_issued_token_type_is_rejected() {
    for fault in [
        Fault::TokenMissing("issued_token_type".into()),
        Fault::token("issued_token_type", ""),
        Fault::token("issued_token_type", 7),
        Fault::TokenMissing("access_token".into()),
        Fault::TokenMissing("token_type".into()),
        Fault::token("token_type", "mac"),
        Fault::Response(Endpoint::Token, Reply::html(200)),
    ] {
        let bed = TestBed::new();
        let subject = alice(&bed).await;
        bed.provider.inject(fault.clone());
        let error = bed.app().exchange_token(&exchange(&subject)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{fault:?}: {error}");
        assert_eq!(error.client(), Some("op"));
        assert!(!format!("{error} {error:?}").contains(subject.access_token.expose()));
    }
}

/// RFC 8693 §2.2.2.
#[tokio::test]
async fn exchange_errors_keep_provider_error_and_hint() {
    for (asked, code, hint) in [
        (TokenExchange::new("unknown", token_type::ACCESS_TOKEN), "invalid_request", "subject"),
        (TokenExchange::new("x", "urn:example:token"), "invalid_request", "subject"),
        (TokenExchange::new("", ""), "invalid_request", "subject"),
    ] {
        let error = TestBed::new().app().exchange_token(&asked).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert_eq!(error.provider_error().unwrap().error, code);
        assert!(error.to_string().contains(hint), "{error}");
    }
    let bed = TestBed::new();
    let subject = alice(&bed).await;
    let asked = exchange(&subject).resource("no uri");
    let error = bed.app().exchange_token(&asked).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "invalid_target");
    assert!(error.to_string().contains("`resource`"), "{error}");
    let asked = exchange(&subject).scope("admin");
    let error = bed.app().exchange_token(&asked).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "invalid_scope");
}

/// RFC 8693 §2.2.1: a token of type `N_A` is not a bearer token.
#[tokio::test]
async fn exchanged_non_access_token_is_not_sent_to_api() {
    let bed = service_bed();
    let subject = alice(&bed).await;
    bed.provider.inject(Fault::token("token_type", "N_A"));
    bed.provider.inject(Fault::token("issued_token_type", token_type::JWT));
    let config = service().userinfo_endpoint(format!("{ISSUER}/userinfo"));
    let client = client(&bed, config);
    let ExchangedToken { token, issued_token_type, .. } =
        client.exchange_token(&exchange(&subject)).await.unwrap();
    assert_eq!((token.token_type.as_str(), issued_token_type.as_str()), ("N_A", token_type::JWT));
    // It can be used as a subject or actor token.
    let asked = TokenExchange::new(token.access_token.clone(), issued_token_type);
    client.exchange_token(&asked).await.unwrap_err();
    // It can be stored all the same.
    client.set_token(&token).await.unwrap();
    bed.provider.clear_faults();
    bed.provider.clear_requests();
    use authlib_core::oauth2::TokenLocation::{Body, Header, Query};
    for placement in [Body, Header, Query] {
        let request = client.post("echo").form([("a", "b")]).token_location(placement);
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{placement:?}: {error}");
    }
    assert_eq!(
        client.get("echo").send_streaming().await.unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    assert_eq!(client.userinfo().await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(bed.provider.received_requests().is_empty());
    // It can be revoked.
    client.revoke_token().await.unwrap();
}

/// Members that the provider adds are kept, as with any token.
#[tokio::test]
async fn extra_members_of_exchange_response_are_kept() {
    let bed = TestBed::new();
    let subject = alice(&bed).await;
    bed.provider.inject(Fault::token("refresh_token", "rt"));
    bed.provider.inject(Fault::token("trace", json!({"id": 7})));
    let exchanged = bed.app().exchange_token(&exchange(&subject)).await.unwrap();
    assert!(exchanged.token.refresh_token.is_some());
    assert_eq!(exchanged.token.extra::<Value>("trace").unwrap(), Some(json!({"id": 7})));
}
