//! Token revocation and introspection: requests, deletion of tokens, and revocation at logout.

use std::time::Duration;

use authlib_core::login::Session as _;
use authlib_core::oauth2::AuthMethod;
use authlib_core::store::{TokenOwner, TokenStore as _};
use authlib_core::{ClientConfig, ErrorKind, LogoutOptions, Secret, TokenTypeHint};
use authlib_provider::{Endpoint, Fault, Reply, TestClient};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::test_bed::stores::Shared;
use crate::test_bed::wrapped_store::save;
use crate::test_bed::{Browser, CALLBACK, ISSUER, TestBed, expired, listen, location, only};
use crate::test_bed::{from_unix_seconds, unix_seconds};

/// A test bed with access to its token store.
fn bed_with_store() -> (TestBed, Shared) {
    let store = Shared::default();
    (TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone())), store)
}

async fn is_active(bed: &TestBed, token: &Secret) -> bool {
    bed.app().introspect_token(token, None).await.unwrap().active()
}

#[tokio::test]
async fn revocation_ends_token_at_provider_and_locally() {
    let (bed, store) = bed_with_store();
    let login = bed.log_in(&Browser::default()).await.unwrap();
    let app = bed.app();
    assert!(is_active(&bed, &login.token().unwrap().access_token).await);
    app.revoke_token(&login.owner()).await.unwrap();
    let seen = only(&bed, Endpoint::Revoke);
    assert_eq!((seen.method.as_str(), seen.authorization.as_deref()), ("POST", Some("Basic")));
    assert_eq!(seen.field("token_type_hint"), Some("refresh_token"));
    assert_eq!(seen.names, ["token", "token_type_hint"]);
    assert!(store.load(&login.owner()).await.unwrap().is_none());
    assert!(!is_active(&bed, &login.token().unwrap().access_token).await);
    assert!(!is_active(&bed, login.token().unwrap().refresh_token.as_ref().unwrap()).await);
    // No token is left, and the text `None` is not sent.
    let error = app.revoke_token(&login.owner()).await.unwrap_err();
    assert_eq!((error.kind(), error.client()), (ErrorKind::Unauthenticated, Some("op")));
    only(&bed, Endpoint::Revoke);
}

#[tokio::test]
async fn access_token_is_revoked_without_refresh_token() {
    let (bed, store) = bed_with_store();
    bed.provider.inject(Fault::TokenMissing("refresh_token".into()));
    let login = bed.log_in(&Browser::default()).await.unwrap();
    bed.app().revoke_token(&login.owner()).await.unwrap();
    assert_eq!(only(&bed, Endpoint::Revoke).field("token_type_hint"), Some("access_token"));
    assert!(store.load(&login.owner()).await.unwrap().is_none());
    assert!(!is_active(&bed, &login.token().unwrap().access_token).await);
}

#[tokio::test]
async fn token_is_deleted_even_if_revocation_fails() {
    let at = |reply| Fault::Response(Endpoint::Revoke, reply);
    for (fault, kind) in [
        (at(Reply::Reset), ErrorKind::Transport),
        (at(Reply::html(503)), ErrorKind::InvalidResponse),
        (at(Reply::json(400, r#"{"error":"invalid_request"}"#)), ErrorKind::InvalidResponse),
        (at(Reply::json(400, r#"{"error":"unsupported_token_type"}"#)), ErrorKind::Unsupported),
        (at(Reply::Redirect(302, "https://evil.example/".into())), ErrorKind::InvalidResponse),
        (Fault::metadata("revocation_endpoint", Value::Null), ErrorKind::Unsupported),
        (Fault::metadata("revocation_endpoint", "http://op.example/r"), ErrorKind::InvalidResponse),
    ] {
        let (bed, store) = bed_with_store();
        let owner = TokenOwner::new("op", "alice");
        save(&store, &owner, authlib_core::Token::bearer("at")).await;
        bed.provider.inject(fault.clone());
        let error = bed.app().revoke_token(&owner).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        assert_eq!(error.client(), Some("op"));
        assert!(store.load(&owner).await.unwrap().is_none(), "{fault:?}");
        assert!(bed.provider.count(Endpoint::Revoke) <= 1, "{fault:?}");
        assert_eq!(bed.provider.count(Endpoint::Unmatched), 0, "{fault:?}");
    }
}

/// H22 for revocations: the token of another client is not sent to this provider.
#[tokio::test]
async fn token_of_another_client_is_neither_sent_nor_deleted() {
    let (bed, store) = bed_with_store();
    let owner = TokenOwner::new("other", "alice");
    save(&store, &owner, authlib_core::Token::bearer("at")).await;
    let error = bed.app().revoke_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(bed.provider.received_requests().is_empty());
    assert!(store.load(&owner).await.unwrap().is_some());
}

/// However far a refresh has come, its token does not outlive the revocation.
#[tokio::test]
async fn revocation_during_refresh_revokes_new_token() {
    for polls in 0..20 {
        let (bed, store) = bed_with_store();
        let (_, owner, old) = expired(&bed).await;
        let heard = listen(&bed.oauth);
        let app = bed.app();
        let mut dropped = Box::pin(app.active_token(&owner));
        for _ in 0..polls {
            if (&mut dropped).now_or_never().is_some() {
                break;
            }
        }
        drop(dropped);
        app.revoke_token(&owner).await.unwrap();
        assert!(store.load(&owner).await.unwrap().is_none(), "after {polls} polls");
        assert!(!is_active(&bed, &old.refresh_token.unwrap()).await, "after {polls} polls");
        let news = std::mem::take(&mut *heard.lock().unwrap());
        for new in news {
            let token = new.token.refresh_token.unwrap();
            assert!(!is_active(&bed, &token).await, "after {polls} polls");
        }
    }
}

/// A token that is not in the store any more is revoked: a dropped request can be repeated.
#[tokio::test]
async fn dropped_revocation_leaves_consistent_state() {
    for polls in 0..20 {
        let (bed, store) = bed_with_store();
        let login = bed.log_in(&Browser::default()).await.unwrap();
        let app = bed.app();
        let owner = login.owner();
        let mut dropped = Box::pin(app.revoke_token(&owner));
        for _ in 0..polls {
            if (&mut dropped).now_or_never().is_some() {
                break;
            }
        }
        drop(dropped);
        let stored = store.load(&login.owner()).await.unwrap().is_some();
        assert!(
            stored || !is_active(&bed, &login.token().unwrap().access_token).await,
            "{polls} polls"
        );
        if stored {
            app.revoke_token(&login.owner()).await.unwrap();
        }
        assert!(!is_active(&bed, &login.token().unwrap().access_token).await, "{polls} polls");
    }
}

#[tokio::test]
async fn introspection_returns_token_status_and_metadata() {
    let bed = TestBed::new();
    let token = bed.log_in(&Browser::default()).await.unwrap().user.into_token().unwrap();
    let app = bed.app();
    let hint = Some(TokenTypeHint::AccessToken);
    let said = app.introspect_token(&token.access_token, hint).await.unwrap();
    assert!(said.active());
    assert_eq!(
        (said.sub(), said.client_id(), said.iss()),
        (Some("alice"), Some("app"), Some(ISSUER))
    );
    assert_eq!(said.scope(), token.scope.as_deref());
    assert_eq!((said.token_type(), said.aud()), (Some("Bearer"), vec!["app"]));
    let exp = unix_seconds(token.expires_at.unwrap());
    assert_eq!(said.exp(), token.expires_at);
    assert_eq!(said.iat(), Some(from_unix_seconds(exp - 3600)));
    assert_eq!(only(&bed, Endpoint::Introspect).field("token_type_hint"), Some("access_token"));
    bed.clock.advance(Duration::from_secs(3600));
    assert!(!is_active(&bed, &token.access_token).await);

    for (reply, kind) in [
        (Reply::Reset, ErrorKind::Transport),
        (Reply::html(200), ErrorKind::InvalidResponse),
        (Reply::json(200, r#"{"active":"true"}"#), ErrorKind::InvalidResponse),
        (Reply::json(401, r#"{"error":"invalid_client"}"#), ErrorKind::InvalidResponse),
    ] {
        bed.provider.inject(Fault::Response(Endpoint::Introspect, reply.clone()));
        let error = app.introspect_token(&token.access_token, None).await.unwrap_err();
        assert_eq!((error.kind(), error.client()), (kind, Some("op")), "{reply:?}");
        bed.provider.clear_faults();
    }
    let bed = TestBed::new();
    bed.provider.inject(Fault::metadata("introspection_endpoint", Value::Null));
    let error = bed.app().introspect_token(&token.access_token, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`introspection_endpoint`"), "{error}");
}

/// The client authenticates as at the token endpoint, unless the metadata lists other methods;
/// settings override both, and no method is probed.
#[tokio::test]
async fn client_authentication_follows_token_endpoint_or_metadata() {
    const AT_TOKEN: &str = "token_endpoint_auth_methods_supported";
    const HERE: &str = "introspection_endpoint_auth_methods_supported";
    let post = || json!(["client_secret_post"]);
    for (token, own, configured, expected) in [
        (Value::Null, Value::Null, None, Some("Basic")),
        (post(), Value::Null, None, Some("form")),
        (post(), json!(["client_secret_basic", "client_secret_post"]), None, Some("form")),
        (Value::Null, post(), None, Some("form")),
        (Value::Null, post(), Some(AuthMethod::ClientSecretBasic), Some("Basic")),
        (Value::Null, json!(["private_key_jwt", "bearer"]), None, None),
    ] {
        let bed = TestBed::with(
            |p| p,
            |client| match configured {
                Some(method) => client.token_endpoint_auth_method(method),
                None => client,
            },
            |oauth| oauth,
        );
        bed.provider.inject(Fault::metadata(AT_TOKEN, token.clone()));
        bed.provider.inject(Fault::metadata(HERE, own.clone()));
        let response = bed.app().introspect_token(&Secret::new("at"), None).await;
        let case = format!("{token} {own} {configured:?}");
        let Some(expected) = expected else {
            let error = response.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{case}");
            assert!(error.to_string().contains(HERE), "{case}: {error}");
            assert_eq!(bed.provider.count(Endpoint::Introspect), 0, "{case}");
            continue;
        };
        assert!(!response.unwrap().active(), "{case}");
        let seen = only(&bed, Endpoint::Introspect);
        let in_form = seen.names.iter().any(|name| name == "client_secret");
        assert_eq!(in_form, expected == "form", "{case}");
        assert_eq!(seen.authorization.is_some(), expected == "Basic", "{case}");
    }
}

#[tokio::test]
async fn configured_revocation_endpoints_override_metadata() {
    let bed = TestBed::with(
        |provider| provider.client(TestClient::public("public").redirect_uri(CALLBACK)),
        |client| {
            client
                .client_secret("")
                .client_id("public")
                .revocation_endpoint(format!("{ISSUER}/api/revoke"))
        },
        |oauth| oauth,
    );
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    bed.provider.clear_requests();
    // The provider has no such endpoint and rejects the request, which was sent as configured.
    assert!(bed.app().revoke_token(&owner).await.is_err());
    let seen = only(&bed, Endpoint::Api);
    assert_eq!(seen.path, "/api/revoke");
    assert_eq!(seen.names, ["token", "token_type_hint", "client_id"]);

    let wrong = ClientConfig::new("x").client_id("x").issuer(ISSUER);
    let wrong = wrong.revocation_endpoint("http://a.example").introspection_endpoint("x");
    let error = authlib_core::OAuth::builder().register(wrong).build().unwrap_err().to_string();
    for key in [
        "`revocation_endpoint` is \"http://a.example\": it must",
        "`introspection_endpoint` is \"x\": it must",
    ] {
        assert!(error.contains(key), "{error}");
    }
}

#[tokio::test]
async fn logout_revokes_if_configured_and_ignores_failure() {
    let fails = |reply| Some(Fault::Response(Endpoint::Revoke, reply));
    let gone = Some(Fault::metadata("revocation_endpoint", Value::Null));
    for (revokes, fault, asked) in [
        (false, None, 0),
        (true, None, 1),
        (true, fails(Reply::Reset), 1),
        (true, fails(Reply::html(503)), 1),
        (true, gone, 0),
    ] {
        let (bed, store) = bed_with_store();
        // The metadata document is fetched at the login.
        bed.provider.inject(fault.clone().unwrap_or(Fault::JwksExotic));
        let browser = Browser::default();
        let login = bed.log_in(&browser).await.unwrap();
        let mut options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
        if revokes {
            options = options.revoke_tokens();
        }
        let response = bed.log_out(&browser, &[], options).await.unwrap();
        let away = location(&response);
        assert!(away.starts_with("https://op.example/end_session?"), "{fault:?}: {away}");
        assert!(away.contains("id_token_hint"), "{fault:?}");
        assert!(browser.load().await.unwrap().unwrap().logins().is_empty(), "{fault:?}");
        assert!(store.load(&login.owner()).await.unwrap().is_none(), "{fault:?}");
        assert_eq!(bed.provider.count(Endpoint::Revoke), asked, "{fault:?}");
        let active = is_active(&bed, &login.token().unwrap().access_token).await;
        assert_eq!(active, !(revokes && fault.is_none()), "{fault:?}");
    }
}

/// A refresh during a revocation would return a token that is never revoked.
#[tokio::test]
async fn refresh_does_not_start_during_revocation() {
    let bed = TestBed::new();
    let (_, owner, old) = expired(&bed).await;
    let app = bed.app();
    let mut revoked = Box::pin(app.revoke_token(&owner));
    while bed.provider.count(Endpoint::Revoke) == 0 {
        assert!((&mut revoked).now_or_never().is_none(), "the response is still on its way");
    }
    let error = app.active_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("being revoked"), "{error}");
    revoked.await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
    assert!(!is_active(&bed, old.refresh_token.as_ref().unwrap()).await);
    // A later login of the same owner refreshes as before.
    assert_eq!(app.active_token(&owner).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}
